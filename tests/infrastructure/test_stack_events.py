"""A stack's events in words."""

from __future__ import annotations

import pytest

from shipway.infrastructure.stack_status import (
    StackEvent,
    failure_cause,
    is_final,
    is_successful,
    progress_line,
    read_event,
)

STACK = "AWS::CloudFormation::Stack"


def event(
    name: str, status: str, reason: str = "", kind: str = "AWS::RDS::DBInstance"
) -> StackEvent:
    return read_event(
        {
            "EventId": f"{name}-{status}",
            "LogicalResourceId": name,
            "ResourceType": kind,
            "ResourceStatus": status,
            "ResourceStatusReason": reason,
        }
    )


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (event("Database", "CREATE_COMPLETE"), "created              database Database"),
        (event("Database", "UPDATE_COMPLETE"), "changed              database Database"),
        (event("Database", "DELETE_SKIPPED"), "kept                 database Database"),
        (
            event("Database", "CREATE_FAILED", "no\n room"),
            "create failed        database Database: no room",
        ),
        (
            event("web", "UPDATE_ROLLBACK_IN_PROGRESS", "x", STACK),
            "stack web: update rollback in progress",
        ),
    ],
)
def test_an_event_is_a_line(given: StackEvent, line: str) -> None:
    assert progress_line(given) == line


def test_the_cause_is_the_first_that_failed_by_itself() -> None:
    events = [
        event("web", "CREATE_IN_PROGRESS", "User Initiated", STACK),
        event("Cluster", "CREATE_FAILED", "Resource creation cancelled", "AWS::ECS::Cluster"),
        event("Database", "CREATE_FAILED", "DB instance class is not supported"),
        event("Vpc", "CREATE_FAILED", "Resource creation cancelled", "AWS::EC2::VPC"),
        event("web", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed", STACK),
        event("Redis", "DELETE_FAILED", "in use"),
    ]
    assert failure_cause(events) == "database Database: DB instance class is not supported"
    assert failure_cause(events[:2]) == ""
    assert failure_cause([event("Database", "UPDATE_FAILED")]) == "database Database: update failed"


@pytest.mark.parametrize(
    ("status", "is_over", "is_well"),
    [
        ("CREATE_IN_PROGRESS", False, False),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", False, False),
        ("UPDATE_ROLLBACK_IN_PROGRESS", False, False),
        ("REVIEW_IN_PROGRESS", True, False),
        ("ROLLBACK_COMPLETE", True, False),
        ("UPDATE_ROLLBACK_COMPLETE", True, False),
        ("DELETE_FAILED", True, False),
        ("CREATE_COMPLETE", True, True),
        ("UPDATE_COMPLETE", True, True),
        ("DELETE_COMPLETE", True, True),
    ],
)
def test_a_status_says_whether_it_is_over_and_well(
    status: str, is_over: bool, is_well: bool
) -> None:
    assert (is_final(status), is_successful(status)) == (is_over, is_well)
