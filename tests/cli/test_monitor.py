"""`shipway monitor`, against a stand-in for AWS where it needs one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from tests.cli.in_process import project, shipway
from tests.monitoring.account import REGION, account

from shipway.cli.monitor import monitor_apply, monitor_plan, monitor_replay, monitor_show
from shipway.errors import ConfigError, ShipwayError

SETTINGS = f"""
[application]
name = "web"
[aws]
region = "{REGION}"
[environments.local]
[environments.production]
platform = "ecs"
[environments.production.monitoring]
mail = ["oncall@example.org"]
encrypted = false
"""


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A project, and credentials that nobody accepts but moto."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    yield str(project(tmp_path / "web", SETTINGS))


def applied(directory: str) -> int:
    return monitor_apply(directory=directory, environment="production", json=False)


def test_the_alarms_are_shown_in_words_without_asking_anybody(tmp_path: Path) -> None:
    done = shipway(project(tmp_path / "web", SETTINGS), "monitor", "show", "production")
    assert (done.returncode, done.stderr) == (0, "")
    words = " ".join(done.stdout.split())
    assert "error-rate critical 5 % or more in 3 of 5 minutes Visitors get errors" in words
    assert "outage: any of error-rate, no-healthy-hosts" in words
    assert words.endswith("critical: oncall@example.org warning: oncall@example.org")


def test_json_and_the_template_have_the_same_alarms(
    web: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monitor_show(directory=web, environment="production", template=False, json=True)
    shown = json.loads(capsys.readouterr().out)
    monitor_show(directory=web, environment="production", template=True, json=False)
    template = json.loads(capsys.readouterr().out)
    kinds = [one["Type"] for one in template["Resources"].values()]
    assert len(shown["alarms"]) == kinds.count("AWS::CloudWatch::Alarm")
    assert len(shown["composites"]) == kinds.count("AWS::CloudWatch::CompositeAlarm")


def test_what_is_not_on_aws_cannot_be_watched(web: str) -> None:
    for environment, words in (("local", "this machine"), ("nowhere", "no environment nowhere")):
        with pytest.raises(ConfigError, match=words):
            monitor_show(directory=web, environment=environment, template=False, json=False)


def test_before_the_environment_is_there_it_is_asked_for(web: str) -> None:
    with account(balancer=False), pytest.raises(ShipwayError, match="no web-production") as caught:
        applied(web)
    assert "shipway infra apply" in caught.value.remedy


def test_a_plan_names_everything_and_leaves_nothing(
    web: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with account():
        assert monitor_plan(directory=web, environment="production", json=False) == 0
        assert re.search(
            r"^\+ alarm .*AlarmErrorRate.* are created$", capsys.readouterr().out, re.M
        )
        stacks = boto3.client("cloudformation", REGION).describe_stacks()["Stacks"]
        assert [one for one in stacks if one["StackStatus"] != "DELETE_COMPLETE"] == []
        assert monitor_plan(directory=web, environment="production", json=True) == 0
        types = {one["type"] for one in json.loads(capsys.readouterr().out)["changes"]}
        assert "AWS::Logs::QueryDefinition" in types


def test_without_a_database_there_are_no_alarms_for_it(
    web: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with account(database=False):
        monitor_plan(directory=web, environment="production", json=False)
        assert "Database" not in capsys.readouterr().out


def test_a_database_that_is_named_must_be_there(web: str) -> None:
    named = '[environments.production.infrastructure.database]\nidentifier = "other"\n'
    Path(web, "shipway.toml").write_text(SETTINGS + named)
    with account(), pytest.raises(ShipwayError, match="no database other"):
        applied(web)


def test_a_replay_shows_what_would_have_rung(web: str, capsys: pytest.CaptureFixture[str]) -> None:
    """moto has no data where nothing was put: what must have data rings, and what fails does."""
    fault = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=90)
    datum = {"MetricName": "SecretAccessDenied", "Value": 3.0, "Timestamp": fault}
    with account():
        boto3.client("cloudwatch", REGION).put_metric_data(
            Namespace="web/production", MetricData=[datum]
        )
        assert monitor_replay(directory=web, environment="production", hours=2, json=False) == 0
        lines = capsys.readouterr().out.splitlines()
        rung = [line.split()[1:] for line in lines if line.startswith("rings")]
        assert "secret-denied" in {line[-1] for line in rung}
        (denied,) = [line for line in rung if line[-1] == "secret-denied"]
        at = datetime.fromisoformat(f"{denied[0]}T{denied[1]}+00:00")
        assert timedelta() < at - fault <= timedelta(minutes=6)
        assert monitor_replay(directory=web, environment="production", hours=2, json=True) == 0
        assert "outage" in {one["alarm"] for one in json.loads(capsys.readouterr().out)["rings"]}
