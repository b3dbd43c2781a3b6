"""Alarms and composite alarms as CloudFormation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shipway.aws.monitoring.naming import Resource, known_later, logical, ref
from shipway.core.alarms.composite import AFFECTED, EXTENSION, WAIT, Composite
from shipway.core.alarms.place import Place
from shipway.core.alarms.rule import Group, Metric, Rule, Severity

_LONGEST = 1024  # of an alarm's description (PutMetricAlarm)


def alarm_name(place: Place, name: str) -> str:
    """What an alarm is called in the account."""
    return f"{place.prefix}-{name}"


def alarms(
    place: Place, rules: Sequence[Rule], made: Sequence[Composite], runbooks: str
) -> dict[str, Resource]:
    """A resource for each. runbooks: the address that a runbook's file name is appended to."""
    resources = {
        logical("alarm", rule.name): _alarm(place, rule, runbooks) for rule in rules
    }  # fmt: skip
    for one in made:
        resources[logical("composite", one.name)] = _composite(place, one, runbooks)
    return resources


def _alarm(place: Place, rule: Rule, runbooks: str) -> Resource:
    topic = [ref(logical("topic", rule.severity))] if rule.group is Group.ALONE else []
    properties: dict[str, Any] = {
        "AlarmName": alarm_name(place, rule.name),
        "AlarmDescription": _described(rule.severity, rule.meaning, runbooks, rule.name),
        "ActionsEnabled": True,
        "AlarmActions": topic,
        "OKActions": topic,
        "ComparisonOperator": rule.comparison.value,
        "Threshold": rule.threshold,
        "EvaluationPeriods": rule.of,
        "DatapointsToAlarm": rule.datapoints,
        "TreatMissingData": rule.missing.value,
        **_measured(rule),
    }
    if rule.low_samples:
        properties["EvaluateLowSampleCountPercentile"] = rule.low_samples
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def _described(severity: Severity, meaning: str, runbooks: str, name: str) -> str:
    where = f" Runbook: {runbooks}{name}.md" if runbooks else ""
    return f"[{severity}] {meaning}{where}"[:_LONGEST]


def _measured(rule: Rule) -> Resource:
    if rule.expression:
        shown = {"Id": "result", "Expression": rule.expression, "Label": rule.name}
        return {"Metrics": [{**shown, "ReturnData": True}, *(_part(rule, m) for m in rule.metrics)]}
    (metric,) = rule.metrics
    percentile = metric.statistic.startswith("p")
    return {
        **_metric(metric),
        "Period": rule.period,
        "ExtendedStatistic" if percentile else "Statistic": metric.statistic,
    }


def _part(rule: Rule, metric: Metric) -> Resource:
    stat = {"Metric": _metric(metric), "Period": rule.period, "Stat": metric.statistic}
    return {"Id": metric.id, "MetricStat": stat, "ReturnData": False}


def _metric(metric: Metric) -> Resource:
    return {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": [
            {"Name": name, "Value": known_later(value)} for name, value in metric.dimensions
        ],
    }


def _composite(place: Place, one: Composite, runbooks: str) -> Resource:
    properties: dict[str, Any] = {
        "AlarmName": alarm_name(place, one.name),
        "AlarmDescription": _described(one.severity, one.meaning, runbooks, one.name),
        "ActionsEnabled": one.rings,
        "AlarmRule": " OR ".join(f'ALARM("{alarm_name(place, name)}")' for name in one.of),
    }
    if one.rings:
        topic = [ref(logical("topic", one.severity))]
        properties |= {"AlarmActions": topic, "OKActions": topic}
    if one.suppressor:
        properties |= {
            "ActionsSuppressor": alarm_name(place, one.suppressor),
            "ActionsSuppressorWaitPeriod": WAIT,
            "ActionsSuppressorExtensionPeriod": EXTENSION,
        }
    return {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "DependsOn": [_id(name) for name in (*one.of, one.suppressor) if name],
        "Properties": properties,
    }


def _id(name: str) -> str:
    """The logical id of what a composite names: composites have the names of groups."""
    composites = {*Group, AFFECTED}
    return logical("composite" if name in composites else "alarm", name)
