"""`shipway infra policy`, with nothing of AWS in reach."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.in_process import only, project, shipway
from tests.fakes.clock import VirtualClock
from tests.rollouts.ecs.environment import ACCOUNT
from tests.rollouts.ecs.fake_tasks import OneTask

from shipway.aws.names import AwsResourceNames
from shipway.cli.infra import with_next_definition
from shipway.cli.project import open_project
from shipway.infrastructure.iam_policy import PolicyScope

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


def test_what_could_not_be_looked_at_is_said_beside_the_policy(web: Path) -> None:
    done = shipway(web, "infra", "policy", "production")
    assert "what runs could not be looked at" in done.stderr
    assert "secret:web/production/*" in done.stdout


def scope(web: Path) -> PolicyScope:
    settings = open_project(str(web)).config.environments["production"]
    return PolicyScope(ACCOUNT, AwsResourceNames("web", "production"), settings, "bucket")


def test_roles_and_secrets_are_those_of_what_runs(web: Path) -> None:
    task = OneTask(VirtualClock())
    secret = ACCOUNT.arn("secretsmanager", "secret:team/KEY-AbCdEf")
    task.definition["containerDefinitions"][0]["secrets"] = [{"name": "K", "valueFrom": secret}]
    task.definition["executionRoleArn"] = ACCOUNT.role("team-starts")
    task.services[0]["loadBalancers"] = [
        {"advancedConfiguration": {"roleArn": ACCOUNT.role("team-shifts")}}
    ]
    seen = with_next_definition(scope(web), task, str(web))
    assert seen.secrets("secretsmanager") == (secret,)
    assert ACCOUNT.role("team-starts") in seen.roles()
    assert ACCOUNT.role("team-shifts") in seen.roles()


def test_a_template_counts_in_the_place_of_what_runs(web: Path) -> None:
    parameter = ACCOUNT.arn("ssm", "parameter/team/TOKEN")
    container = {"name": "web", "secrets": [{"name": "T", "valueFrom": parameter}]}
    (web / "task.json").write_text(json.dumps({"containerDefinitions": [container]}))
    text = WEB + '[environments.production.ecs]\ntemplate = "task.json"\n'
    (web / "shipway.toml").write_text(text)
    seen = with_next_definition(scope(web), OneTask(VirtualClock()), str(web))
    assert seen.secrets("ssm") == (parameter,)
    assert seen.secrets("secretsmanager") == ()


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
