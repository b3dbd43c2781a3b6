"""Figures and durations as people read them."""

from __future__ import annotations

from typing import Any

PERCENTILES = ("p50", "p95", "p99")


def figure(value: Any) -> str:
    """A figure for people: at most two decimals, thousands apart."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "" if value is None else str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def duration(seconds: float) -> str:
    """`0.12 s`, `4.2 s`, `1 min 05 s`."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"
