"""The parts of a dashboard, in CloudWatch's dashboard body structure. `${Name}` is known later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Widget = dict[str, Any]
Line = list[Any]  # a metric, or an expression, as a dashboard writes them

_REGION = "${AWS::Region}"
WIDTH, HEIGHT = 12, 6  # of 24 columns


def graph(title: str, lines: Sequence[Line], *, unit: str = "", **more: Any) -> Widget:
    """Lines over time. unit: what the left axis says."""
    axis = {"yAxis": {"left": {"label": unit, "showUnits": False, "min": 0}}} if unit else {}
    return {
        "type": "metric",
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": title, "region": _REGION, "view": "timeSeries", "period": 60,
            "metrics": list(lines), **axis, **more,
        },
    }  # fmt: skip


def line(
    namespace: str, name: str, dimensions: Sequence[tuple[str, str]], stat: str, **more: Any
) -> Line:
    """One metric."""
    flat = [part for pair in dimensions for part in pair]
    return [namespace, name, *flat, {"stat": stat, **more}]


def search(
    namespace: str, name: str, dimensions: Sequence[str], stat: str, period: int = 60, **more: Any
) -> Line:
    """A line for every value of the dimensions: releases come and go."""
    schema = ",".join((f'"{namespace}"', *dimensions))
    found = f"SEARCH('{{{schema}}} MetricName=\"{name}\"', '{stat}', {period})"
    return [{"expression": found, **more}]


def table(title: str, group: str, query: str) -> Widget:
    """What a Logs Insights query finds."""
    return {
        "type": "log",
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": title, "region": _REGION, "view": "table",
            "query": f"SOURCE '{group}' | {query}",
        },
    }  # fmt: skip


def alarm_states(title: str, names: Sequence[str]) -> Widget:
    """The states of alarms."""
    arn = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:"
    return {
        "type": "alarm",
        "width": 2 * WIDTH,
        "height": 4,
        "properties": {"title": title, "alarms": [f"{arn}{name}" for name in names]},
    }


def words(text: str) -> Widget:
    """Markdown."""
    return {"type": "text", "width": 2 * WIDTH, "height": 2, "properties": {"markdown": text}}


def laid_out(widgets: Sequence[Widget]) -> list[Widget]:
    """Two in a row, a wide one alone."""
    x = y = row = 0
    placed = []
    for widget in widgets:
        if x + widget["width"] > 2 * WIDTH:
            x, y = 0, y + row
            row = 0
        placed.append({**widget, "x": x, "y": y})
        x += widget["width"]
        row = max(row, widget["height"])
    return placed
