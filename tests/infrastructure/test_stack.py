"""A stack, with CloudFormation's answers as botocore's own model has them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from tests.fakes.clock import VirtualClock
from tests.infrastructure.change_set_rows import detail, row

from shipway.aws.errors import AwsApiError
from shipway.errors import StackFailed, StillGoing
from shipway.infrastructure.change import ChangeKind
from shipway.infrastructure.stack import (
    Stack,
    raise_if_failed,
    raise_if_unsettled,
    wait_until_settled,
)

NOW = datetime(2026, 11, 25, tzinfo=UTC)
STACK = "AWS::CloudFormation::Stack"


class Only:
    """Clients with one client, whose answers are written down beforehand."""

    region = "eu-west-1"

    def __init__(self) -> None:
        self.made = boto3.client(
            "cloudformation",
            region_name=self.region,
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )

    def client(self, service: str) -> Any:
        assert service == "cloudformation"
        return self.made


class Scene:
    """A stack and what CloudFormation will answer, in order."""

    def __init__(self) -> None:
        clients = Only()
        self.stub = Stubber(clients.made)
        self.stack = Stack(clients, "web", VirtualClock())
        self.said: list[str] = []

    def answers(self, operation: str, answer: dict[str, Any], **asked: Any) -> None:
        self.stub.add_response(operation, answer, asked or None)

    def status(self, status: str, times: int = 1, **more: Any) -> None:
        for _ in range(times):
            if not status:
                self.stub.add_client_error("describe_stacks", "ValidationError", "no such stack")
            else:
                one = {
                    "StackName": "web",
                    "StackId": "arn:stack/web/1",
                    "CreationTime": NOW,
                    "StackStatus": status,
                    **more,
                }
                self.answers("describe_stacks", {"Stacks": [one]})

    def events(self, *rows: tuple[str, str, str] | tuple[str, str, str, str]) -> None:
        """Newest first: (key, name, status[, reason])."""
        self.answers(
            "describe_stack_events",
            {
                "StackEvents": [
                    {
                        "StackId": "arn:stack/web/1",
                        "StackName": "web",
                        "EventId": key,
                        "LogicalResourceId": name,
                        "Timestamp": NOW,
                        "ResourceStatus": status,
                        "ResourceType": STACK if name == "web" else "AWS::RDS::DBInstance",
                        "ResourceStatusReason": "".join(reason),
                    }
                    for key, name, status, *reason in rows
                ]
            },
        )


@pytest.fixture
def scene() -> Iterator[Scene]:
    found = Scene()
    with found.stub:
        yield found
    found.stub.assert_no_pending_responses()


def test_a_stack_that_is_not_there_has_no_status(scene: Scene) -> None:
    scene.status("")
    assert scene.stack.status() == ""


def test_a_refusal_is_told_in_words(scene: Scene) -> None:
    scene.stub.add_client_error("describe_stacks", "AccessDenied", "no")
    with pytest.raises(AwsApiError, match="may not DescribeStacks"):
        scene.stack.status()
    scene.stub.add_client_error("describe_stack_resource", "AccessDenied", "no")
    with pytest.raises(AwsApiError):
        scene.stack.physical("Database")


def test_a_change_set_is_read_page_by_page_with_its_values(scene: Scene) -> None:
    scene.status("CREATE_COMPLETE")
    scene.answers(
        "create_change_set",
        {"Id": "arn"},
        StackName="web",
        ChangeSetName=ANY,
        TemplateBody="{}",
        ChangeSetType="UPDATE",
        Capabilities=["CAPABILITY_NAMED_IAM"],
        ImportExistingResources=False,
        Parameters=[{"ParameterKey": "A", "ParameterValue": "b"}],
        Tags=[{"Key": "owner", "Value": "civic"}],
    )
    scene.answers("describe_change_set", {"Status": "CREATE_PENDING"})
    changed = row(
        "Modify",
        "Database",
        "RDS::DBInstance",
        Replacement="True",
        Details=[detail("DBInstanceClass", "a", "b", "Always")],
    )
    first = {"Status": "CREATE_COMPLETE", "Changes": [changed], "NextToken": "more"}
    scene.answers(
        "describe_change_set", first, StackName="web", ChangeSetName=ANY, IncludePropertyValues=True
    )
    scene.answers(
        "describe_change_set",
        {"Status": "CREATE_COMPLETE", "Changes": [row("Add", "Vpc", "EC2::VPC")]},
        StackName="web",
        ChangeSetName=ANY,
        IncludePropertyValues=True,
        NextToken="more",
    )
    found = scene.stack.prepare("{}", {"A": "b"}, {"owner": "civic"})
    assert found and not found.creates
    assert [one.kind for one in found.changes] == [ChangeKind.REPLACED, ChangeKind.CREATED]


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information.",
        "No updates are to be performed.",
    ],
)
def test_nothing_to_do_leaves_no_change_set_behind(scene: Scene, reason: str) -> None:
    scene.status("UPDATE_COMPLETE")
    scene.answers("create_change_set", {"Id": "arn"})
    scene.answers("describe_change_set", {"Status": "FAILED", "StatusReason": reason})
    scene.answers("delete_change_set", {})
    assert scene.stack.prepare("{}", {}, {}) is None


def test_a_change_that_cannot_be_worked_out_is_told_with_its_reason(scene: Scene) -> None:
    scene.status("UPDATE_COMPLETE")
    scene.answers("create_change_set", {"Id": "arn"})
    scene.answers("describe_change_set", {"Status": "FAILED", "StatusReason": "Export x is used"})
    scene.answers("delete_change_set", {})
    with pytest.raises(StackFailed, match="Export x is used"):
        scene.stack.prepare("{}", {}, {})


def test_a_plan_of_a_new_stack_takes_the_empty_stack_away_again(scene: Scene) -> None:
    scene.status("")
    scene.answers("create_change_set", {"Id": "arn"})
    scene.answers("describe_change_set", {"Status": "CREATE_COMPLETE", "Changes": []})
    found = scene.stack.prepare("{}", {}, {})
    assert found and found.creates
    scene.answers("delete_change_set", {})
    scene.status("REVIEW_IN_PROGRESS")
    scene.answers("delete_stack", {}, StackName="web")
    scene.stack.discard(found)


def test_a_template_that_is_too_long_is_told_before_anything_is_asked(scene: Scene) -> None:
    with pytest.raises(StackFailed, match="51200"):
        scene.stack.prepare("x" * 51_201, {}, {})


def prepared(scene: Scene) -> Any:
    scene.status("CREATE_COMPLETE")
    scene.answers("create_change_set", {"Id": "arn"})
    scene.answers("describe_change_set", {"Status": "CREATE_COMPLETE", "Changes": []})
    return scene.stack.prepare("{}", {}, {})


OLD = ("1", "web", "CREATE_COMPLETE")
BEGUN = ("2", "web", "UPDATE_IN_PROGRESS", "User Initiated")


def test_progress_is_told_once_a_resource_and_without_what_was_before(scene: Scene) -> None:
    change_set = prepared(scene)
    scene.events(OLD)
    scene.answers("execute_change_set", {})
    scene.status("UPDATE_IN_PROGRESS", 2)
    scene.events(("3", "Database", "UPDATE_IN_PROGRESS"), BEGUN, OLD)
    scene.status("UPDATE_COMPLETE")
    done = ("4", "Database", "UPDATE_COMPLETE")
    scene.events(
        ("5", "web", "UPDATE_COMPLETE"), done, ("3", "Database", "UPDATE_IN_PROGRESS"), BEGUN, OLD
    )
    assert scene.stack.execute(change_set, scene.said.append) == "UPDATE_COMPLETE"
    assert scene.said == [
        "changed              database Database",
        "stack web: update complete",
    ]
    raise_if_failed(scene.stack, "UPDATE_COMPLETE")


def test_a_failure_gives_its_reason_first(scene: Scene) -> None:
    change_set = prepared(scene)
    scene.events(OLD)
    scene.answers("execute_change_set", {})
    scene.status("UPDATE_ROLLBACK_COMPLETE", 2)
    scene.events(
        ("5", "web", "UPDATE_ROLLBACK_COMPLETE"),
        ("4", "web", "UPDATE_ROLLBACK_IN_PROGRESS"),
        ("3", "Database", "UPDATE_FAILED", "no such class"),
        BEGUN,
        OLD,
    )
    status = scene.stack.execute(change_set, scene.said.append)
    with pytest.raises(StackFailed) as caught:
        raise_if_failed(scene.stack, status)
    assert caught.value.message.startswith("database Database: no such class (web: update rollb")
    assert "as before" in caught.value.remedy
    assert caught.value.exit_code == 1


def test_what_goes_on_is_taken_up_where_it_began(scene: Scene) -> None:
    scene.status("UPDATE_IN_PROGRESS")
    scene.events(("3", "Database", "UPDATE_COMPLETE"), BEGUN, OLD)
    scene.status("UPDATE_IN_PROGRESS")
    scene.status("UPDATE_COMPLETE")
    scene.events(("4", "web", "UPDATE_COMPLETE"), ("3", "Database", "UPDATE_COMPLETE"), BEGUN, OLD)
    wait_until_settled(scene.stack, scene.said.append)
    assert scene.said == [
        "stack web: update in progress; following it",
        "changed              database Database",
        "stack web: update complete",
    ]


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
def test_what_a_failed_creation_left_is_cleared_away(scene: Scene, status: str) -> None:
    scene.status(status, 2)
    scene.events(OLD)
    scene.answers("delete_stack", {}, StackName="web")
    scene.status("DELETE_COMPLETE")
    scene.events(("2", "web", "DELETE_COMPLETE"), OLD)
    wait_until_settled(scene.stack, scene.said.append)
    assert "a creation that failed" in scene.said[0]


def test_a_rollback_that_failed_is_tried_again_once(scene: Scene) -> None:
    scene.status("UPDATE_ROLLBACK_FAILED")
    scene.events(OLD)
    scene.answers("continue_update_rollback", {}, StackName="web")
    scene.status("UPDATE_ROLLBACK_FAILED", 2)
    scene.events(("2", "Database", "UPDATE_FAILED", "still"), OLD)
    with pytest.raises(StackFailed, match="database Database: still") as caught:
        wait_until_settled(scene.stack, scene.said.append)
    assert "by hand" in caught.value.remedy


@pytest.mark.parametrize("status", ["", "REVIEW_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"])
def test_what_is_settled_is_left_alone(scene: Scene, status: str) -> None:
    scene.status(status, 2)
    wait_until_settled(scene.stack, scene.said.append)
    raise_if_unsettled(scene.stack)
    assert scene.said == []


@pytest.mark.parametrize(
    ("status", "words"),
    [("UPDATE_IN_PROGRESS", "just now"), ("ROLLBACK_COMPLETE", "has to go first")],
)
def test_a_plan_waits_for_what_has_to_be_settled(scene: Scene, status: str, words: str) -> None:
    scene.status(status)
    with pytest.raises(StackFailed, match=words) as caught:
        raise_if_unsettled(scene.stack)
    assert "shipway infra apply" in caught.value.remedy


def test_what_never_ends_is_unknown_and_not_failed() -> None:
    """The clock is virtual: two hours pass in no time."""
    clients = Only()
    stub = Stubber(clients.made)
    slow = Stack(clients, "web", VirtualClock(), every=4000.0)
    described = {
        "StackName": "web",
        "StackId": "arn:stack/web/1",
        "CreationTime": NOW,
        "StackStatus": "UPDATE_IN_PROGRESS",
    }
    stub.add_response("describe_stack_events", {"StackEvents": []})
    stub.add_response("describe_stacks", {"Stacks": [described]})
    for _ in range(2):
        stub.add_response("describe_stacks", {"Stacks": [described]})
        stub.add_response("describe_stack_events", {"StackEvents": []})
    with stub, pytest.raises(StillGoing) as caught:
        slow.follow(lambda line: None)
    assert caught.value.exit_code == 4


def test_drift_is_asked_for_waited_for_and_read_page_by_page(scene: Scene) -> None:
    scene.answers("detect_stack_drift", {"StackDriftDetectionId": "d"}, StackName="web")
    status = {"StackId": "arn:stack/web/1", "StackDriftDetectionId": "d", "Timestamp": NOW}
    for one in ("DETECTION_IN_PROGRESS", "DETECTION_COMPLETE"):
        scene.answers(
            "describe_stack_drift_detection_status",
            {**status, "DetectionStatus": one},
            StackDriftDetectionId="d",
        )
    drifted = {
        "StackId": "arn:stack/web/1",
        "LogicalResourceId": "Database",
        "Timestamp": NOW,
        "ResourceType": "AWS::RDS::DBInstance",
        "StackResourceDriftStatus": "MODIFIED",
        "PropertyDifferences": [
            {
                "PropertyPath": "/DeletionProtection",
                "ExpectedValue": "true",
                "ActualValue": "false",
                "DifferenceType": "NOT_EQUAL",
            }
        ],
    }
    gone = {
        **drifted,
        "LogicalResourceId": "Logs",
        "StackResourceDriftStatus": "DELETED",
        "ResourceType": "AWS::Logs::LogGroup",
        "PropertyDifferences": [],
    }
    filters = ["MODIFIED", "DELETED"]
    scene.answers(
        "describe_stack_resource_drifts",
        {"StackResourceDrifts": [drifted], "NextToken": "more"},
        StackName="web",
        StackResourceDriftStatusFilters=filters,
    )
    scene.answers(
        "describe_stack_resource_drifts",
        {"StackResourceDrifts": [gone]},
        StackName="web",
        StackResourceDriftStatusFilters=filters,
        NextToken="more",
    )
    found = scene.stack.drifts()
    assert [(one.name, one.deleted) for one in found] == [("Database", False), ("Logs", True)]


def test_drift_that_cannot_be_found_out_is_not_no_drift(scene: Scene) -> None:
    scene.answers("detect_stack_drift", {"StackDriftDetectionId": "d"})
    scene.answers(
        "describe_stack_drift_detection_status",
        {
            "StackId": "a",
            "StackDriftDetectionId": "d",
            "Timestamp": NOW,
            "DetectionStatus": "DETECTION_FAILED",
            "DetectionStatusReason": "no permission",
        },
    )
    with pytest.raises(StackFailed, match="no permission"):
        scene.stack.drifts()


def test_outputs_and_parameters_are_read(scene: Scene) -> None:
    scene.status("CREATE_COMPLETE", Outputs=[{"OutputKey": "Address", "OutputValue": "a.b"}])
    assert scene.stack.outputs() == {"Address": "a.b"}
    scene.stub.add_client_error("describe_stack_resource", "ValidationError", "none")
    assert scene.stack.physical("Database") == ""
