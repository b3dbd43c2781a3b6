"""Rules and metric series to play, minute by minute."""

from __future__ import annotations

from dataclasses import replace

from shipway.config.aws import Monitoring
from shipway.monitoring.alarm import (
    AlarmDimensions,
    AlarmMetric,
    AlarmRule,
    AlarmSeverity,
    Comparison,
    MetricGroup,
    MissingData,
)
from shipway.monitoring.alarm_rules import alarm_rules

PLACE = AlarmDimensions(
    "web-production", "web-production", "web", "/web/production/web", "web/production"
)
EVERYTHING = Monitoring(least_traffic=100)
RULES = {rule.name: rule for rule in alarm_rules(PLACE, EVERYTHING)}


def plain(datapoints: int, of: int, missing: MissingData, **more: object) -> AlarmRule:
    """A rule over one metric that rings from 1 on."""
    rule = AlarmRule(
        name="plain",
        severity=AlarmSeverity.WARNING,
        group=MetricGroup.ALONE,
        meaning="",
        unit="",
        metrics=(AlarmMetric("m", "N", "M", (), "Sum"),),
        threshold=1.0,
        comparison=Comparison.AT_LEAST,
        datapoints=datapoints,
        of=of,
        missing=missing,
    )
    return replace(rule, **more)  # type: ignore[arg-type]  # each is a field of Rule


def points(drawn: str) -> list[float | None]:
    """`0 - X`: good, missing, bad; oldest first, as the user guide draws them."""
    values: dict[str, float | None] = {"0": 0.0, "-": None, "X": 1.0}
    return [values[one] for one in drawn.split()]
