"""Composite alarms: one fault rings once, whatever else it brings about.

A full disk makes errors, slow answers and restarts. Symptoms ring before causes: while visitors
are known to suffer, what only says why stays quiet, and rings afterwards if it is still there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from shipway.monitoring.alarm import AlarmRule, AlarmSeverity, MetricGroup

# Seconds. A cause may be seen before its symptom: it waits so long for it, and so long after it.
# Error rates need three bad minutes, and the balancer's metrics come a minute late.
WAIT = 300
EXTENSION = 180
AFFECTED = "affected"


@dataclass(frozen=True)
class CompositeAlarm:
    """An alarm over others: in ALARM while any of `of` is. `suppressor` keeps it quiet."""

    name: str
    severity: AlarmSeverity
    meaning: str
    of: tuple[str, ...]
    suppressor: str = ""
    rings: bool = True


_MEANING = {
    MetricGroup.OUTAGE: (AlarmSeverity.CRITICAL, "Visitors cannot use the site.", ""),
    MetricGroup.DEGRADED: (
        AlarmSeverity.WARNING,
        "The site answers, but not as well as it should.",
        "outage",
    ),
    MetricGroup.STRAIN: (AlarmSeverity.WARNING, "Something is nearly used up.", AFFECTED),
    MetricGroup.SECURITY: (AlarmSeverity.WARNING, "Somebody tries what they may not.", ""),
}


def composite_alarms(rules: Sequence[AlarmRule]) -> tuple[CompositeAlarm, ...]:
    """The composite alarms over these rules; a group without rules has none."""
    alarms = [composite for group in _MEANING if (composite := _of(group, rules)) is not None]
    symptoms = tuple(
        composite.name
        for composite in alarms
        if composite.name in (MetricGroup.OUTAGE, MetricGroup.DEGRADED)
    )
    names = {composite.name for composite in alarms}
    if symptoms:
        names.add(AFFECTED)
        alarms.append(
            CompositeAlarm(
                AFFECTED,
                AlarmSeverity.WARNING,
                "Visitors feel something. Rings for nobody.",
                symptoms,
                rings=False,
            )
        )
    return tuple(_quieted(composite, names) for composite in alarms)


def _of(group: MetricGroup, rules: Sequence[AlarmRule]) -> CompositeAlarm | None:
    children = tuple(rule for rule in rules if rule.group is group)
    if not children:
        return None
    severity, meaning, suppressor = _MEANING[group]
    return CompositeAlarm(
        group.value, severity, meaning, tuple(rule.name for rule in children), suppressor
    )


def _quieted(composite: CompositeAlarm, names: set[str]) -> CompositeAlarm:
    """Without a suppressor that was switched off."""
    if composite.suppressor in names:
        return composite
    return CompositeAlarm(
        composite.name, composite.severity, composite.meaning, composite.of, "", composite.rings
    )


def alarm_route(rule: AlarmRule) -> str:
    """How the rule's message leaves, in words: the name of a composite, `itself` or `event`."""
    return {MetricGroup.ALONE: "itself", MetricGroup.EVENT: "event"}.get(
        rule.group, rule.group.value
    )


# The alarms of an environment in words.


def alarm_lines(rules: Sequence[AlarmRule], composites: Sequence[CompositeAlarm]) -> list[str]:
    """A paragraph an alarm, then what rings for several."""
    width = max((len(rule.name) for rule in rules), default=0)
    lines = []
    for rule in rules:
        lines.append(f"{rule.name:<{width}}  {rule.severity:<8}  {rule.condition}")
        lines.append(f"{'':<{width}}  {'':<8}  {rule.meaning} Rings through: {alarm_route(rule)}.")
    lines.append("")
    for composite in composites:
        quiet = f", not while {composite.suppressor} is on" if composite.suppressor else ""
        rings = f"rings ({composite.severity})" if composite.rings else "rings for nobody"
        lines.append(f"{composite.name}: any of {', '.join(composite.of)}; {rings}{quiet}")
    return lines


class AlarmData(TypedDict):
    """An alarm as JSON: see AlarmRule. rings_through: how its message leaves (`alarm_route`)."""

    name: str
    severity: str
    meaning: str
    condition: str
    threshold: float
    unit: str
    period: int
    datapoints: int
    of: int
    missing: str
    rings_through: str


class CompositeData(TypedDict):
    """A composite alarm as JSON: see CompositeAlarm."""

    name: str
    severity: str
    of: list[str]
    suppressor: str
    rings: bool


class AlarmsData(TypedDict):
    """The alarms of an environment as JSON."""

    alarms: list[AlarmData]
    composites: list[CompositeData]


def alarm_data(rules: Sequence[AlarmRule], composites: Sequence[CompositeAlarm]) -> AlarmsData:
    """The same as JSON-able data."""
    return {
        "alarms": [
            {
                "name": rule.name,
                "severity": rule.severity.value,
                "meaning": rule.meaning,
                "condition": rule.condition,
                "threshold": rule.threshold,
                "unit": rule.unit,
                "period": rule.period,
                "datapoints": rule.datapoints,
                "of": rule.of,
                "missing": rule.missing.value,
                "rings_through": alarm_route(rule),
            }
            for rule in rules
        ],
        "composites": [
            {
                "name": composite.name,
                "severity": composite.severity.value,
                "of": list(composite.of),
                "suppressor": composite.suppressor,
                "rings": composite.rings,
            }
            for composite in composites
        ],
    }
