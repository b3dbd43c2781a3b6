"""The curves of a rollout's drawing as SVG paths in boxes of 100 by 100. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shipway.outputs.rollout_samples import Got, Sample

_ROUND = (1, 2, 2.5, 5, 10)
Scale = Callable[[float], float]


@dataclass(frozen=True)
class Panel:
    """One of the pictures under each other.

    top: the figure at the upper edge, in `unit`; the lower edge is 0. curves: release → path.
    areas: the share of the new release and of the old one, on the panel of the traffic only.
    """

    title: str
    unit: str
    top: float
    curves: dict[str, str]
    areas: tuple[str, str] | None = None


def panels(
    points: Sequence[Sample], shown: Sequence[str], x: Scale, patience: float
) -> tuple[Panel, ...]:
    """Traffic, errors and latency. x: seconds → per cent of the width. patience: seconds without
    a sample after which a curve breaks off."""
    return (
        Panel("Traffic to the new release", "%", 100.0, {}, _areas(points, x, patience)),
        _panel("Failed requests", "%", points, shown, (x, patience, lambda got: got.error_rate)),
        _panel("Latency (p95)", "ms", points, shown,
               (x, patience, lambda got: got.p95)),
    )  # fmt: skip


def round_up(value: float) -> float:
    """The next round figure, at least 1: what an axis ends with."""
    if value <= 1:
        return 1.0
    magnitude = 10.0 ** math.floor(math.log10(value))
    return next((r * magnitude for r in _ROUND if r * magnitude >= value), value)


def _panel(
    title: str, unit: str, points: Sequence[Sample], shown: Sequence[str],
    how: tuple[Scale, float, Callable[[Got], float | None]],
) -> Panel:  # fmt: skip
    x, patience, measure = how
    series = {
        name: [(one.at, measure(one.releases.get(name, Got()))) for one in points] for name in shown
    }
    measured = [value for values in series.values() for _, value in values if value is not None]
    top = round_up(max(measured, default=0.0))
    curves = {name: _curve(values, x, top, patience) for name, values in series.items()}
    return Panel(title, unit, top, curves)


def _curve(
    values: Sequence[tuple[float, float | None]], x: Scale, top: float, patience: float
) -> str:
    """Points joined; it breaks where nothing was measured. A point alone is a dot."""
    parts: list[str] = []
    before: float | None = None
    for at, value in values:
        if value is None:
            before = None
            continue
        joined = before is not None and at - before <= patience
        place = f"{x(at):.2f} {100 - value / top * 100:.2f}"
        parts.append(f"L{place}" if joined else f"M{place}h0")
        before = at
    return "".join(parts)


def _areas(points: Sequence[Sample], x: Scale, patience: float) -> tuple[str, str]:
    """The new release's share from below, the old one's above it, a box for each sample."""
    new, old = [], []
    befores = [points[0].at - patience / 3, *(one.at for one in points[:-1])]
    for before, one in zip(befores, points, strict=True):
        if one.weight is None:
            continue
        left, right = x(max(before, one.at - patience)), x(one.at)
        edge = 100 - one.weight
        new.append(f"M{left:.2f} 100V{edge:.2f}H{right:.2f}V100Z")
        old.append(f"M{left:.2f} 0V{edge:.2f}H{right:.2f}V0Z")
    return "".join(new), "".join(old)
