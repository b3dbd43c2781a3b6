"""A receipt's samples read with care: what is no figure counts as not measured. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shipway.codec import JsonObject

_EPOCH = 1e9  # a time above it is since the epoch, one below it is since the start already


@dataclass(frozen=True)
class ReleaseTraffic:
    """What one release got. p95 in milliseconds, None where it was not measured."""

    requests: float = 0.0
    failed: float = 0.0
    p95: float | None = None

    @property
    def error_rate(self) -> float | None:
        """Per cent of the requests that failed; None where there were none."""
        return min(100.0, self.failed / self.requests * 100) if self.requests > 0 else None


@dataclass(frozen=True)
class ChartSample:
    """What the releases got since the sample before.

    at: seconds since the rollout's start. weight: per cent of the traffic that the new release
    gets, None where nobody said.
    """

    at: float
    weight: float | None = None
    releases: Mapping[str, ReleaseTraffic] = field(default_factory=dict)


def finite_number(value: Any) -> float | None:
    """The figure, or None for whatever is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def seconds_since(at: Any, started: float) -> float | None:
    """A time as seconds since `started` (seconds since the epoch)."""
    moment = finite_number(at)
    return moment - started if moment is not None and moment > _EPOCH else moment


def mapping_entries(raw: Any) -> list[JsonObject]:
    """Those of a list that are mappings; empty for what is no list."""
    items = raw if isinstance(raw, (list, tuple)) else ()
    return [item for item in items if isinstance(item, dict)]


def chart_samples(raw: Any, started: float) -> list[ChartSample]:
    """The samples of a receipt, in order of time; one without a time is left out."""
    results = [
        ChartSample(at, _share(entry.get("weight")), _releases(entry.get("releases")))
        for entry in mapping_entries(raw)
        if (at := seconds_since(entry.get("at"), started)) is not None
    ]
    return sorted(results, key=lambda sample: sample.at)


def thin_samples(samples: Sequence[ChartSample], most: int) -> list[ChartSample]:
    """At most `most` samples that stand for all: neighbours are taken together.

    Requests and failures are added up, of p95 the worst is kept, of times and weights the last.
    """
    size = max(1, math.ceil(len(samples) / most))
    return [_together(samples[start : start + size]) for start in range(0, len(samples), size)]


def release_names(samples: Iterable[ChartSample]) -> list[str]:
    """The releases that got anything, in order of their first sample."""
    return list(dict.fromkeys(name for sample in samples for name in sample.releases))


def traffic_totals(samples: Iterable[ChartSample]) -> dict[str, ReleaseTraffic]:
    """What each release got altogether; p95 is its worst."""
    every = list(samples)
    return {
        name: _added([sample.releases.get(name, ReleaseTraffic()) for sample in every])
        for name in release_names(every)
    }


def _together(group: Sequence[ChartSample]) -> ChartSample:
    return (
        ChartSample(group[-1].at, group[-1].weight, traffic_totals(group))
        if len(group) > 1
        else group[0]
    )


def _added(parts: Sequence[ReleaseTraffic]) -> ReleaseTraffic:
    measured = [part.p95 for part in parts if part.p95 is not None]
    requests, failed = sum(part.requests for part in parts), sum(part.failed for part in parts)
    return ReleaseTraffic(requests, failed, max(measured, default=None))


def _share(value: Any) -> float | None:
    share = finite_number(value)
    return None if share is None else min(100.0, max(0.0, share))


def _releases(raw: Any) -> dict[str, ReleaseTraffic]:
    rows = raw.items() if isinstance(raw, Mapping) else ()
    return {str(name): _got(row) for name, row in rows if isinstance(row, dict)}


def _got(row: JsonObject) -> ReleaseTraffic:
    p95 = finite_number(row.get("p95"))
    return ReleaseTraffic(
        _count(row.get("requests")),
        _count(row.get("failed")),
        None if p95 is None else max(0.0, p95),
    )


def _count(value: Any) -> float:
    return max(0.0, finite_number(value) or 0.0)
