"""One alarm: what is measured, when it rings, what it means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_MEASURES = ("%", "s", "GiB", "MiB")  # units that are not things to count


class Severity(StrEnum):
    """Whom it concerns: critical wakes somebody, a warning waits for the morning."""

    CRITICAL = "critical"
    WARNING = "warning"


class Comparison(StrEnum):
    """When a datapoint is beyond the threshold, by CloudWatch's names (PutMetricAlarm)."""

    AT_LEAST = "GreaterThanOrEqualToThreshold"
    BELOW = "LessThanThreshold"


class Missing(StrEnum):
    """What a period without data counts as, by CloudWatch's names (TreatMissingData)."""

    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"
    IGNORE = "ignore"
    MISSING = "missing"


class Group(StrEnum):
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
class Metric:
    """A metric of CloudWatch. `id` names it in the rule's expression.

    dimensions: name → value; a value `${Name}` is known only in the account (core/alarms/place.py).
    statistic: Sum, Average, Minimum, Maximum, SampleCount, or a percentile (p95).
    """

    id: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str


@dataclass(frozen=True)
class Rule:
    """An alarm. It rings when `datapoints` of the last `of` periods are beyond the threshold.

    expression: metric math over the metrics' ids; empty for the one metric itself.
    period: seconds. low_samples: what to do with a percentile of few samples, "evaluate" or
    "ignore", empty where it is no percentile of a metric.
    """

    name: str
    severity: Severity
    group: Group
    meaning: str
    unit: str
    metrics: tuple[Metric, ...]
    threshold: float
    comparison: Comparison = Comparison.AT_LEAST
    expression: str = ""
    period: int = 60
    datapoints: int = 3
    of: int = 5
    missing: Missing = Missing.NOT_BREACHING
    low_samples: str = ""

    def breaching(self, value: float) -> bool:
        """Whether a datapoint is beyond the threshold."""
        if self.comparison is Comparison.BELOW:
            return value < self.threshold
        return value >= self.threshold

    @property
    def condition(self) -> str:
        """When it rings, in words: `5 % or more in 3 of 5 minutes`."""
        silence = ", or no data," if self.missing is Missing.BREACHING else ""
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
