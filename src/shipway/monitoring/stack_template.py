"""The monitoring stack's whole template, as data.

It is made from the alarm rules and not written by hand: two dozen alarms of one shape are read more
easily as their list (`shipway monitor show ENV`) than as 900 lines of YAML, and the list is what
the evaluation in tests plays. `shipway monitor show ENV --template` prints it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shipway.aws.names import AwsResourceNames
from shipway.codec import JsonObject, JsonValue
from shipway.config.schema import Environment
from shipway.errors import ConfigError
from shipway.infrastructure.template import LIMIT
from shipway.monitoring import dashboard, log_queries, topics
from shipway.monitoring.alarm import (
    AlarmDimensions,
    AlarmMetric,
    AlarmRule,
    AlarmSeverity,
    MetricGroup,
    alarm_dimensions,
)
from shipway.monitoring.alarm_rules import alarm_rules
from shipway.monitoring.composite_alarms import (
    AFFECTED,
    EXTENSION,
    WAIT,
    CompositeAlarm,
    composite_alarms,
)
from shipway.monitoring.references import (
    Parameter,
    Resource,
    Template,
    logical_id,
    reference_to,
    resolved_later,
)

# Alarms and composite alarms as CloudFormation.

_LONGEST = 1024  # of an alarm's description (PutMetricAlarm)


def alarm_name(target: AlarmDimensions, name: str) -> str:
    """What an alarm is called in the account."""
    return f"{target.prefix}-{name}"


def alarm_resources(
    target: AlarmDimensions,
    rules: Sequence[AlarmRule],
    composites: Sequence[CompositeAlarm],
    runbooks: str,
) -> dict[str, Resource]:
    """A resource for each. runbooks: the address that a runbook's file name is appended to."""
    resources = {logical_id("alarm", rule.name): _alarm(target, rule, runbooks) for rule in rules}
    for composite in composites:
        resources[logical_id("composite", composite.name)] = _composite(target, composite, runbooks)
    return resources


def _alarm(target: AlarmDimensions, rule: AlarmRule, runbooks: str) -> Resource:
    topic = (
        [reference_to(logical_id("topic", rule.severity))]
        if rule.group is MetricGroup.ALONE
        else []
    )
    properties: JsonObject = {
        "AlarmName": alarm_name(target, rule.name),
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


def _described(severity: AlarmSeverity, meaning: str, runbooks: str, name: str) -> str:
    where = f" Runbook: {runbooks}{name}.md" if runbooks else ""
    return f"[{severity}] {meaning}{where}"[:_LONGEST]


def _measured(rule: AlarmRule) -> Mapping[str, JsonValue]:
    if rule.expression:
        result = {"Id": "result", "Expression": rule.expression, "Label": rule.name}
        parts = [_part(rule, metric) for metric in rule.metrics]
        return {"Metrics": [{**result, "ReturnData": True}, *parts]}
    (metric,) = rule.metrics
    percentile = metric.statistic.startswith("p")
    return {
        **_metric(metric),
        "Period": rule.period,
        "ExtendedStatistic" if percentile else "Statistic": metric.statistic,
    }


def _part(rule: AlarmRule, metric: AlarmMetric) -> Mapping[str, JsonValue]:
    stat: JsonObject = {
        "Metric": _metric(metric),
        "Period": rule.period,
        "Stat": metric.statistic,
    }
    return {"Id": metric.id, "MetricStat": stat, "ReturnData": False}


def _metric(metric: AlarmMetric) -> Mapping[str, JsonValue]:
    return {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": [
            {"Name": name, "Value": resolved_later(value)} for name, value in metric.dimensions
        ],
    }


