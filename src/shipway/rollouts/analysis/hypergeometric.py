"""E-values of one window: likelihood ratios whose mean is at most 1 if the candidate is no worse.

Given all requests and all events of a window, the candidate's events follow Fisher's noncentral
hypergeometric distribution (Fog 2008, "Calculation methods for Fisher's noncentral hypergeometric
distribution"): the rate that both releases share, and its drift, cancel. Where requests are
given to releases at random one by one, that holds for any pattern of errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, log1p, sqrt

from shipway.rollouts.analysis.window import RequestCounts

EXACT = 10_000  # beyond so many terms the binomial bound, conservative by Hoeffding (1963)
_NEGLIGIBLE = 1e-18


@dataclass(frozen=True)
class ContingencyTable:
    """Requests of candidate and baseline, and the events among each."""

    candidate: int
    baseline: int
    candidate_events: int
    baseline_events: int

    @classmethod
    def of(
        cls, ours: RequestCounts, theirs: RequestCounts, our_events: int, their_events: int
    ) -> ContingencyTable:
        """The requests of a window, with events that are at most as many."""
        return cls(
            ours.requests,
            theirs.requests,
            min(our_events, ours.requests),
            min(their_events, theirs.requests),
        )

    @property
    def events(self) -> int:
        """Of both."""
        return self.candidate_events + self.baseline_events

    @property
    def is_informative(self) -> bool:
        """Whether the candidate's events could have been more or fewer."""
        total = self.candidate + self.baseline
        return min(self.candidate, self.baseline) > 0 and 0 < self.events < total


def log_ratios(table: ContingencyTable, odds: Sequence[float], null: float = 1.0) -> list[float]:
    """For each odds ratio in `odds`, the log likelihood ratio against `null`.

    For odds ratios above `null`, its exponential has a mean of at most 1 whatever odds ratio at
    or below `null` is true; for those below `null`, whatever at or above.
    """
    if not table.is_informative:
        return [0.0] * len(odds)
    if min(table.candidate, table.events) > EXACT and null == 1.0:
        return [_binomial(table, ratio) for ratio in odds]
    at_null = log_weight(table, null)
    return [
        table.candidate_events * log(ratio / null) + at_null - log_weight(table, ratio)
        for ratio in odds
    ]


def log_weight(table: ContingencyTable, ratio: float) -> float:
    """log Z(r), where Z(r) = Σ_k C(n_c, k)·C(n_b, m − k)·r^k, summed outward from the mode."""
    ours, theirs, drawn = table.candidate, table.baseline, table.events
    low, high = max(0, drawn - theirs), min(ours, drawn)
    mode = min(max(_mode(ours, theirs, drawn, ratio), low), high)
    total, term = 1.0, 1.0
    for k in range(mode, high):
        term *= ratio * (ours - k) * (drawn - k) / ((k + 1) * (theirs - drawn + k + 1))
        total += term
        if term < _NEGLIGIBLE * total:
            break
    term = 1.0
    for k in range(mode, low, -1):
        term *= k * (theirs - drawn + k) / (ratio * (ours - k + 1) * (drawn - k + 1))
        total += term
        if term < _NEGLIGIBLE * total:
            break
    return (
        _log_choose(ours, mode) + _log_choose(theirs, drawn - mode) + mode * log(ratio) + log(total)
    )


def log_ratios_alone(
    requests: int, events: int, odds: Sequence[float], limit: float
) -> list[float]:
    """The same without a baseline: the candidate's rate of events against a fixed limit.

    Each alternative has `odds` times the limit's odds; a mean of at most 1 if the rate is at or
    below the limit (odds above 1), or at or above it (odds below 1).
    """
    spared = requests - events
    return [
        events * log(ratio) - requests * log1p(limit * (ratio - 1.0)) if spared or events else 0.0
        for ratio in odds
    ]


def mean_exp(logs: Sequence[float], weights: Sequence[float]) -> float:
    """The weighted mean of the exponentials; at most 1e300, so that it stays a number."""
    top = max(logs)
    scaled = sum(
        weight * exp(exponent - top) for exponent, weight in zip(logs, weights, strict=True)
    )
    return exp(min(top + log(scaled), 690.0)) if scaled > 0 else 0.0


def _binomial(table: ContingencyTable, ratio: float) -> float:
    """log [θ1^k_c (1−θ1)^k_b / θ0^k_c (1−θ0)^k_b], θ = r·n_c / (r·n_c + n_b)."""
    ours, theirs = table.candidate, table.baseline
    shift = log((ours + theirs) / (ratio * ours + theirs))
    return table.candidate_events * log(ratio) + table.events * shift


def _mode(ours: int, theirs: int, drawn: int, ratio: float) -> int:
    """Fog 2008, eq. 7: where neighbouring terms are equal."""
    a = ratio - 1.0
    b = (ours + drawn + 2) * ratio + theirs - drawn
    c = (ours + 1.0) * (drawn + 1.0) * ratio
    return int(2.0 * c / (b + sqrt(max(b * b - 4.0 * a * c, 0.0))))


def _log_choose(total: int, chosen: int) -> float:
    return lgamma(total + 1) - lgamma(chosen + 1) - lgamma(total - chosen + 1)
