"""Why, in one sentence with figures."""

from __future__ import annotations

from math import floor, log10

from shipway.core.judging import proof
from shipway.core.judging.harm import Metric
from shipway.core.judging.settings import JudgeSettings
from shipway.core.judging.slow import QUANTILES
from shipway.core.judging.state import JudgeState


def against(state: JudgeState) -> str:
    """What speaks most against the candidate, and by how much chance could do it."""
    return f"{figures(state)}; {chance(state.evidence, bool(state.requests_baseline))}"


def figures(state: JudgeState) -> str:
    """Both releases' figures of the metric with the most evidence against the candidate."""
    latency = state.latency_evidence if state.settings.latency else ()
    worst = max(range(len(latency)), key=latency.__getitem__, default=0)
    if latency and latency[worst] > max(state.errors_evidence, 1.0):
        return _slow(state.metrics[1 + worst], QUANTILES[worst])
    return errors(state)


def errors(state: JudgeState) -> str:
    """How much of their requests both releases fail."""
    ours = f"candidate fails {share(state.errors, state.requests)} of {state.requests:,} requests"
    if not state.requests_baseline:
        return f"{ours}; no baseline, only the limit of {percent(state.settings.error_limit)}"
    theirs = share(state.errors_baseline, state.requests_baseline)
    return f"{ours}, baseline {theirs} of {state.requests_baseline:,}"


def chance(evidence: float, compared: bool) -> str:
    """The chance at most that a good candidate ever looks so bad (Ville's inequality)."""
    quality = "under equal quality" if compared else "of a release within the limit"
    if evidence < 2.0:
        return f"nothing unusual {quality}"
    digits = max(0, floor(log10(evidence)) - 1)
    rounded = int(evidence // 10**digits * 10**digits) if digits < 15 else 10**15
    return f"chance of that {quality} < 1 in {min(rounded, 10**15):,}"


def proven(state: JudgeState) -> str:
    """Why a candidate is good enough."""
    settings = state.settings
    limit, beta = percent(settings.error_limit), percent(settings.beta)
    latency = ""
    if settings.latency and state.requests_baseline:
        latency = f", at most {_tolerance(settings)} slower"
    return f"{errors(state)}; below {limit} errors{latency}, each wrong with a chance < {beta}"


def waiting(state: JudgeState) -> str:
    """Why nothing counts yet."""
    if not state.seconds:
        return "no request reached the candidate yet"
    return f"the candidate warms up: {state.seconds:.0f} of {state.settings.warm_up:.0f} s"


def missing(state: JudgeState) -> str:
    """What is not proven yet, of what a promotion needs."""
    settings = state.settings
    need = 1.0 / settings.beta
    lacks = []
    if state.requests < settings.min_requests:
        lacks.append(f"{state.requests:,} of {settings.min_requests:,} requests")
    if (found := proof.value(state.proof_errors)) < need:
        lacks.append(
            f"errors below {percent(settings.error_limit)} proven {found:.3g}:1 of {need:.3g}:1"
        )
    if settings.latency and state.requests_baseline:
        lacks += _latency_missing(state, need)
    return ", ".join(lacks)


def _latency_missing(state: JudgeState, need: float) -> list[str]:
    if not state.compared_latency:
        return ["response times not measured in both releases"]
    found = proof.value(state.proof_latency)
    if found >= need:
        return []
    tolerance = _tolerance(state.settings)
    return [f"at most {tolerance} slower proven {found:.3g}:1 of {need:.3g}:1"]


def _tolerance(settings: JudgeSettings) -> str:
    slack = f" or {settings.latency_slack:g} ms" if settings.latency_slack else ""
    return percent(settings.latency_tolerance) + slack


def share(part: int, whole: int) -> str:
    """A part of a whole in percent."""
    return percent(part / whole) if whole else "none"


def percent(value: float) -> str:
    """A share of 1 in percent, with two significant digits where it is below ten."""
    hundredths = 100.0 * value
    return (
        f"{hundredths:.2g} %" if 0 < hundredths < 1 else f"{hundredths:.1f} %".replace(".0 ", " ")
    )


def _slow(metric: Metric, quantile: float) -> str:
    ours = share(metric.events, metric.requests)
    theirs = f"{share(metric.events_baseline, metric.requests_baseline)} of"
    theirs = f"baseline in {theirs} {metric.requests_baseline:,}"
    if metric.allowed:
        theirs = f"baseline before in at most {percent(metric.allowed)}"
    above = f"baseline's p{quantile * 100:.0f} ({metric.edge_baseline:g} ms)"
    if metric.edge != metric.edge_baseline:
        above += f" by more than its margin ({metric.edge:g} ms)"
    return f"candidate is above the {above} in {ours} of {metric.requests:,} requests, {theirs}"
