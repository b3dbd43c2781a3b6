"""The monitoring stack applied to MiniStack, as far as MiniStack goes.

Its CloudFormation (1.4.21) has neither alarms with metric math nor some types: these are taken out
here, and nowhere else. cfn-lint reads the whole template (test_template.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.infrastructure.ministack import Here, ministack
from tests.infrastructure.ministack_proxy import mended
from tests.monitoring.environments import FULL

from shipway.cli.monitor import MonitoringContext, apply_monitoring, plan_monitoring
from shipway.config.aws import AlarmSettings, Monitoring
from shipway.config.schema import Application, Config, Environment
from shipway.monitoring.stack_template import monitoring_template

pytestmark = pytest.mark.e2e

_UNKNOWN = (
    "AWS::Logs::MetricFilter",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::Logs::QueryDefinition",
    "AWS::Chatbot::SlackChannelConfiguration",
)


def without_unknown(made: dict[str, Any]) -> str:
    resources = {
        id: one
        for id, one in made["Resources"].items()
        if one["Type"] not in _UNKNOWN and "Metrics" not in one["Properties"]
    }
    return json.dumps({**made, "Resources": resources})


def site_for(clients: Here, settings: Monitoring) -> MonitoringContext:
    config = Config(
        application=Application(name="web"),
        environments={"production": Environment(platform="ecs", monitoring=settings)},
    )
    whole = MonitoringContext(config, "production", clients, every=0.1)
    return replace(whole, template=without_unknown(monitoring_template(whole.found)))


@pytest.fixture
def clients(tmp_path: Path) -> Iterator[Here]:
    with ministack(tmp_path) as bare, mended(bare, list) as address:
        here = Here(address)
        ec2, balancing = here.client("ec2"), here.client("elbv2")
        network = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"][:2]]
        balancing.create_load_balancer(Name="web-production", Subnets=subnets)
        for color in ("blue", "green"):
            balancing.create_target_group(
                Name=f"web-production-{color}", Protocol="HTTP", Port=80, VpcId=network
            )
        yield here


def test_it_is_planned_applied_changed_and_then_as_configured(
    clients: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    site = site_for(clients, FULL)
    plan_monitoring(site, json=False)
    assert re.search(r"^\+ alarm .*AlarmCpu.* are created$", capsys.readouterr().out, re.M)
    assert site.stack.status() == ""

    apply_monitoring(site, json=False)
    assert "has to confirm it" in capsys.readouterr().out
    alarms = clients.client("cloudwatch").describe_alarms()["MetricAlarms"]
    found = {one["AlarmName"]: one for one in alarms}
    plain = [rule for rule in site.found.rules if not rule.expression]
    assert set(found) == {f"web-production-{rule.name}" for rule in plain}
    for rule in plain:
        alarm = found[f"web-production-{rule.name}"]
        assert (alarm["Threshold"], alarm["Period"]) == (rule.threshold, rule.period)
        assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (
            rule.datapoints,
            rule.of,
        )
    slow = found["web-production-latency-p99"]["Dimensions"]
    assert slow[0]["Value"].startswith("app/web-production/")
    topics = clients.client("sns").list_topics()["Topics"]
    assert {one["TopicArn"].rpartition(":")[2] for one in topics} == {
        "web-production-critical",
        "web-production-warning",
    }
    assert len(clients.client("events").list_rules()["Rules"]) == 4
    (group,) = clients.client("logs").describe_log_groups()["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == ("/aws/events/web-production", 90)
    dashboard = clients.client("cloudwatch").get_dashboard(DashboardName="web-production")
    assert "${" not in dashboard["DashboardBody"]

    stricter = replace(FULL, alarms={"memory": AlarmSettings(threshold=70.0)})
    apply_monitoring(site_for(clients, stricter), json=True)
    shown = json.loads(capsys.readouterr().out)
    assert "AlarmMemory" in {one["name"] for one in shown["changes"]}
    asked = {"AlarmNames": ["web-production-memory"]}
    (memory,) = clients.client("cloudwatch").describe_alarms(**asked)["MetricAlarms"]
    assert memory["Threshold"] == 70.0

    apply_monitoring(site_for(clients, stricter), json=False)
    assert capsys.readouterr().out == "web-production-monitoring is as configured\n"
