"""The alarms of an environment follow its settings."""

from __future__ import annotations

import pytest
from tests.monitoring.series import EVERYTHING, PLACE, RULES

from shipway.aws.names import AwsResourceNames
from shipway.config.aws import AlarmSettings, Ecs, Monitoring
from shipway.errors import ConfigError
from shipway.monitoring.alarm import AlarmRule, AlarmSeverity, MetricGroup, alarm_dimensions
from shipway.monitoring.alarm_rules import alarm_rule_names, alarm_rules
from shipway.monitoring.composite_alarms import AFFECTED, composite_alarms


def with_alarms(**alarms: AlarmSettings) -> dict[str, AlarmRule]:
    settings = Monitoring(alarms={name.replace("_", "-"): one for name, one in alarms.items()})
    return {rule.name: rule for rule in alarm_rules(PLACE, settings)}


def test_every_alarm_there_may_be_is_named() -> None:
    assert set(alarm_rule_names()) == set(RULES)
    assert len(set(alarm_rule_names())) == len(alarm_rule_names())


def test_what_is_scaled_to_nothing_at_night_has_no_alarm_for_silence() -> None:
    by_day = alarm_rules(PLACE, Monitoring(always_on=False))
    silent = {"no-healthy-hosts", "no-task-data", "no-database-data"}
    assert {rule.name for rule in alarm_rules(PLACE, Monitoring())} - {
        rule.name for rule in by_day
    } == silent


def test_without_a_database_nothing_of_it_is_watched() -> None:
    found = alarm_rules(PLACE, EVERYTHING, with_database=False)
    assert not [rule.name for rule in found if "database" in rule.name]


def test_a_threshold_and_its_periods_can_be_changed() -> None:
    rule = with_alarms(latency_p95=AlarmSettings(threshold=0.3, of=3, period=300))["latency-p95"]
    assert (rule.threshold, rule.datapoints, rule.of, rule.period) == (0.3, 3, 3, 300)
    assert rule.condition == "0.3 s or more in 3 of 3 times 5 minutes"


def test_a_threshold_of_zero_is_one() -> None:
    assert with_alarms(error_rate=AlarmSettings(threshold=0.0))["error-rate"].threshold == 0.0


def test_an_alarm_can_be_switched_off() -> None:
    assert "cpu" not in with_alarms(cpu=AlarmSettings(off=True))


def test_an_alarm_of_another_severity_than_its_group_rings_by_itself() -> None:
    rule = with_alarms(database_storage=AlarmSettings(severity="critical"))["database-storage"]
    assert (rule.severity, rule.group) == (AlarmSeverity.CRITICAL, MetricGroup.ALONE)
    same = with_alarms(database_storage=AlarmSettings(severity="warning"))["database-storage"]
    assert same.group is MetricGroup.STRAIN


def test_a_name_that_no_alarm_has_gets_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'error-rate'") as caught:
        with_alarms(eror_rate=AlarmSettings(off=True))
    assert "latency-p95" in caught.value.remedy


def test_more_datapoints_than_periods_are_refused() -> None:
    with pytest.raises(ConfigError, match="4 of 2 periods can never be"):
        with_alarms(cpu=AlarmSettings(datapoints=4, of=2))


def test_an_alarm_looks_back_one_day_at_the_most() -> None:
    with pytest.raises(ConfigError, match="25 periods of 3600 s are too long"):
        with_alarms(cpu=AlarmSettings(of=25, period=3600))
    assert with_alarms(cpu=AlarmSettings(of=24, period=3600))["cpu"].of == 24


def test_conditions_read_as_sentences() -> None:
    said = {name: rule.condition for name, rule in RULES.items()}
    assert said["error-rate"] == "5 % or more in 3 of 5 minutes"
    assert said["no-healthy-hosts"] == "no tasks, or no data, in 3 of 3 minutes"
    assert said["secret-denied"] == "any attempts in 5 minutes"
    assert said["deployment-failed"] == "any deployments in a minute"


def test_groups_that_are_switched_off_keep_nobody_quiet() -> None:
    strain = [rule for rule in RULES.values() if rule.group is MetricGroup.STRAIN]
    (one,) = composite_alarms(strain)
    assert (one.name, one.suppressor) == ("strain", "")
    named = {one.name: one for one in composite_alarms(list(RULES.values()))}
    assert named["strain"].suppressor == AFFECTED
    assert named["degraded"].suppressor == "outage"


def test_names_that_the_configuration_gives_itself_are_watched() -> None:
    names_ = AwsResourceNames("web", "production")
    usual = alarm_dimensions(names_, Ecs())
    assert (usual.cluster, usual.service, usual.namespace) == (
        "web-production",
        "web",
        "web/production",
    )
    own = alarm_dimensions(
        names_, Ecs(cluster="c", service="s", log_group="/l", metrics_namespace="n")
    )
    assert (own.cluster, own.service, own.log_group, own.namespace) == ("c", "s", "/l", "n")
