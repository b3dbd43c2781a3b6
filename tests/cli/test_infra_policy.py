"""`shipway infra policy`, with nothing of AWS in reach."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.in_process import only, project, shipway

WEB = (
    '[application]\nname = "web"\n'
    '[aws]\nregion = "eu-west-1"\naccount = "123456789012"\n'
    '[github]\nrepository = "openup/web"\nowner_id = "1"\nrepository_id = "2"\n'
    '[environments.local]\n[environments.production]\nplatform = "ecs"\nstrategy = "canary"\n'
    + only()
)


@pytest.fixture
def web(tmp_path: Path) -> Path:
    return project(tmp_path / "web", WEB)


def test_the_policy_is_printed_as_iam_takes_it(web: Path) -> None:
    done = shipway(web, "infra", "policy", "production")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    actions = [action for one in found["Statement"] for action in one["Action"]]
    assert "ecs:RunTask" in actions and "iam:PassRole" in actions
    assert "arn:aws:iam::123456789012:role/web-production-traffic" in done.stdout


def test_the_trust_policy_names_repository_and_environment(web: Path) -> None:
    done = shipway(web, "infra", "policy", "production", "--trust")
    assert "repo:openup@1/web@2:environment:production" in done.stdout


def test_a_local_environment_needs_no_policy(web: Path) -> None:
    done = shipway(web, "infra", "policy", "local")
    assert done.returncode == 2
    assert "needs no permission of AWS" in done.stderr


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_arns_follow_the_region(region: str, partition: str, web: Path) -> None:
    text = WEB.replace("eu-west-1", region)
    (web / "shipway.toml").write_text(text)
    done = shipway(web, "infra", "policy", "production")
    assert f"arn:{partition}:iam::123456789012:role/web-production-task" in done.stdout
