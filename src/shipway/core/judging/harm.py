"""The evidence against a release: one running bet for errors and one for each quantile."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from shipway.core.judging.bursts import Bursts
from shipway.core.judging.change import ODDS, Bets, bet, first_bets
from shipway.core.judging.odds import Table, log_ratios, log_ratios_alone
from shipway.core.judging.settings import JudgeSettings
from shipway.core.judging.slow import Histogram, edge_at_least, quantile_edge, slower
from shipway.core.judging.window import Counts, Window


@dataclass(frozen=True)
class Metric:
    """The bets on one metric, the baseline's bursts, and all that was counted.

    events, requests: sums of both releases while both were compared, or the candidate was alone.
    edge, edge_baseline: the last thresholds in milliseconds, of the slow. allowed: the share above
    them that a candidate alone may have; 0 while both are compared.
    """

    bets: Bets = field(default_factory=first_bets)
    bursts: Bursts = field(default_factory=Bursts)
    events: int = 0
    requests: int = 0
    events_baseline: int = 0
    requests_baseline: int = 0
    edge: float = 0.0
    edge_baseline: float = 0.0
    allowed: float = 0.0

    def watched(
        self, table: Table, logs: list[float], window: Window, spent: float, *, sticky: bool
    ) -> Metric:
        """After a window with these counts and log likelihood ratios."""
        power = self.bursts.power(sticky=sticky)
        return replace(
            self,
            bets=bet(self.bets, logs, seconds=window.seconds, spent=spent, power=power),
            events=self.events + table.candidate_events,
            requests=self.requests + table.candidate,
            events_baseline=self.events_baseline + table.baseline_events,
            requests_baseline=self.requests_baseline + table.baseline,
        )

    def learned(self, seconds: float, baseline: Counts, events: int, edge: float = 0.0) -> Metric:
        """With a window of the baseline only."""
        return replace(self, bursts=self.bursts.add(seconds, baseline.requests, events, edge))


def errors_after(
    metric: Metric,
    settings: JudgeSettings,
    window: Window,
    *,
    spent: float,
    limit: float | None,
) -> Metric:
    """Errors against the baseline's; against a limit, if one is given."""
    ours, theirs = window.candidate, window.baseline
    known = ours.error_clients is not None and theirs.error_clients is not None
    table = Table.of(
        ours,
        theirs,
        ours.bursts if known else ours.failed,
        theirs.bursts if known else theirs.failed,
    )
    if limit is None:
        logs = log_ratios(
            table, [ratio * settings.error_odds for ratio in ODDS], settings.error_odds
        )
    else:
        logs = log_ratios_alone(table.candidate, table.candidate_events, ODDS, limit)
    sticky = settings.sticky and not known
    return metric.watched(table, logs, window, spent, sticky=sticky)


def latency_beside(
    metric: Metric, settings: JudgeSettings, window: Window, threshold: float, spent: float
) -> Metric:
    """The share slower than a quantile of the baseline, in milliseconds, beside its own."""
    ours, theirs = window.candidate, window.baseline
    edge = edge_at_least(ours.buckets, (1.0 + settings.latency_margin) * threshold)
    if edge is None or threshold not in theirs.buckets:
        return nothing_seen(metric, settings, window, spent)
    table = Table.of(ours, theirs, slower(ours, edge), slower(theirs, threshold))
    metric = replace(metric, edge=edge, edge_baseline=threshold, allowed=0.0)
    logs = log_ratios(table, ODDS)
    return metric.watched(table, logs, window, spent, sticky=settings.sticky)


def latency_alone(
    metric: Metric, settings: JudgeSettings, window: Window, threshold: float, allowed: float,
    spent: float,
) -> Metric:  # fmt: skip
    """The same of a candidate alone; allowed: the share that the baseline had, 0 to 1.

    Times may have changed since: only what is slower than tolerated counts.
    """
    ours = window.candidate
    edge = edge_at_least(ours.buckets, settings.tolerated(threshold))
    if edge is None:
        return nothing_seen(metric, settings, window, spent)
    table = Table.of(ours, Counts(), slower(ours, edge), 0)
    logs = log_ratios_alone(table.candidate, table.candidate_events, ODDS, allowed)
    metric = replace(metric, edge=edge, edge_baseline=threshold, allowed=allowed)
    return metric.watched(table, logs, window, spent, sticky=settings.sticky)


def nothing_seen(metric: Metric, settings: JudgeSettings, window: Window, spent: float) -> Metric:
    """After a window that says nothing of a metric: only its stakes go on."""
    nothing, logs = Table(0, 0, 0, 0), [0.0] * len(ODDS)
    return metric.watched(nothing, logs, window, spent, sticky=settings.sticky)


def learned_errors(metric: Metric, seconds: float, baseline: Counts) -> Metric:
    """The baseline's bursts of errors, with one more window."""
    return metric.learned(seconds, baseline, baseline.bursts)


def learned_latency(
    metric: Metric, seconds: float, baseline: Counts, histogram: Histogram, quantile: float
) -> Metric:
    """The baseline's bursts of slow responses, with one more window."""
    edge = quantile_edge(histogram, quantile)
    if edge is None or edge not in baseline.buckets:
        return metric
    return metric.learned(seconds, baseline, slower(baseline, edge), edge)
