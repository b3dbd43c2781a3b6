"""The monitoring stack's template: valid, complete, and who is told of what."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.monitoring.environments import FULL, LEVERS, of_kind, rendered, watch

from shipway.config.aws import Infrastructure, Monitoring, Schedule
from shipway.errors import ConfigError
from shipway.infrastructure.template import LIMIT
from shipway.monitoring.alarm import MetricGroup
from shipway.monitoring.log_queries import APPLICATION, EVENTS, metric_filters
from shipway.monitoring.stack_template import template_text

ALARM, COMPOSITE = "CloudWatch::Alarm", "CloudWatch::CompositeAlarm"
LOGS = Path(__file__).parents[2] / "mycandidate" / "main" / "logs.py"


def test_cfn_lint_has_nothing_to_say_whatever_the_levers(tmp_path: Path) -> None:
    for name, (settings, database) in LEVERS.items():
        path = tmp_path / f"{name.replace(' ', '-')}.json"
        path.write_text(json.dumps(rendered(settings, database=database)))
    lint = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run(
        [lint, *sorted(tmp_path.glob("*.json"))], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_every_rule_is_an_alarm_as_it_says() -> None:
    made = of_kind(rendered(FULL), ALARM)
    for rule in watch(FULL).rules:
        (one,) = [a for a in made.values() if a["AlarmName"] == f"web-production-{rule.name}"]
        assert one["Threshold"] == rule.threshold
        assert (one["DatapointsToAlarm"], one["EvaluationPeriods"]) == (rule.datapoints, rule.of)
        assert one["ComparisonOperator"] == rule.comparison
        assert one["TreatMissingData"] == rule.missing
        assert one["AlarmDescription"] == (
            f"[{rule.severity}] {rule.meaning} Runbook: https://example.org/runbooks/{rule.name}.md"
        )
        if rule.expression:
            result, *parts = one["Metrics"]
            assert (result["Expression"], result["ReturnData"]) == (rule.expression, True)
            assert [part["Id"] for part in parts] == [metric.id for metric in rule.metrics]
            assert not any(part["ReturnData"] for part in parts)
            assert {part["MetricStat"]["Period"] for part in parts} == {rule.period}
    assert len(made) == len(watch(FULL).rules)


def test_a_schedule_that_stops_everything_makes_silence_no_alarm() -> None:
    nights = Infrastructure(schedule=Schedule(start="07:00", stop="19:00"))
    usual = watch(Monitoring())
    resting = replace(usual, environment=replace(usual.environment, infrastructure=nights))
    gone = {rule.name for rule in usual.rules} - {rule.name for rule in resting.rules}
    assert gone == {"no-healthy-hosts", "no-task-data", "no-database-data"}


def test_a_percentile_goes_where_cloudwatch_takes_it() -> None:
    p99 = of_kind(rendered(FULL), ALARM)["AlarmLatencyP99"]
    assert (p99["ExtendedStatistic"], p99["EvaluateLowSampleCountPercentile"]) == (
        "p99",
        "evaluate",
    )
    assert "Statistic" not in p99


def told(settings: Monitoring) -> dict[str, str]:
    """Alarm → the topic that it rings at."""
    made = rendered(settings)
    both = {**of_kind(made, ALARM), **of_kind(made, COMPOSITE)}
    return {
        one["AlarmName"].removeprefix("web-production-"): one["AlarmActions"][0]["Ref"]
        for one in both.values()
        if one.get("AlarmActions")
    }


def test_only_composites_and_faults_of_their_own_ring() -> None:
    assert told(FULL) == {
        "outage": "TopicCritical",
        "degraded": "TopicWarning",
        "strain": "TopicWarning",
        "security": "TopicWarning",
        "secret-denied": "TopicCritical",
    }
    alone = {rule.name for rule in watch(FULL).rules if rule.group is MetricGroup.ALONE}
    assert alone == {"secret-denied"}


def test_composites_name_only_alarms_that_are_there_and_wait_for_them() -> None:
    for settings, database in LEVERS.values():
        made = rendered(settings, database=database)
        both = {**of_kind(made, ALARM), **of_kind(made, COMPOSITE)}
        names = {one["AlarmName"]: id for id, one in both.items()}
        for id, one in of_kind(made, COMPOSITE).items():
            named = re.findall(r'ALARM\("([^"]+)"\)', one["AlarmRule"])
            named += [one[key] for key in ("ActionsSuppressor",) if key in one]
            assert {names[name] for name in named} == set(made["Resources"][id]["DependsOn"])


def test_each_severity_takes_its_own_ways() -> None:
    settings = Monitoring(
        mail=("a@example.org",),
        slack_workspace="T1234567",
        slack_channel="C1234567",
        critical=("mail", "slack"),
        warning=("slack",),
    )
    made = rendered(settings)
    mails = of_kind(made, "SNS::Subscription")
    assert [(one["Endpoint"], one["TopicArn"]["Ref"]) for one in mails.values()] == [
        ("a@example.org", "TopicCritical")
    ]
    (slack,) = of_kind(made, "Chatbot::SlackChannelConfiguration").values()
    assert [one["Ref"] for one in slack["SnsTopicArns"]] == ["TopicCritical", "TopicWarning"]
    assert slack["SlackChannelId"] == "C1234567"


def test_slack_draws_with_the_role_of_the_environments_stack() -> None:
    made = rendered(FULL)
    (slack,) = of_kind(made, "Chatbot::SlackChannelConfiguration").values()
    assert slack["IamRoleArn"]["Fn::Sub"].endswith(":role/web-production-slack")
    assert not of_kind(made, "IAM::Role")  # whoever may make roles may do everything


def test_topics_take_messages_only_encrypted_and_only_from_this_account() -> None:
    made = rendered(FULL)
    for topic in of_kind(made, "SNS::Topic").values():
        assert topic["KmsMasterKeyId"] == {"Ref": "MessageKey"}
    for policy in of_kind(made, "SNS::TopicPolicy").values():
        allow, deny = policy["PolicyDocument"]["Statement"]
        assert allow["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
        assert deny["Effect"] == "Deny"
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert not of_kind(rendered(Monitoring(encrypted=False)), "KMS::Key")


def test_every_metric_that_a_filter_makes_has_an_alarm_or_a_place_on_the_dashboard() -> None:
    made = rendered(FULL)
    watched = json.dumps(of_kind(made, ALARM)) + json.dumps(of_kind(made, "CloudWatch::Dashboard"))
    for one in metric_filters(watch(FULL).place).values():
        (metric,) = one["Properties"]["MetricTransformations"]
        assert metric["MetricNamespace"] == "web/production"
        assert f'"{metric["MetricName"]}"' in watched.replace('\\"', '"')


def test_every_counted_metric_of_an_alarm_is_made_by_a_filter() -> None:
    made = {
        one["Properties"]["MetricTransformations"][0]["MetricName"]
        for one in metric_filters(watch(FULL).place).values()
    }
    wanted = {
        metric.name
        for rule in watch(FULL).rules
        for metric in rule.metrics
        if metric.namespace == "web/production"
    }
    assert wanted <= made


def test_queries_ask_for_fields_that_the_application_writes() -> None:
    source = LOGS.read_text()
    written = {*re.findall(r'"(\w+)":', source), *re.findall(r'line\["(\w+)"\]', source)}
    for name, query in APPLICATION.items():
        asked = set(
            re.findall(
                r"\b(kind|level|message|path|status|release|request_id|method|"
                r"milliseconds|exception)\b",
                query,
            )
        )
        assert asked <= written | {"status", "path"}, name
        assert asked, name
    assert {name.partition("/")[0] for name in (*APPLICATION, *EVENTS)} == {
        "app",
        "access",
        "error",
        "security",
        "events",
    }


def body(made: dict[str, Any]) -> dict[str, Any]:
    (one,) = of_kind(made, "CloudWatch::Dashboard").values()
    found: dict[str, Any] = json.loads(one["DashboardBody"]["Fn::Sub"])
    return found


def test_the_dashboard_has_everything_that_was_asked_for() -> None:
    titles = " ".join(
        widget["properties"].get("title", "") for widget in body(rendered(FULL))["widgets"]
    )
    for wanted in (
        "Alarms",
        "Traffic",
        "Errors",
        "Latency by release",
        "processor and memory",
        "Database",
        "WardLookups",
        "Deployments",
        "Cost",
        "Security",
    ):
        assert wanted in titles
    without = body(rendered(Monitoring(), database=False))
    assert "Database" not in json.dumps(without)


def test_widgets_neither_overlap_nor_leave_the_grid() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in body(rendered(FULL))["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        taken |= cells


def test_every_parameter_is_used_and_every_placeholder_is_one() -> None:
    for settings, database in LEVERS.values():
        made = rendered(settings, database=database)
        whole = json.dumps(made["Resources"])
        used = set(re.findall(r'\{"Ref": "(LoadBalancer|Blue|Green|Database)"\}', whole))
        used |= set(re.findall(r"\$\{(\w+)\}", whole))
        assert used == set(made["Parameters"])


def test_it_is_small_enough_to_be_sent_and_says_so_where_it_is_not() -> None:
    assert len(template_text(watch(FULL, name="a-name-of-twenty-char"))) < LIMIT
    many = {f"Metric{number}": ("Dimension",) for number in range(200)}
    with pytest.raises(ConfigError, match="the most is 51200"):
        template_text(watch(Monitoring(business=many)))


def test_a_failed_deployment_is_told_with_its_reason() -> None:
    rule = of_kind(rendered(FULL), "Events::Rule")["FailedDeployments"]
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Ref": "TopicCritical"}
    told_ = json.loads(target["InputTransformer"]["InputTemplate"])
    assert (told_["version"], told_["source"]) == ("1.0", "custom")
    names = set(re.findall(r"<(\w+)>", target["InputTransformer"]["InputTemplate"]))
    assert names == set(target["InputTransformer"]["InputPathsMap"])


def test_refused_reads_of_secrets_need_all_management_events() -> None:
    rules = of_kind(rendered(FULL), "Events::Rule")
    assert rules["SecretEvents"]["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    pattern = rules["SecretEvents"]["EventPattern"]["detail"]
    assert pattern["errorMessage"] == [{"wildcard": "*web/production/*"}]
    assert {rule["State"] for id, rule in rules.items() if id != "SecretEvents"} == {"ENABLED"}
