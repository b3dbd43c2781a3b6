"""The application's user and database."""

from __future__ import annotations

from typing import Any

import pytest
from tests.infrastructure.scripted import Answers

from shipway.aws.names import AwsResourceNames
from shipway.config.aws import Ecs
from shipway.errors import StackFailed
from shipway.infrastructure.database import prepare_database

NAMES = AwsResourceNames("web", "staging")
NETWORK = {"awsvpcConfiguration": {"subnets": ["a"], "assignPublicIp": "ENABLED"}}
DONE = {"Key": "shipway-prepared", "Value": "task:1 web-staging"}


class Scene(Answers):
    def known(self, *tags: dict[str, str]) -> None:
        self.resources("DatabaseTask", "DatabasePassword", "Database")
        self.stub("secretsmanager").add_response(
            "describe_secret", {"Tags": list(tags)}, {"SecretId": "password"}
        )

    def starts(self, *tasks: dict[str, Any], failures: Any = ()) -> None:
        self.stub("ecs").add_response(
            "describe_services", {"services": [{"networkConfiguration": NETWORK}]}
        )
        self.stub("ecs").add_response(
            "run_task",
            {"tasks": list(tasks), "failures": list(failures)},
            {
                "cluster": "web-staging",
                "taskDefinition": "task:1",
                "count": 1,
                "launchType": "FARGATE",
                "networkConfiguration": NETWORK,
                "startedBy": "shipway",
            },
        )

    def seen(self, **task: Any) -> None:
        self.stub("ecs").add_response("describe_tasks", {"tasks": [{"taskArn": "t", **task}]})

    def prepare(self) -> list[str]:
        said: list[str] = []
        prepare_database(self, self.stack, NAMES, Ecs(), self.clock, said.append)
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()
        return said


def test_it_is_made_by_the_stacks_task_in_the_services_network() -> None:
    aws = Scene()
    aws.known()
    aws.starts({"taskArn": "t", "lastStatus": "PROVISIONING"})
    aws.seen(lastStatus="RUNNING")
    aws.seen(lastStatus="STOPPED", containers=[{"exitCode": 0}])
    aws.stub("secretsmanager").add_response(
        "tag_resource", {}, {"SecretId": "password", "Tags": [DONE]}
    )
    assert aws.prepare() == ["making the database and the user of staging"]


def test_what_has_been_prepared_is_not_prepared_again() -> None:
    aws = Scene()
    aws.known(DONE)
    assert aws.prepare() == []


def test_a_stack_without_such_a_task_needs_nothing() -> None:
    aws = Scene()
    aws.resources("DatabaseTask", known=False)
    assert aws.prepare() == []


def test_one_that_fails_is_told_and_repeated_next_time() -> None:
    aws = Scene()
    aws.known()
    aws.starts({"taskArn": "t", "lastStatus": "PENDING"})
    aws.seen(
        lastStatus="STOPPED",
        stoppedReason="Essential container in task exited",
        containers=[{"exitCode": 2}],
    )
    with pytest.raises(StackFailed, match=r"Essential container.*exit code 2") as caught:
        aws.prepare()
    assert "/web/staging/web" in caught.value.remedy


def test_one_that_cannot_be_started_says_why() -> None:
    aws = Scene()
    aws.known()
    aws.starts(failures=[{"reason": "RESOURCE:ENI"}])
    with pytest.raises(StackFailed, match="RESOURCE:ENI"):
        aws.prepare()


def test_one_that_never_ends_is_no_success() -> None:
    aws = Scene()
    aws.known()
    aws.starts({"taskArn": "t", "lastStatus": "PENDING"})
    for _ in range(180):
        aws.seen(lastStatus="PENDING")
    with pytest.raises(StackFailed, match="did not end in time"):
        aws.prepare()
