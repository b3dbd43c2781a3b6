"""Where an environment's metrics are: the names that alarms, dashboard and queries share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shipway.aws.names import AwsResourceNames
from shipway.config.aws import Ecs

# AWS makes these up when the resource is created: they are the monitoring stack's parameters.
LOAD_BALANCER = "${LoadBalancer}"
BLUE = "${Blue}"
GREEN = "${Green}"
DATABASE = "${Database}"

# AWS's own metrics: their namespaces, and the dimensions that tell whose they are.
LOAD_BALANCER_METRICS = "AWS/ApplicationELB"
SERVICE_METRICS = "AWS/ECS"
DATABASE_METRICS = "AWS/RDS"
OF_LOAD_BALANCER = (("LoadBalancer", LOAD_BALANCER),)
OF_DATABASE = (("DBInstanceIdentifier", DATABASE),)


def of_target_group(group: str) -> tuple[tuple[str, str], ...]:
    """The dimensions of a target group's metrics. group: BLUE or GREEN."""
    return (*OF_LOAD_BALANCER, ("TargetGroup", group))


@dataclass(frozen=True)
class AlarmDimensions:
    """One environment on ECS. namespace: the application's own metrics, and those from its log."""

    prefix: str
    cluster: str
    service: str
    log_group: str
    namespace: str

    @property
    def of_service(self) -> tuple[tuple[str, str], ...]:
        """The dimensions of the service's own metrics."""
        return (("ClusterName", self.cluster), ("ServiceName", self.service))

    @property
    def event_log(self) -> str:
        """The log group of what ECS says about deployments and tasks.

        EventBridge writes only to groups whose names begin so (its console's rule).
        """
        return f"/aws/events/{self.prefix}"


def alarm_dimensions(names: AwsResourceNames, ecs: Ecs) -> AlarmDimensions:
    """The environment's place, with what the configuration names itself."""
    return AlarmDimensions(
        names.prefix,
        ecs.cluster or names.cluster,
        ecs.service or names.service,
        ecs.log_group or names.log_group,
        ecs.metrics_namespace or names.metrics,
    )


# One alarm: what is measured, when it rings, what it means.

_MEASURES = ("%", "s", "GiB", "MiB")  # units that are not things to count


class AlarmSeverity(StrEnum):
    """Whom it concerns: critical wakes somebody, a warning waits for the morning."""

    CRITICAL = "critical"
    WARNING = "warning"


class Comparison(StrEnum):
    """When a datapoint is beyond the threshold, by CloudWatch's names (PutMetricAlarm)."""

    AT_LEAST = "GreaterThanOrEqualToThreshold"
    BELOW = "LessThanThreshold"


class MissingData(StrEnum):
    """What a period without data counts as, by CloudWatch's names (TreatMissingData)."""

    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"
    IGNORE = "ignore"
    MISSING = "missing"


class MetricGroup(StrEnum):
    """The composite alarm that rings for it, or ALONE for the alarm itself.

    EVENT: an event with the reason in words is sent instead; the alarm only shows it.
    """

    OUTAGE = "outage"
    DEGRADED = "degraded"
    STRAIN = "strain"
    SECURITY = "security"
    ALONE = ""
    EVENT = "event"


@dataclass(frozen=True)
class AlarmMetric:
    """A metric of CloudWatch. `id` names it in the rule's expression.

    dimensions: name → value; a value `${Name}` is known only in the account (monitoring/alarm.py).
    statistic: Sum, Average, Minimum, Maximum, SampleCount, or a percentile (p95).
    """

    id: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str


@dataclass(frozen=True, kw_only=True)
class AlarmRule:
    """An alarm. It rings when `datapoints` of the last `of` periods are beyond the threshold.

    expression: metric math over the metrics' ids; empty for the one metric itself.
    period: seconds. low_samples: what to do with a percentile of few samples, "evaluate" or
    "ignore", empty where it is no percentile of a metric.
    """

    name: str
    severity: AlarmSeverity
    group: MetricGroup
    meaning: str
    unit: str
    metrics: tuple[AlarmMetric, ...]
    threshold: float
    comparison: Comparison = Comparison.AT_LEAST
    expression: str = ""
    period: int = 60
    datapoints: int = 3
    of: int = 5
    missing: MissingData = MissingData.NOT_BREACHING
    low_samples: str = ""

    def breaching(self, value: float) -> bool:
        """Whether a datapoint is beyond the threshold."""
        if self.comparison is Comparison.BELOW:
            return value < self.threshold
        return value >= self.threshold

    @property
    def condition(self) -> str:
        """When it rings, in words: `5 % or more in 3 of 5 minutes`."""
        silence = ", or no data," if self.missing is MissingData.BREACHING else ""
        return f"{self._beyond}{silence} in {self._span}"

    @property
    def _beyond(self) -> str:
        below = self.comparison is Comparison.BELOW
        if self.threshold == 1 and self.unit not in _MEASURES:
            return f"no {self.unit}" if below else f"any {self.unit}"
        amount = f"{self.threshold:g} {self.unit}"
        return f"less than {amount}" if below else f"{amount} or more"

    @property
    def _span(self) -> str:
        length = self.period // 60
        if self.of == 1:
            return "a minute" if length == 1 else f"{length} minutes"
        each = "minutes" if length == 1 else f"times {length} minutes"
        return f"{self.datapoints} of {self.of} {each}"
