"""Requests that were sent and not answered: a request counts from when it is sent.

A release that hangs answers nothing, so what it answers says nothing of it. Known are, window by
window, how many requests were sent to a release and how many it answered. Those that no answer
can be hiding are overdue: all that were sent longer ago than `patience`, less all answers. If
some that are younger were answered first, it is fewer than there are, never more. What a client
gave up waiting for stays unanswered.

When within its window a request was sent is not known. A short window counts as sent at its end. In
a long one, as CloudWatch's minutes are, requests lie evenly: otherwise what is lost would be known
a minute later. A burst at its end is told apart from a loss as long as it is smaller than the
patience is longer than a usual response time.

Each request is overdue once. That one is, is an event like an error, in both releases alike, so it
keeps the bounds that errors have, whatever the patience is: it decides only how soon.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, inf

from shipway.rollouts.analysis.latency import ENOUGH, Histogram, quantile_edge
from shipway.rollouts.analysis.window import RequestCounts

LEAST_PATIENCE = 1.0  # seconds
LONG_WINDOW = 10.0  # seconds from which on requests are taken to lie evenly in a window
UNKNOWN_PATIENCE = 30.0  # seconds, where no response time of the baseline is known
SLOWEST = 0.99  # so much of the baseline's responses is waited for


def patience(histogram: Histogram) -> float:
    """Seconds after which a request without an answer is overdue: nearly all of the baseline's
    have theirs by then."""
    if not histogram or histogram[-1][1] < ENOUGH:
        return UNKNOWN_PATIENCE
    edge = quantile_edge(histogram, SLOWEST)
    last = max((edge for edge, _ in histogram if edge != inf), default=0.0)
    return max(LEAST_PATIENCE, (last if edge is None else edge) / 1000.0)


def mean_seconds(histogram: Histogram) -> float:
    """The mean response time; 0 where none is known. Each response counts as its bucket's upper
    edge, one beyond the last as that."""
    below = weighted = last = 0.0
    for edge, count in histogram:
        last = last if edge == inf else edge
        weighted += (count - below) * last
        below = count
    return weighted / below / 1000.0 if below else 0.0


@dataclass(frozen=True, kw_only=True)
class UnansweredRequests:
    """Of one release. sent, answered: since it is watched. recent: the newest windows, as
    (seconds, sent), the newest last. overdue: the most that ever were at the same time, so that
    none counts twice."""

    sent: int = 0
    answered: int = 0
    recent: tuple[tuple[float, int], ...] = ()
    overdue: int = 0

    @property
    def pending(self) -> int:
        """Requests without an answer: in flight, or given up by their clients."""
        return max(0, self.sent - self.answered)

    @property
    def rate(self) -> float:
        """Requests sent a second, lately."""
        seconds = sum(window for window, _ in self.recent)
        return sum(sent for _, sent in self.recent) / seconds if seconds else 0.0

    def after(self, counts: RequestCounts, seconds: float, limit: float) -> UnansweredRequests:
        """With one more window; limit: the patience in seconds."""
        if counts.sent is None:
            return self
        windows = (*self.recent, (seconds, counts.sent))
        age, young, kept = 0.0, 0, len(windows)
        for window, sent in reversed(windows):
            if age >= limit - 1e-9:
                break
            part = min(1.0, (limit - age) / window) if window >= LONG_WINDOW else 1.0
            age, young, kept = age + window, young + ceil(part * sent - 1e-9), kept - 1
        sent, answered = self.sent + counts.sent, self.answered + counts.requests
        return replace(
            self,
            sent=sent,
            answered=answered,
            recent=windows[kept:],
            overdue=max(self.overdue, sent - young - answered),
        )


def with_overdue(counts: RequestCounts, overdue: int) -> RequestCounts:
    """Counts in which so many requests that became overdue failed, slower than any threshold."""
    if not overdue:
        return counts
    buckets = counts.buckets and {
        **counts.buckets,
        inf: counts.buckets.get(inf, max(counts.requests, *counts.buckets.values())) + overdue,
    }
    clients = None if counts.error_clients is None else counts.error_clients + overdue
    return replace(
        counts,
        requests=counts.requests + overdue,
        errors=counts.failed + overdue,
        buckets=buckets,
        error_clients=clients,
    )


def unanswered_excess(
    ours: UnansweredRequests, theirs: UnansweredRequests, histogram: Histogram
) -> int:
    """The candidate's requests without an answer beyond those that the baseline would have.

    That is as many in flight as its mean response time makes (Little 1961), and as large a share
    that was never answered. histogram: of the baseline's response times.
    """
    mean = mean_seconds(histogram)
    usual = ours.rate * mean
    if theirs.sent:
        usual += ours.sent * max(0.0, theirs.pending - theirs.rate * mean) / theirs.sent
    return max(0, ceil(ours.pending - usual - 1e-9))
