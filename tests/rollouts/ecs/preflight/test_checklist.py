"""All checks together."""

from __future__ import annotations

from pathlib import Path

import pytest
from moto import mock_aws
from tests.rollouts.ecs.environment import Refusing, Standing, refused

from shipway.rollouts.ecs.preflight.checklist import run_preflight
from shipway.rollouts.ecs.preflight.subject import ProblemKind


@pytest.mark.parametrize("strategy", ["rolling", "blue-green", "linear", "canary"])
def test_where_everything_is_as_it_should_be_there_is_no_problem(
    strategy: str, tmp_path: Path
) -> None:
    with mock_aws():
        assert run_preflight(Standing(tmp_path, strategy=strategy).subject()) == ()


def test_credentials_that_may_nothing_pass_no_check(standing: Standing) -> None:
    subject = standing.subject()
    for name in ("ecr", "secretsmanager", "ssm", "iam", "ec2", "elbv2", "cloudwatch"):
        standing.clients.own[name] = Refusing(standing.clients.client(name))
    found = run_preflight(subject)
    assert {one.check for one in found} == {
        "images",
        "secrets",
        "roles",
        "network",
        "load balancer",
        "alarms",
        "keep-alive",
    }
    assert {one.kind for one in found} == {ProblemKind.NOT_CHECKED}
    assert all("may not" in one.message and "infra policy" in one.remedy for one in found)


def test_what_needs_the_service_is_left_out_where_the_service_cannot_be_seen(
    standing: Standing,
) -> None:
    standing.ecs.error = refused("AccessDeniedException", "DescribeServices")
    found = run_preflight(standing.subject())
    assert [(one.check, one.kind) for one in found] == [("service", ProblemKind.NOT_CHECKED)]
    assert "DescribeServices" in found[0].description


def test_every_problem_says_what_to_do(standing: Standing) -> None:
    subject = standing.subject()
    standing.ecs.services.clear()
    standing.clients.own["cloudwatch"] = Refusing(None)
    assert all(one.remedy for one in run_preflight(subject))


def test_throttling_is_no_denial_and_no_pass(standing: Standing) -> None:
    standing.ecs.error = refused("ThrottlingException", "DescribeServices")
    found = run_preflight(standing.subject())
    assert found[0].kind is ProblemKind.NOT_CHECKED
    assert "ThrottlingException" in found[0].message
