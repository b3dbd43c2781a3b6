"""What the judge has seen so far: immutable, and JSON-able, because a killed rollout is resumed."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.config.tables import JudgeSettings
from shipway.rollouts.analysis.latency import QUANTILES, Histogram
from shipway.rollouts.analysis.noninferiority import FIRST_ERRORS, FIRST_LATENCY, Logs
from shipway.rollouts.analysis.regression_evidence import MetricEvidence, bets_wealth
from shipway.rollouts.analysis.window import AnalysisWindow

ERRORS_WEIGHT = 0.5
GONE = 5.0  # seconds without a request after which the baseline counts as without traffic


@dataclass(frozen=True, kw_only=True)
class JudgeState:
    """Made by `begin`, changed by `watch` and `learn` only.

    seconds: since the candidate's first request. judged: of these, after the warm-up. silent,
    silent_baseline: since the last request of each. known, known_errors: of the baseline, before
    the candidate had traffic, too. metrics: errors, then one for each of QUANTILES. rolled_back:
    the sentence of the verdict, which is final.
    """

    settings: JudgeSettings
    seconds: float = 0.0
    judged: float = 0.0
    silent: float = 0.0
    silent_baseline: float = 0.0
    requests: int = 0
    errors: int = 0
    requests_baseline: int = 0
    errors_baseline: int = 0
    known: int = 0
    known_errors: int = 0
    metrics: tuple[MetricEvidence, ...] = (MetricEvidence(),) * (1 + len(QUANTILES))
    proof_errors: Logs = FIRST_ERRORS
    proof_latency: Logs = FIRST_LATENCY
    compared_latency: bool = False
    histogram: Histogram = ()
    rolled_back: str = ""

    @property
    def spent(self) -> float:
        """The share of later stakes that is spent, 0 to 1."""
        return min(1.0, self.judged / self.settings.horizon)

    def limit_alone(self, window: AnalysisWindow) -> float | None:
        """The rate of errors that is allowed to a candidate with nothing beside it: error_limit, or
        the baseline's own where that is known to be more. None: both are compared, or the
        baseline's next request is waited for.
        """
        if window.baseline.requests and not window.alone:
            return None
        if self.requests_baseline and not window.alone and self.silent_baseline < GONE:
            return None
        return max(self.settings.error_limit, self.known_errors / max(1, self.known))

    @property
    def errors_evidence(self) -> float:
        """The e-value against the candidate from errors alone."""
        return bets_wealth(self.metrics[0].bets, self.spent)

    @property
    def latency_evidence(self) -> tuple[float, ...]:
        """The e-values against the candidate from each of QUANTILES."""
        return tuple(bets_wealth(metric.bets, self.spent) for metric in self.metrics[1:])

    @property
    def evidence(self) -> float:
        """All together. A weighted mean of e-values is one, however they depend."""
        if not self.settings.latency:
            return self.errors_evidence
        latency = self.latency_evidence
        mean = sum(latency) / len(latency)
        return ERRORS_WEIGHT * self.errors_evidence + (1.0 - ERRORS_WEIGHT) * mean
