"""A receipt's samples read with care: what is no figure counts as not measured. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_EPOCH = 1e9  # a time above it is since the epoch, one below it is since the start already


@dataclass(frozen=True)
class Got:
    """What one release got. p95 in milliseconds, None where it was not measured."""

    requests: float = 0.0
    failed: float = 0.0
    p95: float | None = None

    @property
    def error_rate(self) -> float | None:
        """Per cent of the requests that failed; None where there were none."""
        return min(100.0, self.failed / self.requests * 100) if self.requests > 0 else None


@dataclass(frozen=True)
class Sample:
    """What the releases got since the sample before.

    at: seconds since the rollout's start. weight: per cent of the traffic that the new release
    gets, None where nobody said.
    """

    at: float
    weight: float | None = None
    releases: Mapping[str, Got] = field(default_factory=dict)


def finite(value: Any) -> float | None:
    """The figure, or None for whatever is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def since(at: Any, started: float) -> float | None:
    """A time as seconds since `started` (seconds since the epoch)."""
    moment = finite(at)
    return moment - started if moment is not None and moment > _EPOCH else moment


def entries(raw: Any) -> list[Mapping[str, Any]]:
    """Those of a list that are mappings; empty for what is no list."""
    found = raw if isinstance(raw, (list, tuple)) else ()
    return [one for one in found if isinstance(one, Mapping)]


def samples(raw: Any, started: float) -> list[Sample]:
    """The samples of a receipt, in order of time; one without a time is left out."""
    found = [
        Sample(at, _share(one.get("weight")), _releases(one.get("releases")))
        for one in entries(raw)
        if (at := since(one.get("at"), started)) is not None
    ]
    return sorted(found, key=lambda sample: sample.at)


def thinned(found: Sequence[Sample], most: int) -> list[Sample]:
    """At most `most` samples that stand for all: neighbours are taken together.

    Requests and failures are added up, of p95 the worst is kept, of times and weights the last.
    """
    size = max(1, math.ceil(len(found) / most))
    return [_together(found[start : start + size]) for start in range(0, len(found), size)]


def names(found: Iterable[Sample]) -> list[str]:
    """The releases that got anything, in order of their first sample."""
    return list(dict.fromkeys(name for sample in found for name in sample.releases))


def totals(found: Iterable[Sample]) -> dict[str, Got]:
    """What each release got altogether; p95 is its worst."""
    every = list(found)
    return {name: _added([one.releases.get(name, Got()) for one in every]) for name in names(every)}


def _together(group: Sequence[Sample]) -> Sample:
    return Sample(group[-1].at, group[-1].weight, totals(group)) if len(group) > 1 else group[0]


def _added(parts: Sequence[Got]) -> Got:
    measured = [one.p95 for one in parts if one.p95 is not None]
    requests, failed = sum(one.requests for one in parts), sum(one.failed for one in parts)
    return Got(requests, failed, max(measured, default=None))


def _share(value: Any) -> float | None:
    share = finite(value)
    return None if share is None else min(100.0, max(0.0, share))


def _releases(raw: Any) -> dict[str, Got]:
    rows = raw.items() if isinstance(raw, Mapping) else ()
    return {str(name): _got(row) for name, row in rows if isinstance(row, Mapping)}


def _got(row: Mapping[str, Any]) -> Got:
    p95 = finite(row.get("p95"))
    return Got(_count(row.get("requests")), _count(row.get("failed")),
               None if p95 is None else max(0.0, p95))  # fmt: skip


def _count(value: Any) -> float:
    return max(0.0, finite(value) or 0.0)
