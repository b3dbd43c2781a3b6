"""The evidence that a release is good enough: e-values against "it is at a limit, or beyond".

Errors: the candidate's rate is at error_limit or above. Latency: it is slower than tolerated, at
the baseline's p75, p90 and p95, each against several alternatives, averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shipway.core.judging.odds import Table, log_ratios, log_ratios_alone, mean_exp
from shipway.core.judging.settings import JudgeSettings
from shipway.core.judging.slow import Histogram, edge_at_most, quantile_edge, slower
from shipway.core.judging.window import Counts, Window

BETTER_ERRORS = (0.5, 0.2, 0.05)  # times the limit's odds
BETTER_LATENCY = (0.5, 0.7, 0.85)  # times the baseline's odds
PROVEN_AT = (0.75, 0.9, 0.95)

Logs = tuple[float, ...]
FIRST_ERRORS: Logs = (0.0,) * len(BETTER_ERRORS)
FIRST_LATENCY: Logs = (0.0,) * (len(BETTER_LATENCY) * len(PROVEN_AT))


def errors_after(logs: Logs, settings: JudgeSettings, candidate: Counts, power: float) -> Logs:
    """The logs of the e-values about errors, after a window."""
    new = log_ratios_alone(
        candidate.requests, candidate.failed, BETTER_ERRORS, settings.error_limit
    )
    return _added(logs, [power * one for one in new])


def latency_after(
    logs: Logs, settings: JudgeSettings, window: Window, histogram: Histogram,
    powers: Mapping[float, float],
) -> Logs:  # fmt: skip
    """The logs of the e-values about latency, after a window; histogram: what was before it.

    powers: of each quantile's own bursts (core/judging/bursts.py).
    """
    new: list[float] = []
    for quantile in PROVEN_AT:
        table = _table(settings, window, quantile_edge(histogram, quantile))
        found = log_ratios(table, BETTER_LATENCY) if table else [0.0] * len(BETTER_LATENCY)
        new += [powers[quantile] * one for one in found]
    return _added(logs, new)


def value(logs: Logs) -> float:
    """The e-value: the mean over the alternatives."""
    return mean_exp(logs, [1.0 / len(logs)] * len(logs))


def _table(settings: JudgeSettings, window: Window, threshold: float | None) -> Table | None:
    ours, theirs = window.candidate, window.baseline
    if threshold is None or threshold not in theirs.buckets:
        return None
    edge = edge_at_most(ours.buckets, settings.tolerated(threshold))
    if edge is None:
        return None
    return Table.of(ours, theirs, slower(ours, edge), slower(theirs, threshold))


def _added(logs: Logs, new: Sequence[float]) -> Logs:
    return tuple(one + more for one, more in zip(logs, new, strict=True))
