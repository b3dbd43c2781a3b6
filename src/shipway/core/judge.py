"""The judge: decides from live traffic whether a release is promoted, watched, held, rolled back.

    state = begin(settings)
    state = recall(state, counts)               # what the baseline did long before
    state = learn(state, seconds, counts)       # the baseline before the candidate got traffic
    state, judgement = watch(state, window)     # again and again, at every change of share, too

It may be asked at any time and as often as one likes: a release no worse than the baseline is
rolled back with a chance of at most alpha in a whole rollout, one at a limit is promoted with a
chance of at most beta for each limit. Parts: core/judging/. Method, assumptions, what was tried
and what was measured: docs/judge.md.
"""

from __future__ import annotations

from dataclasses import replace

from shipway.core.judging import harm, proof, sentence
from shipway.core.judging.harm import Metric
from shipway.core.judging.settings import JudgeSettings
from shipway.core.judging.slow import EDGES, QUANTILES, quantile_edge, remembered, share_above
from shipway.core.judging.state import JudgeState
from shipway.core.judging.window import Counts, Decision, Judgement, Window

__all__ = [
    "EDGES",
    "Counts",
    "Decision",
    "JudgeSettings",
    "JudgeState",
    "Judgement",
    "Window",
    "begin",
    "learn",
    "recall",
    "watch",
]

DOUBT = 2.0  # with so much evidence against a candidate it is watched, not promoted


def begin(settings: JudgeSettings | None = None) -> JudgeState:
    """Nothing seen yet."""
    return JudgeState(settings or JudgeSettings())


def recall(state: JudgeState, baseline: Counts) -> JudgeState:
    """How the baseline did before anybody watched: how often it failed, and how fast it was."""
    return _known(state, 0.0, baseline)


def learn(state: JudgeState, seconds: float, baseline: Counts) -> JudgeState:
    """The baseline alone, before the candidate has traffic: its errors, times and bursts."""
    first, *others = state.metrics
    slow = (
        harm.learned_latency(metric, seconds, baseline, state.histogram, quantile)
        for metric, quantile in zip(others, QUANTILES, strict=True)
    )
    metrics = (harm.learned_errors(first, seconds, baseline), *slow)
    return _known(replace(state, metrics=metrics), seconds, baseline)


def _known(state: JudgeState, seconds: float, baseline: Counts) -> JudgeState:
    return replace(
        state,
        histogram=remembered(state.histogram, baseline, seconds),
        known=state.known + baseline.requests,
        known_errors=state.known_errors + baseline.failed,
    )


def watch(state: JudgeState, window: Window) -> tuple[JudgeState, Judgement]:
    """The state after a window, and what is to be done. A roll back is final."""
    state = learn(_weighed(state, window), window.seconds, window.baseline)
    decision, why = _decide(state)
    if decision is Decision.ROLL_BACK and not state.rolled_back:
        state = replace(state, rolled_back=why)
    return state, Judgement(decision, why, state.evidence, _values(state))


def _weighed(state: JudgeState, window: Window) -> JudgeState:
    """With a window's evidence, unless the candidate got no request yet, or is warming up."""
    silent = 0.0 if window.candidate.requests else state.silent + window.seconds
    if not state.seconds and not window.candidate.requests:
        return replace(state, silent=silent)
    warm = state.seconds >= state.settings.warm_up - 1e-9
    state = replace(state, silent=silent, seconds=state.seconds + window.seconds)
    if not warm:
        return state
    state = _with_evidence(state, window)
    baseline = window.baseline.requests
    return replace(
        state,
        silent_baseline=0.0 if baseline else state.silent_baseline + window.seconds,
        judged=state.judged + window.seconds,
        requests=state.requests + window.candidate.requests,
        errors=state.errors + window.candidate.failed,
        requests_baseline=state.requests_baseline + baseline,
        errors_baseline=state.errors_baseline + window.baseline.failed,
    )


def _with_evidence(state: JudgeState, window: Window) -> JudgeState:
    """Thresholds and powers are of before the window: that is what keeps the e-values valid."""
    settings, (first, *others) = state.settings, state.metrics
    spent = min(window.seconds / settings.horizon, 1.0 - state.spent)
    limit = state.limit_alone(window)
    slow = (
        _latency(state, metric, window, quantile, spent, alone=limit is not None)
        for metric, quantile in zip(others, QUANTILES, strict=True)
    )
    errors = harm.errors_after(first, settings, window, spent=spent, limit=limit)
    sticky = settings.sticky
    power, *slow_powers = (metric.bursts.power(sticky=sticky) for metric in state.metrics)
    compared = bool(window.candidate.buckets and window.baseline.buckets)
    return replace(
        state,
        metrics=(errors, *slow),
        proof_errors=proof.errors_after(state.proof_errors, settings, window.candidate, power),
        proof_latency=proof.latency_after(
            state.proof_latency,
            settings,
            window,
            state.histogram,
            dict(zip(QUANTILES, slow_powers, strict=True)),
        ),
        compared_latency=state.compared_latency or compared,
    )


def _latency(
    state: JudgeState, metric: Metric, window: Window, quantile: float, spent: float, *, alone: bool
) -> Metric:
    edge = quantile_edge(state.histogram, quantile)
    if edge is None:
        return harm.nothing_seen(metric, state.settings, window, spent)
    if not alone:
        return harm.latency_beside(metric, state.settings, window, edge, spent)
    allowed = share_above(state.histogram, edge)
    return harm.latency_alone(metric, state.settings, window, edge, allowed, spent)


def _decide(state: JudgeState) -> tuple[Decision, str]:
    settings = state.settings
    if state.rolled_back:
        return Decision.ROLL_BACK, state.rolled_back
    if state.evidence >= 1.0 / settings.alpha:
        return Decision.ROLL_BACK, sentence.against(state)
    if state.silent >= settings.stale:
        return _held(state, f"no request reached the candidate for {state.silent:.0f} s")
    lacks = sentence.missing(state)
    if not lacks and state.evidence < DOUBT and not state.silent:
        return Decision.PROMOTE, sentence.proven(state)
    if state.judged >= settings.horizon:
        return _held(state, f"not decided after {state.judged:.0f} s: {_open(state, lacks)}")
    if not state.judged:
        return Decision.WATCH, sentence.waiting(state)
    return Decision.WATCH, f"{sentence.figures(state)}; {_open(state, lacks)}"


def _open(state: JudgeState, lacks: str) -> str:
    """What keeps it from being promoted."""
    return lacks or sentence.chance(state.evidence, bool(state.requests_baseline))


def _held(state: JudgeState, why: str) -> tuple[Decision, str]:
    if state.settings.on_hold == "roll back":
        return Decision.ROLL_BACK, f"{why}; rolled back, as configured"
    return Decision.HOLD, f"{why}; a person decides"


def _values(state: JudgeState) -> dict[str, float]:
    """Every metric's e-values."""
    values = {"errors": state.errors_evidence, "promote_errors": proof.value(state.proof_errors)}
    if state.settings.latency:
        for quantile, found in zip(QUANTILES, state.latency_evidence, strict=True):
            values[f"p{quantile * 100:.0f}"] = found
        values["promote_latency"] = proof.value(state.proof_latency)
    return values
