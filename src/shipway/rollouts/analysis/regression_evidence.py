"""The evidence that a release is worse: bets on each metric, in which a burst counts as one.

How much events come in bursts is learned from the baseline. The dispersion of counts of successive
blocks of time, as differences of neighbours, so that slow drift is none (von Neumann 1941): φ = Σ
(k_i·n_j − k_j·n_i)² / (n_i·n_j) / Σ (k_i + k_j)(1 − p). Independent events have φ = 1, bursts of c
events φ ≈ c. Likelihood ratios to the power of λ = 1/φ count a burst about once. λ depends on the
past only and is at most 1, so where events are independent the false alarms stay exactly bounded
(Jensen).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import exp, floor

from shipway.config.tables import JudgeSettings
from shipway.rollouts.analysis.hypergeometric import ContingencyTable, log_ratios, log_ratios_alone
from shipway.rollouts.analysis.latency import (
    Histogram,
    edge_at_least,
    quantile_edge,
    slower_count,
    slower_than,
    tolerated_time,
)
from shipway.rollouts.analysis.window import AnalysisWindow, RequestCounts

BLOCK = 30.0  # seconds: longer than most clients retry
SLOW_BLOCK = 10.0  # for slowness: longer than a stall, too short for a drift of the load to count
NOISE = 0.8  # from here on λ is taken as 1, unless clients stick
# The prior's φ, and how many events' worth it is; sticky: clients stay with one release.
PRIOR, TRUST = 1.0, 20.0
STICKY_PRIOR, STICKY_TRUST = 10.0, 10.0


@dataclass(frozen=True)
class BurstModel:
    """Sums over finished pairs of blocks, the block before, and the block that is being filled.

    edge: what is counted, a threshold in milliseconds; blocks of different ones are not compared.
    """

    observed: float = 0.0
    expected: float = 0.0
    before_events: float = 0.0
    before_requests: float = 0.0
    events: float = 0.0
    requests: float = 0.0
    seconds: float = 0.0
    edge: float = 0.0

    def power(self, *, sticky: bool) -> float:
        """λ, above 0 and at most 1."""
        prior, trust = (STICKY_PRIOR, STICKY_TRUST) if sticky else (PRIOR, TRUST)
        power = min(1.0, (self.expected + trust) / (self.observed + trust * prior))
        return 1.0 if power > NOISE and not sticky else power

    def add(self, seconds: float, requests: int, events: int, edge: float = 0.0) -> BurstModel:
        """With one more window of the baseline; edge: of slow responses, 0 for errors."""
        if edge != self.edge:
            return BurstModel(self.observed, self.expected, edge=edge).add(
                seconds, requests, events, edge
            )
        grown = replace(
            self,
            events=self.events + events,
            requests=self.requests + requests,
            seconds=self.seconds + seconds,
        )
        block = SLOW_BLOCK if edge else BLOCK
        return grown._next_block() if grown.seconds >= block - 1e-9 else grown

    def _next_block(self) -> BurstModel:
        if not self.requests:
            return replace(self, seconds=0.0)
        k, n, j, m = self.events, self.requests, self.before_events, self.before_requests
        squared = mean = 0.0
        if m:
            squared = (k * m - j * n) ** 2 / (n * m)
            mean = (k + j) * (1.0 - (k + j) / (n + m))
        return BurstModel(self.observed + squared, self.expected + mean, k, n, edge=self.edge)


# The release may have become worse at any time, by any factor: a bet on each, added up.
#
#     S_r ← min(L_r^λ, e^cap)·(S_r + h),  h = w_r·(1 − START)·seconds/horizon,  S_r(0) = w_r·START
#
# The sum of all S_r and of what is not yet spent is a nonnegative supermartingale that starts at 1
# (Shiryaev 1963; Shin, Ramdas and Rinaldo 2022, "E-detectors"), so it reaches 1/α with a chance of
# at most α, whenever one looks (Ville 1939). Smaller L keep that: the cap, which is there
# so that one second cannot decide alone, and λ ≤ 1 (Jensen), which is there for bursts.

ODDS = (1.5, 2.2, 5.0, 12.0, 60.0, 1000.0)
WEIGHTS = (0.1, 0.26, 0.2, 0.26, 0.1, 0.08)
START = 0.85  # of the stake is bet on "from the beginning"
CAP = 2.0  # nats a second
_LARGEST = 1e200
Bets = tuple[float, ...]


def initial_bets() -> Bets:
    """The stakes at the start, in the order of ODDS."""
    return tuple(weight * START for weight in WEIGHTS)


def update_bets(
    bets: Bets, logs: Sequence[float], *, seconds: float, spent: float, power: float
) -> Bets:
    """The bets after a window with these log likelihood ratios.

    spent: the share of later stakes, 0 to 1, that this window spends. power: λ.
    """
    cap = CAP * max(1.0, seconds)
    stake = (1.0 - START) * spent
    return tuple(
        min(exp(min(power * log_ratio, cap)) * (wealth + weight * stake), _LARGEST)
        for wealth, log_ratio, weight in zip(bets, logs, WEIGHTS, strict=True)
    )


def bets_wealth(bets: Bets, spent: float) -> float:
    """The e-value: all bets and what is not spent; spent: of all windows so far, 0 to 1."""
    return sum(bets) + (1.0 - START) * (1.0 - spent)


# Requests of different kinds, people's and probes, are compared each with their own: the releases
# may have different shares of them, and then the sum of both compares the kinds (Simpson 1951).
# Given all events of each kind, the candidate's are independent: likelihood ratios multiply.


@dataclass(frozen=True)
class Comparison:
    """Requests of one kind in one window. logs: of the likelihood ratios, in the order of ODDS.

    limit: the share of events that a candidate alone may have; None where both are compared.
    """

    table: ContingencyTable
    logs: Sequence[float]
    limit: float | None = None

    @property
    def expected(self) -> float:
        """The candidate's events, had it the share of both, or the limit's."""
        total = self.table.candidate + self.table.baseline
        share = self.table.events / total if total else 0.0
        return self.table.candidate * (share if self.limit is None else self.limit)


def compared(table: ContingencyTable, null: float = 1.0) -> Comparison:
    """Both releases. null: the odds ratio that is tolerated."""
    return Comparison(table, log_ratios(table, [ratio * null for ratio in ODDS], null))


def compared_alone(table: ContingencyTable, limit: float) -> Comparison:
    """A candidate with nothing beside it."""
    logs = log_ratios_alone(table.candidate, table.candidate_events, ODDS, limit)
    return Comparison(table, logs, limit)


# What was counted while the evidence grew: these are the figures that a reason has.
#
# A bet may have begun at any window, so the sums of a whole rollout can say the opposite of what
# the bets say: a release that was better for a minute and is worse now, or two that were compared
# for a minute before the candidate was alone. A likelihood ratio above 1 has more events of the
# candidate than expected under the null (Jensen), so evidence that is large has a time at its end
# in which there were more: the span.


@dataclass(frozen=True, kw_only=True)
class EvidenceSpan:
    """The time at the end of which the candidate had the largest excess of events (Page's CUSUM).

    excess: its events beyond those expected, each window times its λ. expected: its events, had it
    the baseline's share in each window, or the limit's where it was alone. limit: the last such.
    """

    seconds: float = 0.0
    excess: float = 0.0
    expected: float = 0.0
    events: int = 0
    requests: int = 0
    events_baseline: int = 0
    requests_baseline: int = 0
    limit: float = 0.0

    def grown(
        self, comparisons: Sequence[Comparison], seconds: float, power: float
    ) -> EvidenceSpan:
        """With one more window; an empty one where no excess is left."""
        grown = replace(self, seconds=self.seconds + seconds)
        for comparison in comparisons:
            grown = grown._with(comparison, power)
        return grown if grown.excess > 0.0 else EvidenceSpan()

    def _with(self, comparison: Comparison, power: float) -> EvidenceSpan:
        table, alone = comparison.table, comparison.limit is not None
        return replace(
            self,
            excess=self.excess + power * (table.candidate_events - comparison.expected),
            expected=self.expected + comparison.expected,
            events=self.events + table.candidate_events,
            requests=self.requests + table.candidate,
            events_baseline=self.events_baseline + (0 if alone else table.baseline_events),
            requests_baseline=self.requests_baseline + (0 if alone else table.baseline),
            limit=self.limit if comparison.limit is None else comparison.limit,
        )


# The evidence against a release: one running bet for errors and one for each quantile.


@dataclass(frozen=True, kw_only=True)
class MetricEvidence:
    """The bets on one metric, the baseline's bursts, and all that was counted.

    events, requests: sums of both releases while both were compared, or the candidate was alone.
    span: what was counted while the evidence grew. edge, edge_baseline: the last thresholds in
    milliseconds, of the slow. allowed: the share above them that a candidate alone may have; 0
    while both are compared. carried: the part of a slow request of the baseline that is not
    counted yet, of probes and of people's.
    """

    bets: Bets = field(default_factory=initial_bets)
    bursts: BurstModel = field(default_factory=BurstModel)
    span: EvidenceSpan = field(default_factory=EvidenceSpan)
    events: int = 0
    requests: int = 0
    events_baseline: int = 0
    requests_baseline: int = 0
    edge: float = 0.0
    edge_baseline: float = 0.0
    allowed: float = 0.0
    carried: tuple[float, ...] = (0.0, 0.0)

    def watched(
        self,
        comparisons: Sequence[Comparison],
        window: AnalysisWindow,
        spent: float,
        *,
        sticky: bool,
    ) -> MetricEvidence:
        """After a window, by what each kind of request says; none: only its stakes go on."""
        power = self.bursts.power(sticky=sticky)
        logs = [sum(each) for each in zip(*(one.logs for one in comparisons), strict=True)]
        logs = logs or [0.0] * len(ODDS)
        tables = [comparison.table for comparison in comparisons]
        return replace(
            self,
            bets=update_bets(self.bets, logs, seconds=window.seconds, spent=spent, power=power),
            span=self.span.grown(comparisons, window.seconds, power),
            events=self.events + sum(table.candidate_events for table in tables),
            requests=self.requests + sum(table.candidate for table in tables),
            events_baseline=self.events_baseline + sum(table.baseline_events for table in tables),
            requests_baseline=self.requests_baseline + sum(table.baseline for table in tables),
        )

    def learned(
        self, seconds: float, baseline: RequestCounts, events: int, edge: float = 0.0
    ) -> MetricEvidence:
        """With a window of the baseline only."""
        return replace(self, bursts=self.bursts.add(seconds, baseline.requests, events, edge))


def error_comparison(
    settings: JudgeSettings, ours: RequestCounts, theirs: RequestCounts, limit: float | None
) -> Comparison:
    """Errors against the baseline's; against a limit, if one is given."""
    by_client = ours.error_clients is not None and theirs.error_clients is not None
    table = ContingencyTable.of(
        ours,
        theirs,
        ours.bursts if by_client else ours.failed,
        theirs.bursts if by_client else theirs.failed,
    )
    return compared(table, settings.error_odds) if limit is None else compared_alone(table, limit)


def latency_comparison(
    settings: JudgeSettings,
    ours: RequestCounts,
    theirs: RequestCounts,
    threshold: float,
    carried: float,
) -> tuple[Comparison | None, float]:
    """The share slower than a threshold, beside the baseline's share above what the margin leaves
    of it; and the part of a request to carry on. None where it was not measured.

    The baseline's is interpolated in a bin, and rounded to whole requests with what was carried.
    """
    if threshold not in ours.buckets or threshold not in theirs.buckets:
        return None, carried
    exact = carried + slower_than(theirs, threshold / (1.0 + settings.latency_margin))
    whole = floor(exact + 1e-9)
    table = ContingencyTable.of(ours, theirs, slower_count(ours, threshold), whole)
    return compared(table), exact - whole


def latency_comparison_alone(
    settings: JudgeSettings, ours: RequestCounts, threshold: float, allowed: float
) -> tuple[Comparison, float] | None:
    """The same of a candidate alone, and the edge in milliseconds; allowed: the share that the
    baseline had, 0 to 1. Times may have changed since: only what is slower than tolerated counts.
    """
    edge = edge_at_least(ours.buckets, tolerated_time(settings, threshold))
    if edge is None:
        return None
    table = ContingencyTable.of(ours, RequestCounts(), slower_count(ours, edge), 0)
    return compared_alone(table, allowed), edge


def observe_baseline_errors(
    metric: MetricEvidence, seconds: float, baseline: RequestCounts
) -> MetricEvidence:
    """The baseline's bursts of errors, with one more window."""
    return metric.learned(seconds, baseline, baseline.bursts)


def observe_baseline_latency(
    metric: MetricEvidence,
    seconds: float,
    baseline: RequestCounts,
    histogram: Histogram,
    quantile: float,
) -> MetricEvidence:
    """The baseline's bursts of slow responses, with one more window."""
    edge = quantile_edge(histogram, quantile)
    if edge is None or edge not in baseline.buckets:
        return metric
    return metric.learned(seconds, baseline, slower_count(baseline, edge), edge)
