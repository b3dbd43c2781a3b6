"""What releases got in a stretch of time, and its figures. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipway.core.judge import Counts


@dataclass(frozen=True)
class Sample:
    """What each release got in the `seconds` before `at`. counts: by its key on the platform."""

    at: float
    seconds: float
    counts: Mapping[str, Counts]


def added(first: Counts, other: Counts) -> Counts:
    """Both together."""
    edges = {**first.buckets, **other.buckets}
    return Counts(
        first.requests + other.requests,
        first.errors + other.errors,
        {edge: first.buckets.get(edge, 0) + other.buckets.get(edge, 0) for edge in sorted(edges)},
    )


def scaled(counts: Counts, most: int) -> Counts:
    """At most so many requests, in the same proportions; what is left of one is a whole one."""
    if counts.requests <= most:
        return counts

    def part(count: int) -> int:
        return -(-count * most // counts.requests)

    edges = {edge: part(count) for edge, count in counts.buckets.items()}
    return Counts(most, part(counts.errors), edges)


def percentile(counts: Counts, share: float) -> float | None:
    """Milliseconds that `share` (0 to 1) of the requests took at most; None without any.

    Between two edges the requests are taken to lie evenly, as Prometheus' histogram_quantile does.
    """
    total = max(counts.buckets.values(), default=0)
    rank, below, at = share * total, 0, 0.0
    for edge, count in sorted(counts.buckets.items()):
        if total and count >= rank:
            if edge == float("inf") or count == below:
                return at
            return round(at + (edge - at) * (rank - below) / (count - below), 2)
        below, at = count, edge
    return None


def summary(counts: Counts) -> dict[str, float]:
    """requests, failed, and p50, p95, p99 (ms) where there are any: as receipts have it."""
    figures: dict[str, float] = {"requests": counts.requests, "failed": counts.errors}
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        if (value := percentile(counts, share)) is not None:
            figures[name] = value
    return figures


def shown(counts: Counts) -> dict[str, float]:
    """requests, failed, and p95 where there is one: a release in one of a receipt's samples."""
    p95 = percentile(counts, 0.95)
    figures: dict[str, float] = {"requests": counts.requests, "failed": counts.errors}
    return {**figures, "p95": p95} if p95 is not None else figures


def packed(counts: Counts) -> list[Any]:
    """JSON-able; an infinite edge is the text "inf"."""
    edges = [[str(edge), count] for edge, count in counts.buckets.items()]
    return [counts.requests, counts.errors, edges]


def unpacked(data: list[Any]) -> Counts:
    """What `packed` gave."""
    return Counts(data[0], data[1], {float(edge): count for edge, count in data[2]})
