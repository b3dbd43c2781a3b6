"""What the judge sees, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Decision(StrEnum):
    """What is to be done with the candidate now."""

    PROMOTE = "promote"
    CONTINUE = "keep watching"
    INCONCLUSIVE = "hold"
    ROLL_BACK = "roll back"


@dataclass(frozen=True)
class RequestCounts:
    """One release's requests in one window.

    buckets: upper edge in milliseconds → requests at or below it, cumulative as in Envoy and
    Prometheus; empty where nothing was measured. error_clients: errors with each client's burst
    counted once, for the release that it met first; None where clients are not known. requests
    are those that were answered; sent: those that were sent in the window, None where the
    platform does not count them.
    Raises ValueError for a negative count.
    """

    requests: int = 0
    errors: int = 0
    buckets: Mapping[float, int] = field(default_factory=dict)
    error_clients: int | None = None
    sent: int | None = None

    def __post_init__(self) -> None:
        counts = (self.requests, self.errors, self.error_clients or 0, self.sent or 0)
        if min(*counts, *self.buckets.values()) < 0:
            raise ValueError(f"a count is negative: {self}")

    @property
    def failed(self) -> int:
        """Errors, at most the requests: counters are read one after the other."""
        return min(self.errors, self.requests)

    @property
    def reached(self) -> bool:
        """Whether any request reached the release, answered or not."""
        return bool(self.requests or self.sent)

    @property
    def bursts(self) -> int:
        """Errors with a client's burst counted once, where clients are known."""
        if self.error_clients is None:
            return self.failed
        return min(self.error_clients, self.failed)


@dataclass(frozen=True)
class AnalysisWindow:
    """What was counted in so many seconds, at one share of traffic.

    alone: whether the candidate has all requests by now, so that none of the baseline is to come.
    candidate_probes, baseline_probes: requests of Shipway's own, which are in neither of the
    others: releases get different shares of them, so they are compared with each other only.
    """

    seconds: float
    candidate: RequestCounts
    baseline: RequestCounts
    alone: bool = False
    candidate_probes: RequestCounts = field(default_factory=RequestCounts)
    baseline_probes: RequestCounts = field(default_factory=RequestCounts)

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise ValueError(f"a window must last: {self.seconds} s")


@dataclass(frozen=True)
class Judgement:
    """A decision and why, in one sentence with figures.

    evidence: how many times better "worse than the baseline" explains what was seen, as an
    e-value; at 1/alpha it is a roll back. metrics: each metric's own e-values, NAME against the
    candidate and promote_NAME for it.
    """

    decision: Decision
    sentence: str
    evidence: float
    metrics: Mapping[str, float]
