"""What a load saw, as figures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shipway.core.load import PLAIN, Sent


@dataclass(frozen=True)
class Latency:
    """Of requests that were answered, in milliseconds; None where there were none."""

    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True)
class LoadSummary:
    """A load, or a part of it.

    requests, failed: all kinds of requests together. users_hit: people with a failed request.
    errors: what happened ("reset", "500") → how often. releases: name → requests that it
    answered; "" are those that nobody signed. latency: of plain requests that did not fail.
    failing: seconds from when the first failed request was due to the end of the last; 0 when
    none failed. latest: the most seconds that the load itself was late to send one.
    """

    requests: int
    failed: int
    users_hit: int
    errors: dict[str, int]
    releases: dict[str, int]
    latency: Latency
    failing: float
    latest: float


def summarise(sent: Iterable[Sent]) -> LoadSummary:
    """Count."""
    every = list(sent)
    failed = [one for one in every if one.failed]
    return LoadSummary(
        requests=len(every),
        failed=len(failed),
        users_hit=len({one.user for one in failed}),
        errors=dict(Counter(one.error or str(one.status) for one in failed)),
        releases=dict(Counter(one.release for one in every)),
        latency=latency(every),
        failing=failing(failed),
        latest=max((one.late for one in every), default=0.0),
    )


def latency(sent: Iterable[Sent]) -> Latency:
    """Percentiles of the plain requests that were answered well."""
    values = sorted(one.latency for one in sent if one.kind == PLAIN and not one.failed)
    return Latency(*(_milliseconds(percentile(values, share)) for share in (0.5, 0.95, 0.99)))


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest of the sorted values that at least `share` of them do not exceed.

    (Nearest rank: always a value that was measured.) None of nothing.
    """
    if not values:
        return None
    return values[max(0, math.ceil(share * len(values)) - 1)]


def failing(failed: Iterable[Sent]) -> float:
    """Seconds from when the first of these was due to the end of the last; 0 of nothing."""
    every = list(failed)
    if not every:
        return 0.0
    return max(one.at + one.latency for one in every) - min(one.at for one in every)


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
