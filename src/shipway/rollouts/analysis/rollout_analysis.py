"""Hands what was counted to the judge, and remembers what it said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shipway.config.schema import Environment
from shipway.rollouts.analysis import judge
from shipway.rollouts.analysis.state import JudgeState
from shipway.rollouts.analysis.window import AnalysisWindow, Decision, Judgement, RequestCounts
from shipway.rollouts.report import JudgementRow, ReleaseFigures

# What releases got in a stretch of time, and its figures. Pure.


@dataclass(frozen=True)
class TrafficSample:
    """What each release got in the `seconds` before `at`. counts: by its key on the platform;
    probes: requests of Shipway's own, which are not in counts."""

    at: float
    seconds: float
    counts: Mapping[str, RequestCounts]
    probes: Mapping[str, RequestCounts] = field(default_factory=dict)


def add_counts(first: RequestCounts, other: RequestCounts) -> RequestCounts:
    """Both together."""
    edges = {**first.buckets, **other.buckets}
    return RequestCounts(
        first.requests + other.requests,
        first.errors + other.errors,
        {edge: first.buckets.get(edge, 0) + other.buckets.get(edge, 0) for edge in sorted(edges)},
        sent=_both_sent(first, other),
    )


def _both_sent(first: RequestCounts, other: RequestCounts) -> int | None:
    """Requests sent, of both; None where neither knows."""
    if first.sent is None and other.sent is None:
        return None
    return sum(counts.requests if counts.sent is None else counts.sent for counts in (first, other))


def scale_counts(counts: RequestCounts, most: int) -> RequestCounts:
    """At most so many requests, in the same proportions; what is left of one is a whole one."""
    if counts.requests <= most:
        return counts

    def part(count: int) -> int:
        return -(-count * most // counts.requests)

    edges = {edge: part(count) for edge, count in counts.buckets.items()}
    return RequestCounts(most, part(counts.errors), edges)


def histogram_percentile(counts: RequestCounts, share: float) -> float | None:
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


def counts_summary(counts: RequestCounts) -> ReleaseFigures:
    """requests, failed, and p50, p95, p99 (ms) where there are any: as receipts have it."""
    figures = ReleaseFigures(requests=counts.requests, failed=counts.errors)
    if (median := histogram_percentile(counts, 0.5)) is not None:
        figures["p50"] = median
    if (p95 := histogram_percentile(counts, 0.95)) is not None:
        figures["p95"] = p95
    if (p99 := histogram_percentile(counts, 0.99)) is not None:
        figures["p99"] = p99
    return figures


def sample_figures(counts: RequestCounts) -> ReleaseFigures:
    """requests, failed, and p95 where there is one: a release in one of a receipt's samples."""
    figures = ReleaseFigures(requests=counts.requests, failed=counts.errors)
    if (p95 := histogram_percentile(counts, 0.95)) is not None:
        figures["p95"] = p95
    return figures


@dataclass(frozen=True)
class AnalysisState:
    """What an analysis knows, as the record keeps it."""

    state: JudgeState
    evidence: tuple[JudgementRow, ...] = ()


COARSE = 10.0  # seconds from which on a sample is not cut where the shares of traffic change
PAST = 1000  # requests that the time before a rollout counts for


class RolloutAnalysis:
    """One rollout before the judge. evidence: as receipts have it, where it changed."""

    def __init__(self, settings: Environment, new: str, old: str) -> None:
        self._new = new
        self._old = old
        self._state = judge.initial_state(replace(settings.judge, sticky=settings.sticky))
        self._on = settings.judged
        self._rolling = settings.strategy == "rolling"
        self._weight: float | None = None
        self.last: Judgement | None = None
        self.evidence: list[JudgementRow] = []

    def seed_baseline(self, past: Mapping[str, RequestCounts]) -> None:
        """What both answered before the rollout, by their keys; the old one's says what is usual.

        A part of it only: what comes from now on is to count more.
        """
        if self._on and self._old in past:
            self._state = judge.seed_baseline(self._state, scale_counts(past[self._old], PAST))

    def observe(self, sample: TrafficSample, weight: float) -> JudgementRow | None:
        """Judge a sample; what was said, where the decision is another than before.

        weight: percent for the new release. Before it has any, the judge learns what is usual.
        A minute in which it changed is not judged, because the releases did not serve all of it
        alike; of a rolling update, in which it always changes, only the first.
        """
        new, old = (sample.counts.get(name, RequestCounts()) for name in (self._new, self._old))
        new_probes, old_probes = (
            sample.probes.get(name, RequestCounts()) for name in (self._new, self._old)
        )
        before = self._weight
        moved = before is not None and weight != before and not (before and self._rolling)
        self._weight = weight
        if not self._on or (moved and sample.seconds >= COARSE):
            return None
        if not weight and not new.reached:
            if old.reached:
                self._state = judge.observe_baseline(self._state, sample.seconds, old, old_probes)
            return None
        window = AnalysisWindow(sample.seconds, new, old, weight >= 100, new_probes, old_probes)
        self._state, judged = judge.observe(self._state, window)
        changed = self.last is None or judged.decision is not self.last.decision
        self.last = judged
        if not changed:
            return None
        judgement = JudgementRow(
            at=sample.at, decision=str(judged.decision), sentence=judged.sentence
        )
        self.evidence.append(judgement)
        return judgement

    def current(self, at: float) -> JudgementRow | None:
        """What it says at a time, also where that is no other decision; None before it says
        anything. at: seconds since the epoch."""
        if self.last is None:
            return None
        return JudgementRow(at=at, decision=str(self.last.decision), sentence=self.last.sentence)

    @property
    def decision(self) -> Decision:
        """What it said last."""
        return self.last.decision if self.last else Decision.CONTINUE

    @property
    def reasons_to_doubt(self) -> bool:
        """Whether what was seen so far speaks against the release, though not enough."""
        if self.last is None:
            return False
        return self.last.evidence >= judge.DOUBT or judge.waits_for_answers(self._state)

    @property
    def sentence(self) -> str:
        """Why."""
        return self.last.sentence if self.last else "nothing was judged"

    def snapshot(self) -> AnalysisState:
        """For the record."""
        return AnalysisState(self._state, tuple(self.evidence))

    def restore(self, known: AnalysisState) -> None:
        """What `snapshot` gave."""
        self._state = known.state
        self.evidence = list(known.evidence)
