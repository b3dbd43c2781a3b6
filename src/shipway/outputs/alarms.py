"""The alarms of an environment in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shipway.core.alarms.composite import Composite, route
from shipway.core.alarms.rule import Rule


def alarm_lines(rules: Sequence[Rule], made: Sequence[Composite]) -> list[str]:
    """A paragraph an alarm, then what rings for several."""
    width = max((len(rule.name) for rule in rules), default=0)
    lines = []
    for rule in rules:
        lines.append(f"{rule.name:<{width}}  {rule.severity:<8}  {rule.condition}")
        lines.append(f"{'':<{width}}  {'':<8}  {rule.meaning} Rings through: {route(rule)}.")
    lines.append("")
    for one in made:
        quiet = f", not while {one.suppressor} is on" if one.suppressor else ""
        rings = f"rings ({one.severity})" if one.rings else "rings for nobody"
        lines.append(f"{one.name}: any of {', '.join(one.of)}; {rings}{quiet}")
    return lines


def alarm_data(rules: Sequence[Rule], made: Sequence[Composite]) -> dict[str, Any]:
    """The same as JSON-able data."""
    return {
        "alarms": [
            {
                "name": rule.name, "severity": rule.severity.value, "meaning": rule.meaning,
                "condition": rule.condition, "threshold": rule.threshold, "unit": rule.unit,
                "period": rule.period, "datapoints": rule.datapoints, "of": rule.of,
                "missing": rule.missing.value, "rings_through": route(rule),
            }
            for rule in rules
        ],
        "composites": [
            {
                "name": one.name, "severity": one.severity.value, "of": list(one.of),
                "suppressor": one.suppressor, "rings": one.rings,
            }
            for one in made
        ],
    }  # fmt: skip
