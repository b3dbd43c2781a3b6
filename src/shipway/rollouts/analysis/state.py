"""What the judge has seen so far: immutable, and JSON-able, because a killed rollout is resumed."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt

from shipway.config.tables import JudgeSettings
from shipway.rollouts.analysis.latency import QUANTILES, Histogram
from shipway.rollouts.analysis.noninferiority import FIRST_ERRORS, FIRST_LATENCY, Logs
from shipway.rollouts.analysis.regression_evidence import MetricEvidence, bets_wealth
from shipway.rollouts.analysis.unanswered import UnansweredRequests
from shipway.rollouts.analysis.window import AnalysisWindow

ERRORS_WEIGHT = 0.7
GONE = 5.0  # seconds without a request after which the baseline counts as without traffic
GONE_WINDOWS = 3  # and so many windows: one that is missing is no evidence
PEOPLE_RATE = 1.0  # of people's requests a second from which on probes prove nothing


@dataclass(frozen=True, kw_only=True)
class ProbeState:
    """What Shipway's own requests say: the same of them as JudgeState has of people's."""

    requests: int = 0
    errors: int = 0
    requests_baseline: int = 0
    errors_baseline: int = 0
    known: int = 0
    known_errors: int = 0
    histogram: Histogram = ()
    unanswered: UnansweredRequests = field(default_factory=UnansweredRequests)
    unanswered_baseline: UnansweredRequests = field(default_factory=UnansweredRequests)
    proof_errors: Logs = FIRST_ERRORS
    proof_latency: Logs = FIRST_LATENCY


@dataclass(frozen=True, kw_only=True)
class JudgeState:
    """Made by `initial_state`, changed by `observe`, `observe_baseline` and `seed_baseline` only.

    requests, errors, known, histogram, proof_errors and the like are of people's requests; probes:
    the same of Shipway's own. unanswered, unanswered_baseline: who waits for an answer. seconds:
    since the candidate's first request. judged: of these, after the warm-up. silent,
    silent_baseline: since the last request of each. known, known_errors: of the baseline, before
    the candidate had traffic, too. metrics: errors, then one for each of QUANTILES.
    clients_known: whether errors are counted by client. rolled_back: the sentence of the verdict,
    which is final.
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
    clients_known: bool = False
    compared_latency: bool = False
    histogram: Histogram = ()
    unanswered: UnansweredRequests = field(default_factory=UnansweredRequests)
    unanswered_baseline: UnansweredRequests = field(default_factory=UnansweredRequests)
    probes: ProbeState = field(default_factory=ProbeState)
    rolled_back: str = ""

    @property
    def people_alone(self) -> bool:
        """Whether people send enough for a promotion to be proven by their requests only."""
        return self.requests >= PEOPLE_RATE * max(self.judged, 1.0)

    @property
    def has_baseline(self) -> bool:
        """Whether any request reached the baseline beside the candidate."""
        return bool(self.requests_baseline or self.probes.requests_baseline)

    @property
    def overdue(self) -> int:
        """The candidate's requests that no answer came to in time."""
        return self.unanswered.overdue + self.probes.unanswered.overdue

    @property
    def spent(self) -> float:
        """The share of later stakes that is spent, 0 to 1."""
        return min(1.0, self.judged / self.settings.horizon)

    def is_alone(self, window: AnalysisWindow) -> bool:
        """Whether the candidate has nothing beside it, rather than that the baseline's next request
        is waited for."""
        if window.alone:
            return True
        if window.baseline.reached or window.baseline_probes.reached:
            return False
        silence = max(GONE, GONE_WINDOWS * window.seconds)
        return not self.has_baseline or self.silent_baseline >= silence

    @property
    def limit_alone(self) -> float:
        """The rate of errors that is allowed to a candidate with nothing beside it."""
        return _limit_alone(self.settings, self.known, self.known_errors)

    @property
    def probes_limit_alone(self) -> float:
        """The same of probes."""
        return _limit_alone(self.settings, self.probes.known, self.probes.known_errors)

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


KNOWN = 500  # requests from which on the baseline's rate is the measure
DRIFT = 1.5  # times the baseline's rate that is allowed: it may have changed since
_QUANTILE = 2.807  # of the normal distribution: wrong in α/4 of all cases


def _limit_alone(settings: JudgeSettings, known: int, errors: int) -> float:
    """What the baseline provably had, and half as much again; of one that is hardly known,
    error_limit or its own rate, whichever is more.

    The upper bound of a Poisson count, by Wilson and Hilferty (1931).
    """
    if known < KNOWN:
        return max(settings.error_limit, errors / max(1, known))
    count = errors + 1.0
    upper = count * (1.0 - 1.0 / (9.0 * count) + _QUANTILE / (3.0 * sqrt(count))) ** 3
    return min(1.0, DRIFT * upper / known)
