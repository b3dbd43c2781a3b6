"""The evidence that a release is good enough: e-values against "it is at a limit, or beyond".

Errors: the candidate's rate is at error_limit or above. Latency: it is slower than tolerated, at
the baseline's p75, p90 and p95, each against several alternatives, averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shipway.config.tables import JudgeSettings
from shipway.rollouts.analysis.hypergeometric import (
    ContingencyTable,
    log_ratios,
    log_ratios_alone,
    mean_exp,
)
from shipway.rollouts.analysis.latency import (
    Histogram,
    edge_at_most,
    quantile_edge,
    slower_count,
    tolerated_time,
)
from shipway.rollouts.analysis.window import RequestCounts

BETTER_ERRORS = (0.5, 0.2, 0.05)  # times the limit's odds
BETTER_LATENCY = (0.5, 0.7, 0.85)  # times the baseline's odds
PROVEN_AT = (0.75, 0.9, 0.95)

Logs = tuple[float, ...]
FIRST_ERRORS: Logs = (0.0,) * len(BETTER_ERRORS)
FIRST_LATENCY: Logs = (0.0,) * (len(BETTER_LATENCY) * len(PROVEN_AT))


def error_proof_after(
    logs: Logs, settings: JudgeSettings, candidate: RequestCounts, power: float
) -> Logs:
    """The logs of the e-values about errors, after a window."""
    new = log_ratios_alone(
        candidate.requests, candidate.failed, BETTER_ERRORS, settings.error_limit
    )
    return _added(logs, [power * log_ratio for log_ratio in new])


def latency_proof_after(
    logs: Logs,
    settings: JudgeSettings,
    ours: RequestCounts,
    theirs: RequestCounts,
    histogram: Histogram,
    powers: Mapping[float, float],
) -> Logs:
    """The logs of the e-values about latency, after a window; histogram: what was before it.

    powers: of each quantile's own bursts (rollouts/analysis/regression_evidence.py).
    """
    new: list[float] = []
    for quantile in PROVEN_AT:
        table = _table(settings, ours, theirs, quantile_edge(histogram, quantile))
        ratios = log_ratios(table, BETTER_LATENCY) if table else [0.0] * len(BETTER_LATENCY)
        new += [powers[quantile] * ratio for ratio in ratios]
    return _added(logs, new)


def both(logs: Logs, others: Logs) -> Logs:
    """The logs for requests of two kinds together."""
    return _added(logs, others)


def with_failures(logs: Logs, settings: JudgeSettings, failures: int) -> Logs:
    """The logs about errors, had so many more requests failed."""
    return error_proof_after(logs, settings, RequestCounts(failures, failures), 1.0)


def e_value(logs: Logs) -> float:
    """The e-value: the mean over the alternatives."""
    return mean_exp(logs, [1.0 / len(logs)] * len(logs))


def _table(
    settings: JudgeSettings,
    ours: RequestCounts,
    theirs: RequestCounts,
    threshold: float | None,
) -> ContingencyTable | None:
    if threshold is None or threshold not in theirs.buckets:
        return None
    edge = edge_at_most(ours.buckets, tolerated_time(settings, threshold))
    if edge is None:
        return None
    return ContingencyTable.of(
        ours, theirs, slower_count(ours, edge), slower_count(theirs, threshold)
    )


def _added(logs: Logs, new: Sequence[float]) -> Logs:
    return tuple(current + more for current, more in zip(logs, new, strict=True))
