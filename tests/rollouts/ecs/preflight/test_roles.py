"""Roles: there, trusted, and to be passed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.rollouts.ecs.environment import ACCOUNT, Standing, refused

from shipway.rollouts.ecs.preflight.checklist import run_preflight
from shipway.rollouts.ecs.preflight.permissions import is_trusted
from shipway.rollouts.ecs.preflight.subject import ProblemKind


def with_task_role(standing: Standing, name: str) -> None:
    ecs = replace(standing.settings.ecs, task_role=name)
    standing.settings = replace(standing.settings, ecs=ecs)


def test_a_role_that_does_not_exist_is_to_be_made(standing: Standing) -> None:
    with_task_role(standing, "nobody")
    (found,) = run_preflight(standing.subject())
    assert found.description == "roles: taskRoleArn: there is no role nobody"


def test_a_role_for_another_service_is_refused(standing: Standing) -> None:
    standing.role("lambda", "lambda.amazonaws.com")
    with_task_role(standing, "lambda")
    (found,) = run_preflight(standing.subject())
    assert "does not trust ecs-tasks.amazonaws.com" in found.message


def test_the_role_that_moves_traffic_has_to_trust_ecs(standing: Standing) -> None:
    extra = standing.ecs.services[0]["loadBalancers"][0]["advancedConfiguration"]
    extra["roleArn"] = ACCOUNT.role("web-production-task")
    standing.role("own", "ecs-tasks.amazonaws.com")
    with_task_role(standing, "own")
    (found,) = run_preflight(standing.subject())
    assert "does not trust ecs.amazonaws.com" in found.message


def test_who_may_not_pass_a_role_is_told_so(standing: Standing) -> None:
    standing.iam.decision = "implicitDeny"
    found = run_preflight(standing.subject())
    assert len(found) == 3
    assert all("may not pass the role" in one.message for one in found)
    assert "iam:PassRole" in found[0].remedy


def test_the_simulator_is_asked_for_each_role_with_its_service(standing: Standing) -> None:
    assert run_preflight(standing.subject()) == ()
    asked = {
        one["ResourceArns"][0].rpartition("/")[2]: one["ContextEntries"][0]["ContextKeyValues"][0]
        for one in standing.iam.asked
    }
    assert asked == {
        "web-production-execution": "ecs-tasks.amazonaws.com",
        "web-production-task": "ecs-tasks.amazonaws.com",
        "web-production-traffic": "ecs.amazonaws.com",
    }


def test_without_the_simulator_passing_is_not_known(standing: Standing) -> None:
    standing.iam.error = refused("AccessDenied", "SimulatePrincipalPolicy")
    (found,) = run_preflight(standing.subject())
    assert found.kind is ProblemKind.NOT_CHECKED
    assert "iam:PassRole" in found.message


def test_a_session_is_simulated_as_its_role(standing: Standing) -> None:
    standing.role("web-production-deploy", "ec2.amazonaws.com")
    session = f"arn:aws:sts::{ACCOUNT.number}:assumed-role/web-production-deploy/run-1"
    subject = standing.subject()
    account = replace(subject.account, caller=session)
    assert run_preflight(replace(subject, account=account)) == ()
    assert standing.iam.asked[0]["PolicySourceArn"] == ACCOUNT.role("web-production-deploy")


def test_the_root_user_needs_no_simulation(standing: Standing) -> None:
    subject = standing.subject()
    account = replace(subject.account, caller=f"arn:aws:iam::{ACCOUNT.number}:root")
    assert run_preflight(replace(subject, account=account)) == ()
    assert standing.iam.asked == []


@pytest.mark.parametrize(
    ("statement", "trusted"),
    [
        ({"Effect": "Allow", "Principal": {"Service": ["a", "ecs"]}, "Action": "sts:*"}, True),
        ({"Effect": "Deny", "Principal": {"Service": "ecs"}, "Action": "sts:AssumeRole"}, False),
        ({"Effect": "Allow", "Principal": "*", "Action": ["sts:AssumeRole"]}, True),
        ({"Effect": "Allow", "Principal": {"AWS": "ecs"}, "Action": "sts:AssumeRole"}, False),
        ({"Effect": "Allow", "Principal": {"Service": "ecs"}, "Action": "sts:TagSession"}, False),
    ],
)
def test_a_trust_policy_is_read(statement: dict[str, object], trusted: bool) -> None:
    assert is_trusted({"Statement": statement}, "ecs") is trusted
    assert is_trusted({"Statement": [statement]}, "ecs") is trusted
