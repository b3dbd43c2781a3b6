"""All alarms of one environment, as its settings want them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from typing import TypedDict, Unpack

from shipway.config.aws import AlarmSettings, Monitoring
from shipway.errors import ConfigError
from shipway.monitoring.alarm import (
    BLUE,
    DATABASE_METRICS,
    GREEN,
    LOAD_BALANCER_METRICS,
    OF_DATABASE,
    OF_LOAD_BALANCER,
    SERVICE_METRICS,
    AlarmDimensions,
    AlarmMetric,
    AlarmRule,
    AlarmSeverity,
    Comparison,
    MetricGroup,
    MissingData,
    of_target_group,
)

# Rules of one shape.


class _Evaluation(TypedDict, total=False):
    """Fields of AlarmRule: of what, and over which periods, a rule is evaluated."""

    comparison: Comparison
    expression: str
    period: int
    datapoints: int
    of: int


_ANY_FIVE_MINUTES: _Evaluation = {"period": 300, "datapoints": 1, "of": 1}


def _strain(
    name: str,
    meaning: str,
    unit: str,
    metric: AlarmMetric,
    threshold: float,
    **evaluation: Unpack[_Evaluation],
) -> AlarmRule:
    """Something is nearly used up; while its metric says nothing, that is not known."""
    return AlarmRule(
        name=name,
        severity=AlarmSeverity.WARNING,
        group=MetricGroup.STRAIN,
        meaning=meaning,
        unit=unit,
        metrics=(metric,),
        threshold=threshold,
        missing=MissingData.MISSING,
        **evaluation,
    )


def _no_data(name: str, meaning: str, metric: AlarmMetric) -> AlarmRule:
    """Something has said nothing for five minutes. metric: counts samples."""
    return AlarmRule(
        name=name,
        severity=AlarmSeverity.CRITICAL,
        group=MetricGroup.OUTAGE,
        meaning=meaning,
        unit="samples",
        metrics=(metric,),
        threshold=1.0,
        comparison=Comparison.BELOW,
        datapoints=5,
        of=5,
        missing=MissingData.BREACHING,
    )


def _count(target: AlarmDimensions, name: str) -> AlarmMetric:
    """Lines of a log; without dimensions, as metric filters make them (log_queries.py)."""
    return AlarmMetric("counted", target.namespace, name, (), "Sum")


# The database: how much of it is left.

_GIB = 1024**3
_MIB = 1024**2


def database_alarms(*, always_on: bool) -> tuple[AlarmRule, ...]:
    """The rules. Their thresholds suit db.t4g.micro with 20 GiB."""
    rules = [
        _strain(
            "database-cpu",
            "The database has hardly any processor left: queries queue.",
            "%",
            _database_metric("CPUUtilization", "Average"),
            90.0,
            datapoints=10,
            of=15,
        ),
        # PostgreSQL on RDS allows LEAST(memory in bytes / 9531392, 5000): about 110 for 1 GiB.
        _strain(
            "database-connections",
            "Soon nobody gets a connection to the database any more.",
            "connections",
            _database_metric("DatabaseConnections", "Maximum"),
            80.0,
        ),
        _strain(
            "database-storage",
            "The disk is nearly full; a full one stops the database.",
            "GiB",
            _database_metric("FreeStorageSpace", "Minimum"),
            2.0,
            comparison=Comparison.BELOW,
            expression=f"left/{_GIB}",
            period=300,
            datapoints=2,
            of=2,
        ),
        _strain(
            "database-memory",
            "The database has hardly any memory left: it swaps next.",
            "MiB",
            _database_metric("FreeableMemory", "Minimum"),
            64.0,
            comparison=Comparison.BELOW,
            expression=f"left/{_MIB}",
        ),
    ]
    if always_on:
        rules.append(
            _no_data(
                "no-database-data",
                "The database says nothing: it is stopped, or gone.",
                _database_metric("CPUUtilization", "SampleCount"),
            )
        )
    return tuple(rules)


def _database_metric(name: str, statistic: str) -> AlarmMetric:
    return AlarmMetric("left", DATABASE_METRICS, name, OF_DATABASE, statistic)


# What the application's log tells: errors, and who tries what they may not.

ERRORS = "LogErrors"
SECRET_DENIED = "SecretAccessDenied"
REFUSED_REQUESTS = {401: "Refused401", 403: "Refused403", 429: "Refused429"}
_MEANT = {
    401: ("Many requests without valid credentials: somebody may be guessing them.", 50.0),
    403: ("Many requests for what is forbidden: somebody may be looking for a way in.", 50.0),
    429: ("Many requests beyond the rate limit: somebody scrapes us, or wants us down.", 200.0),
}


def log_alarms(target: AlarmDimensions) -> tuple[AlarmRule, ...]:
    """The rules."""
    return (
        AlarmRule(
            name="log-errors",
            severity=AlarmSeverity.WARNING,
            group=MetricGroup.DEGRADED,
            meaning="The application logs errors that nobody handled.",
            unit="lines",
            metrics=(_count(target, ERRORS),),
            threshold=5.0,
            **_ANY_FIVE_MINUTES,
        ),
        *(_burst(target, status) for status in REFUSED_REQUESTS),
        AlarmRule(
            name="secret-denied",
            severity=AlarmSeverity.CRITICAL,
            group=MetricGroup.ALONE,
            meaning="Somebody without permission asked for one of this environment's secrets.",
            unit="attempts",
            metrics=(_count(target, SECRET_DENIED),),
            threshold=1.0,
            **_ANY_FIVE_MINUTES,
        ),
    )


def _burst(target: AlarmDimensions, status: int) -> AlarmRule:
    meaning, threshold = _MEANT[status]
    return AlarmRule(
        name=f"burst-of-{status}",
        severity=AlarmSeverity.WARNING,
        group=MetricGroup.SECURITY,
        meaning=meaning,
        unit="requests",
        metrics=(_count(target, REFUSED_REQUESTS[status]),),
        threshold=threshold,
        **_ANY_FIVE_MINUTES,
    )


# The service on ECS: how hard its tasks work, whether they stay alive, whether releases arrive.

RESTARTS = "TaskRestarts"
FAILED = "DeploymentsFailed"
STARTED = "DeploymentsStarted"


def task_alarms(target: AlarmDimensions, *, always_on: bool) -> tuple[AlarmRule, ...]:
    """The rules."""
    rules = [
        AlarmRule(
            name="task-restarts",
            severity=AlarmSeverity.WARNING,
            group=MetricGroup.DEGRADED,
            meaning="Tasks end by themselves, or do not start, and ECS replaces them.",
            unit="tasks",
            metrics=(_count(target, RESTARTS),),
            threshold=2.0,
            **_ANY_FIVE_MINUTES,
        ),
        _strain(
            "cpu",
            "The tasks have hardly any processor left: answers get slower next.",
            "%",
            _used(target, "CPUUtilization"),
            85.0,
            datapoints=10,
            of=15,
        ),
        _strain(
            "memory",
            "The tasks have hardly any memory left: ECS kills one that wants more.",
            "%",
            _used(target, "MemoryUtilization"),
            90.0,
            datapoints=5,
            of=5,
        ),
        AlarmRule(
            name="deployment-failed",
            severity=AlarmSeverity.CRITICAL,
            group=MetricGroup.EVENT,
            meaning="ECS gave a deployment up, or rolled it back: the release before it serves.",
            unit="deployments",
            metrics=(_count(target, FAILED),),
            threshold=1.0,
            datapoints=1,
            of=1,
        ),
    ]
    if always_on:
        rules.append(
            _no_data(
                "no-task-data",
                "No task says anything: the service is gone, or scaled to nothing.",
                _used(target, "CPUUtilization", "SampleCount"),
            )
        )
    return tuple(rules)


def _used(target: AlarmDimensions, name: str, statistic: str = "Average") -> AlarmMetric:
    return AlarmMetric("used", SERVICE_METRICS, name, target.of_service, statistic)


# What visitors feel: errors, latency, nobody there to answer. From the load balancer.

_LEAST = 10  # requests a minute: a share of fewer says nothing


def _load_balancer_metric(id: str, name: str, statistic: str = "Sum") -> AlarmMetric:
    return AlarmMetric(id, LOAD_BALANCER_METRICS, name, OF_LOAD_BALANCER, statistic)


def _hosts(name: str, statistic: str) -> tuple[AlarmMetric, AlarmMetric]:
    """Of both target groups: while a rollout goes on, either may serve."""
    return (
        AlarmMetric("blue", LOAD_BALANCER_METRICS, name, of_target_group(BLUE), statistic),
        AlarmMetric("green", LOAD_BALANCER_METRICS, name, of_target_group(GREEN), statistic),
    )


REQUESTS = _load_balancer_metric("requests", "RequestCount")
BROKEN = _load_balancer_metric("broken", "HTTPCode_Target_5XX_Count")
REFUSED = _load_balancer_metric("refused", "HTTPCode_ELB_5XX_Count")
# The balancer does not count as a request what it could give to no target, so these are added.
# It says nothing at all where there were none: FILL makes that a zero.
_ALL = "(FILL(requests,0)+FILL(refused,0))"
ERROR_RATE = f"IF({_ALL}>={_LEAST}, 100*(FILL(broken,0)+FILL(refused,0))/{_ALL}, 0)"
_BOTH = "FILL(blue,0)+FILL(green,0)"


def traffic_alarms(*, always_on: bool, least_traffic: int) -> tuple[AlarmRule, ...]:
    """The rules. See config/aws.py for the switches."""
    rules = [
        AlarmRule(
            name="error-rate",
            severity=AlarmSeverity.CRITICAL,
            group=MetricGroup.OUTAGE,
            meaning=(
                "Visitors get errors of ours (5xx), from the application or from the load balancer."
            ),
            unit="%",
            metrics=(REQUESTS, BROKEN, REFUSED),
            threshold=5.0,
            expression=ERROR_RATE,
        ),
        AlarmRule(
            name="latency-p95",
            severity=AlarmSeverity.WARNING,
            group=MetricGroup.DEGRADED,
            meaning="One visitor in twenty waits longer than we promise.",
            unit="s",
            metrics=(REQUESTS, _load_balancer_metric("latency", "TargetResponseTime", "p95")),
            threshold=0.5,
            expression=f"IF(FILL(requests,0)>={_LEAST}, latency, 0)",
            datapoints=4,
        ),
        AlarmRule(
            name="latency-p99",
            severity=AlarmSeverity.WARNING,
            group=MetricGroup.DEGRADED,
            meaning="One visitor in a hundred waits very long.",
            unit="s",
            metrics=(_load_balancer_metric("latency", "TargetResponseTime", "p99"),),
            threshold=2.0,
            period=300,
            datapoints=2,
            of=3,
            low_samples="evaluate",
        ),
        AlarmRule(
            name="unhealthy-hosts",
            severity=AlarmSeverity.WARNING,
            group=MetricGroup.DEGRADED,
            meaning="A task runs but does not pass the load balancer's health check.",
            unit="tasks",
            metrics=_hosts("UnHealthyHostCount", "Maximum"),
            threshold=1.0,
            expression=_BOTH,
        ),
    ]
    if always_on:
        rules.append(_nobody())
    if least_traffic:
        rules.append(_quiet(least_traffic))
    return tuple(rules)


def _nobody() -> AlarmRule:
    return AlarmRule(
        name="no-healthy-hosts",
        severity=AlarmSeverity.CRITICAL,
        group=MetricGroup.OUTAGE,
        meaning="No task can answer: every visitor gets an error.",
        unit="tasks",
        metrics=_hosts("HealthyHostCount", "Minimum"),
        threshold=1.0,
        comparison=Comparison.BELOW,
        expression=_BOTH,
        datapoints=3,
        of=3,
        missing=MissingData.BREACHING,
    )


def _quiet(least: int) -> AlarmRule:
    return AlarmRule(
        name="no-traffic",
        severity=AlarmSeverity.CRITICAL,
        group=MetricGroup.OUTAGE,
        meaning="Nobody reaches us: the name, the certificate or the load balancer may be broken.",
        unit="requests",
        metrics=(REQUESTS,),
        threshold=float(least),
        comparison=Comparison.BELOW,
        # An hour without data is filled here: CloudWatch would look at the hours before it
        # for a datapoint, and find all well.
        expression="FILL(requests,0)",
        period=3600,
        datapoints=1,
        of=1,
        missing=MissingData.BREACHING,
    )


_LONGEST = 86_400  # seconds that the periods of an alarm may take together (PutMetricAlarm)


def alarm_rules(
    target: AlarmDimensions, settings: Monitoring, *, with_database: bool = True
) -> tuple[AlarmRule, ...]:
    """The alarms that are on.

    Raises ConfigError when the settings name an alarm that does not exist, or ask for more
    datapoints than periods.
    """
    on = settings.always_on
    rules = [
        *traffic_alarms(always_on=on, least_traffic=settings.least_traffic),
        *task_alarms(target, always_on=on),
        *(database_alarms(always_on=on) if with_database else ()),
        *log_alarms(target),
    ]
    _known(settings.alarms, alarm_rule_names())
    return tuple(
        _changed(rule, settings.alarms.get(rule.name, AlarmSettings()))
        for rule in rules
        if not settings.alarms.get(rule.name, AlarmSettings()).off
    )


def alarm_rule_names() -> tuple[str, ...]:
    """The name of every alarm there may be; each has a runbook of this name."""
    anywhere = AlarmDimensions("", "", "", "", "")
    rules = (
        *traffic_alarms(always_on=True, least_traffic=1),
        *task_alarms(anywhere, always_on=True),
        *database_alarms(always_on=True),
        *log_alarms(anywhere),
    )
    return tuple(rule.name for rule in rules)


def _known(requested: Iterable[str], accepted: tuple[str, ...]) -> None:
    for name in requested:
        if name not in accepted:
            near = get_close_matches(name, accepted, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ConfigError(
                f"monitoring.alarms.{name}: there is no such alarm.{hint}",
                f"Name one of {', '.join(accepted)}.",
                code="invalid-setting",
            )


def _changed(rule: AlarmRule, settings: AlarmSettings) -> AlarmRule:
    severity = AlarmSeverity(settings.severity) if settings.severity else rule.severity
    changed = replace(
        rule,
        severity=severity,
        # Its composite has the severity of the others: what differs rings by itself.
        group=rule.group if severity is rule.severity else MetricGroup.ALONE,
        threshold=rule.threshold if settings.threshold is None else settings.threshold,
        period=settings.period or rule.period,
        of=settings.of or rule.of,
        datapoints=settings.datapoints or min(rule.datapoints, settings.of or rule.of),
    )
    if changed.datapoints > changed.of:
        raise ConfigError(
            f"monitoring.alarms.{rule.name}: {changed.datapoints} of {changed.of} periods"
            " can never be",
            f"Set datapoints to {changed.of} or less, or of to {changed.datapoints} or more.",
            code="invalid-setting",
        )
    if changed.of * changed.period > _LONGEST:
        raise ConfigError(
            f"monitoring.alarms.{rule.name}: {changed.of} periods of {changed.period} s"
            " are too long",
            "CloudWatch looks back one day at the most: fewer periods, or shorter ones.",
            code="invalid-setting",
        )
    return changed
