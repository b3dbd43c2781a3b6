"""Figures and durations as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

PERCENTILES = ("p50", "p95", "p99")


def format_figure(value: Any) -> str:
    """A figure for people: at most two decimals, thousands apart."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "" if value is None else str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def format_duration(seconds: float) -> str:
    """`0.12 s`, `4.2 s`, `1 min 05 s`."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


def format_age(seconds: float) -> str:
    """`just now`, `5 minutes ago`, `2 days ago`."""
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if count := int(seconds) // length:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def utc(moment: float) -> str:
    """A time for people: `2026-11-28 14:05 UTC`; "–" for one that no calendar has.

    moment: seconds since the epoch.
    """
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return "–"


def sparkline(values: Sequence[float]) -> str:
    """Figures, the oldest first, as the path of an SVG of 100 by 24; 0 is its lower edge."""
    top = max([*values, 1e-9])
    stride = 100 / max(len(values) - 1, 1)
    points = [
        f"{index * stride:.1f} {22 - value / top * 20:.1f}" for index, value in enumerate(values)
    ]
    return "M" + "L".join(points) if points else ""


# How what a judge and a rollout decide feels: the colour of a mark and of a line.

_TONES = {
    "promote": "good",
    "passed": "good",
    "roll back": "bad",
    "rolled back": "bad",
    "failed": "bad",
    "needs a person": "bad",
    "hold": "unsure",
    "unknown": "unsure",
    "interrupted": "unsure",
    "unfinished": "unsure",
}


def style_of(decision: str) -> str:
    """good, bad, unsure; or quiet, where nothing is decided."""
    text = decision.strip().lower().replace("_", " ").replace("-", " ")
    return _TONES.get({"rollback": "roll back"}.get(text, text), "quiet")