def _composite(target: AlarmDimensions, composite: CompositeAlarm, runbooks: str) -> Resource:
    properties: JsonObject = {
        "AlarmName": alarm_name(target, composite.name),
        "AlarmDescription": _described(
            composite.severity, composite.meaning, runbooks, composite.name
        ),
        "ActionsEnabled": composite.rings,
        "AlarmRule": " OR ".join(f'ALARM("{alarm_name(target, name)}")' for name in composite.of),
    }
    if composite.rings:
        topic = [reference_to(logical_id("topic", composite.severity))]
        properties |= {"AlarmActions": topic, "OKActions": topic}
    if composite.suppressor:
        properties |= {
            "ActionsSuppressor": alarm_name(target, composite.suppressor),
            "ActionsSuppressorWaitPeriod": WAIT,
            "ActionsSuppressorExtensionPeriod": EXTENSION,
        }
    return {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "DependsOn": [_id(name) for name in (*composite.of, composite.suppressor) if name],
        "Properties": properties,
    }


def _id(name: str) -> str:
    """The logical id of what a composite names: composites have the names of groups."""
    composites = {*MetricGroup, AFFECTED}
    return logical_id("composite" if name in composites else "alarm", name)


@dataclass(frozen=True)
class MonitoredEnvironment:
    """Everything that is watched in one environment, without AWS.

    with_database: whether it has one to watch.
    """

    names: AwsResourceNames
    environment: Environment
    with_database: bool = True

    @property
    def place(self) -> AlarmDimensions:
        """Where its metrics are."""
        return alarm_dimensions(self.names, self.environment.ecs)

    @property
    def rules(self) -> tuple[AlarmRule, ...]:
        """The alarms. Raises ConfigError for settings that name none.

        Where a schedule stops everything at night, silence is no alarm.
        """
        settings = self.environment.monitoring
        if self.environment.infrastructure.schedule.stop:
            settings = replace(settings, always_on=False)
        return alarm_rules(self.place, settings, with_database=self.with_database)

    @property
    def composites(self) -> tuple[CompositeAlarm, ...]:
        """What rings for several."""
        return composite_alarms(self.rules)


def monitoring_template(watch: MonitoredEnvironment) -> Template:
    """The template. Its parameters are what only the account knows (monitoring/alarm.py)."""
    settings, where = watch.environment.monitoring, watch.place
    resources: dict[str, Resource] = {
        **topics.topic_resources(where.prefix, settings, watch.names.slack_role),
        **topics.event_resources(where, watch.names.secret("")),
        **log_queries.metric_filters(where),
        **alarm_resources(where, watch.rules, watch.composites, settings.runbooks),
        **log_queries.log_queries(where),
    }
    if settings.dashboard:
        names = [
            *(composite.name for composite in watch.composites),
            *(rule.name for rule in watch.rules),
        ]
        shown = [alarm_name(where, name) for name in names]
        resources["Dashboard"] = dashboard.dashboard_body(
            where, shown, settings.business, database=watch.with_database
        )
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Monitoring of {where.prefix}. Made by Shipway: shipway monitor apply.",
        "Parameters": _parameters(watch),
        "Resources": resources,
    }


def template_text(watch: MonitoredEnvironment) -> str:
    """The template as it is sent. Raises ConfigError where it is too large for that."""
    body = json.dumps(monitoring_template(watch), separators=(",", ":"))
    size = len(body.encode())
    if size > LIMIT:
        raise ConfigError(
            f"the monitoring stack's template has {size} bytes, the most is {LIMIT}",
            "Draw fewer metrics (monitoring.business), or set monitoring.dashboard to false.",
        )
    return body


def _parameters(watch: MonitoredEnvironment) -> dict[str, Parameter]:
    described = {
        "LoadBalancer": "The load balancer, as metrics name it: app/NAME/ID",
        "Blue": "The first target group, as metrics name it: targetgroup/NAME/ID",
        "Green": "The other target group",
    }
    if watch.with_database:
        described["Database"] = "The database's identifier in RDS"
    return {
        name: {"Type": "String", "Description": description}
        for name, description in described.items()
    }
