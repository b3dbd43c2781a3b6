"""What runs in a stack, with AWS's answers as botocore's own models have them."""

from __future__ import annotations

import pytest
from tests.infrastructure.scripted import NAMES, RUNNING, Answers

from shipway.aws.errors import AwsApiError
from shipway.errors import Busy, StackFailed
from shipway.infrastructure.database import last_snapshot, unprotect
from shipway.infrastructure.parameters import RunningService


def test_before_there_is_a_cluster_nothing_runs() -> None:
    aws = Answers()
    aws.stub("ecs").add_client_error("describe_services", "ClusterNotFoundException")
    assert aws.live() == RunningService()


def test_before_there_is_a_service_nothing_runs() -> None:
    aws = Answers()
    aws.stub("ecs").add_response("describe_services", {"services": [{"status": "INACTIVE"}]})
    assert aws.live() == RunningService()


def test_what_may_not_be_seen_is_not_nothing() -> None:
    aws = Answers()
    aws.stub("ecs").add_client_error("describe_services", "AccessDeniedException")
    with pytest.raises(AwsApiError):
        aws.live()


@pytest.mark.parametrize(
    ("weights", "at_rest"),
    [
        (((100, 0), (100, 0)), True),
        (((1, 0), (1, 0)), True),
        (((0, 100), (0, 100)), False),
        (((90, 10), (100, 0)), False),
        (((100, 0), (0, 100)), False),
        (((0, 0), (0, 0)), False),
    ],
)
def test_rules_are_at_rest_where_everything_goes_to_blue(
    weights: tuple[tuple[int, int], ...], at_rest: bool
) -> None:
    aws = Answers()
    aws.service(RUNNING)
    aws.resources("FirstTask", "ProductionRule", "TestRule")
    aws.image()
    aws.weights(*weights)
    aws.resources("Blue")
    assert aws.live() == RunningService(RUNNING, "web@sha256:1", at_rest)


def test_the_first_task_definition_is_no_release() -> None:
    aws = Answers()
    aws.service("first", "IN_PROGRESS")  # ECS says so until it has looked at the service once
    aws.resources("FirstTask")
    aws.resources("ProductionRule", "TestRule", known=False)
    assert aws.live() == RunningService()


def test_a_rollout_that_goes_on_is_not_disturbed() -> None:
    aws = Answers()
    aws.service(RUNNING, "IN_PROGRESS")
    aws.resources("FirstTask")
    with pytest.raises(Busy, match="a rollout in staging is not finished"):
        aws.live()


def snapshot(aws: Answers, *statuses: str) -> list[str]:
    said: list[str] = []
    aws.resources("Database")
    aws.stub("rds").add_response("create_db_snapshot", {})
    for status in statuses:
        aws.stub("rds").add_response("describe_db_snapshots", {"DBSnapshots": [{"Status": status}]})
    last_snapshot(aws, aws.stack, NAMES, aws.clock, said.append)
    return said


def test_a_last_snapshot_is_waited_for() -> None:
    aws = Answers()
    (said,) = snapshot(aws, "creating", "creating", "available")
    assert said == "snapshot of database web-staging: web-staging-last-20231114-221320"


def test_without_a_last_snapshot_nothing_is_deleted() -> None:
    with pytest.raises(StackFailed, match="is failed") as caught:
        snapshot(Answers(), "creating", "failed")
    assert "Nothing was deleted" in caught.value.remedy


def test_where_there_is_no_database_there_is_no_snapshot_and_nothing_to_unprotect() -> None:
    aws = Answers()
    aws.resources("Database", known=False)
    assert last_snapshot(aws, aws.stack, NAMES, aws.clock, lambda line: None) == ""
    aws.resources("Database", "Balancer", known=False)
    unprotect(aws, aws.stack)


def test_protection_is_taken_off_what_refuses_to_be_deleted() -> None:
    aws = Answers()
    aws.resources("Database", "Balancer")
    aws.stub("rds").add_response(
        "modify_db_instance",
        {},
        {
            "DBInstanceIdentifier": "web-staging",
            "DeletionProtection": False,
            "ApplyImmediately": True,
        },
    )
    aws.stub("elbv2").add_response(
        "modify_load_balancer_attributes",
        {},
        {
            "LoadBalancerArn": "balancer",
            "Attributes": [{"Key": "deletion_protection.enabled", "Value": "false"}],
        },
    )
    unprotect(aws, aws.stack)
    for stub in aws.stubs.values():
        stub.assert_no_pending_responses()
