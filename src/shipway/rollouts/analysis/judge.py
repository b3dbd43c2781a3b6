"""The judge: decides from live traffic whether a release is promoted, watched, held, rolled back.

    state = begin(settings)
    state = recall(state, counts)               # what the baseline did long before
    state = learn(state, seconds, counts)       # the baseline before the candidate got traffic
    state, judgement = watch(state, window)     # again and again, at every change of share, too

It may be asked at any time and as often as one likes: a release no worse than the baseline is
rolled back with a chance of at most alpha in a whole rollout, one at a limit is promoted with a
chance of at most beta for each limit. Parts: the other modules here. Method, assumptions, what was
tried and what was measured: docs/judge.md.
"""

from __future__ import annotations

from dataclasses import replace
from math import floor, log10

from shipway.config.tables import JudgeSettings
from shipway.rollouts.analysis import noninferiority, regression_evidence
from shipway.rollouts.analysis.latency import (
    QUANTILES,
    decayed_histogram,
    quantile_edge,
    share_above,
)
from shipway.rollouts.analysis.regression_evidence import EvidenceSpan, MetricEvidence
from shipway.rollouts.analysis.state import JudgeState
from shipway.rollouts.analysis.window import AnalysisWindow, Decision, Judgement, RequestCounts

# Why, in one sentence with figures.

# Less evidence against a candidate is nothing unusual; with more it is watched, not promoted.
DOUBT = 2.0


def strongest_evidence(state: JudgeState) -> str:
    """What speaks most against the candidate, and by how much chance could do it.

    The figures are of the time in which the evidence grew: those of the whole rollout may say the
    opposite.
    """
    number = _strongest_metric(state)
    span = state.metrics[number].span
    if state.evidence < DOUBT or not span.requests:
        chance = false_alarm_chance(min(state.evidence, 1.0), bool(state.requests_baseline))
        return f"{observed_figures(state)}; {chance}"
    compared = bool(span.requests_baseline)
    since = f"in the last {span.seconds:.0f} s the " if span.seconds < state.judged - 0.5 else ""
    figures = _span_figures(state, number)
    chance = false_alarm_chance(state.evidence, compared)
    overload = "" if number else _overload(state, span)
    return f"{since}{figures}; {chance}{overload}"


def _strongest_metric(state: JudgeState) -> int:
    """The number, in the state's metrics, of the one with the most evidence; 0 is errors."""
    latency = state.latency_evidence if state.settings.latency else ()
    worst = max(range(len(latency)), key=latency.__getitem__, default=0)
    return 1 + worst if latency and latency[worst] > max(state.errors_evidence, 1.0) else 0


def _span_figures(state: JudgeState, number: int) -> str:
    """Both releases' figures while the evidence of a metric grew: such as say the same."""
    metric = state.metrics[number]
    span = metric.span
    ours = percentage_of(span.events, span.requests)
    what = (
        f"candidate is above the {_threshold(metric, number)} in" if number else "candidate fails"
    )
    if span.requests_baseline:
        theirs = percentage_of(span.events_baseline, span.requests_baseline)
        worse = span.events / span.requests > span.events_baseline / span.requests_baseline
        beside = f", baseline {'in ' if number else ''}{theirs} of {span.requests_baseline:,}"
    else:
        theirs = format_percent(span.limit)
        worse = span.events / span.requests > span.limit
        beside = f", baseline before in at most {theirs}" if number else _only_limit(span.limit)
    if worse and ours != theirs:
        return f"{what} {ours} of {span.requests:,} requests{beside}"
    # Their shares of the traffic changed while both got worse: sums do not compare them.
    verb = what if number else "candidate failed in"
    return (
        f"{verb} {span.events:,} of {span.requests:,} requests, where about {span.expected:,.1f} "
        "would be as many as beside it at the same time"
    )


def _overload(state: JudgeState, span: EvidenceSpan) -> str:
    """Said where the baseline fails a lot, too: then the release alone does not explain it."""
    limit = state.settings.error_limit
    if span.requests_baseline:
        if span.events_baseline / span.requests_baseline > limit:
            return (
                f"; both fail more than {format_percent(limit)}: overload, or something that they "
                "share, has a part in it"
            )
    elif state.requests_baseline and state.errors_baseline / state.requests_baseline > limit:
        before = percentage_of(state.errors_baseline, state.requests_baseline)
        return (
            f"; the baseline failed {before} before: overload, or something that they share, has "
            "a part in it"
        )
    return ""


def observed_figures(state: JudgeState) -> str:
    """Both releases' figures, of all the time, of the metric with the most evidence."""
    number = _strongest_metric(state)
    return _slow(state.metrics[number], number) if number else error_figures(state)


def error_figures(state: JudgeState) -> str:
    """How much of their requests both releases fail."""
    ours = (
        f"candidate fails {percentage_of(state.errors, state.requests)} of "
        f"{state.requests:,} requests"
    )
    if not state.requests_baseline:
        return f"{ours}{_only_limit(state.settings.error_limit)}"
    theirs = percentage_of(state.errors_baseline, state.requests_baseline)
    return f"{ours}, baseline {theirs} of {state.requests_baseline:,}"


def _only_limit(limit: float) -> str:
    return f"; no baseline, only the limit of {format_percent(limit)}"


def false_alarm_chance(evidence: float, compared: bool) -> str:
    """The chance at most that a good candidate ever looks so bad (Ville's inequality)."""
    quality = "under equal quality" if compared else "of a release within the limit"
    if evidence < DOUBT:
        return f"nothing unusual {quality}"
    digits = max(0, floor(log10(evidence)) - 1)
    rounded = int(evidence // 10**digits * 10**digits) if digits < 15 else 10**15
    return f"chance of that {quality} < 1 in {min(rounded, 10**15):,}"


def proven_sentence(state: JudgeState) -> str:
    """Why a candidate is good enough."""
    settings = state.settings
    limit, beta = format_percent(settings.error_limit), format_percent(settings.beta)
    latency = ""
    if settings.latency and state.requests_baseline:
        latency = f", at most {_tolerance(settings)} slower"
    return (
        f"{error_figures(state)}; below {limit} errors{latency}, each wrong with a chance < {beta}"
    )


def waiting_sentence(state: JudgeState) -> str:
    """Why nothing counts yet."""
    if not state.seconds:
        return "no request reached the candidate yet"
    return f"the candidate warms up: {state.seconds:.0f} of {state.settings.warm_up:.0f} s"


def missing_proof(state: JudgeState) -> str:
    """What is not proven yet, of what a promotion needs."""
    settings = state.settings
    need = 1.0 / settings.beta
    lacks = []
    if state.requests < settings.min_requests:
        lacks.append(f"{state.requests:,} of {settings.min_requests:,} requests")
    if (proven := noninferiority.e_value(state.proof_errors)) < need:
        lacks.append(
            f"errors below {format_percent(settings.error_limit)} proven {proven:.3g}:1 of "
            f"{need:.3g}:1"
        )
    if settings.latency and state.requests_baseline:
        lacks += _latency_missing(state, need)
    return ", ".join(lacks)


def _latency_missing(state: JudgeState, need: float) -> list[str]:
    if not state.compared_latency:
        return ["response times not measured in both releases"]
    proven = noninferiority.e_value(state.proof_latency)
    if proven >= need:
        return []
    tolerance = _tolerance(state.settings)
    return [f"at most {tolerance} slower proven {proven:.3g}:1 of {need:.3g}:1"]


def _tolerance(settings: JudgeSettings) -> str:
    slack = f" or {settings.latency_slack:g} ms" if settings.latency_slack else ""
    return format_percent(settings.latency_tolerance) + slack


def percentage_of(part: int, whole: int) -> str:
    """A part of a whole in percent."""
    return format_percent(part / whole) if whole else "none"


def format_percent(value: float) -> str:
    """A share of 1 in percent, with two significant digits where it is below ten."""
    hundredths = 100.0 * value
    return (
        f"{hundredths:.2g} %" if 0 < hundredths < 1 else f"{hundredths:.1f} %".replace(".0 ", " ")
    )


def _slow(metric: MetricEvidence, number: int) -> str:
    ours = percentage_of(metric.events, metric.requests)
    theirs = f"{percentage_of(metric.events_baseline, metric.requests_baseline)} of"
    theirs = f"baseline in {theirs} {metric.requests_baseline:,}"
    if metric.allowed:
        theirs = f"baseline before in at most {format_percent(metric.allowed)}"
    above = _threshold(metric, number)
    return f"candidate is above the {above} in {ours} of {metric.requests:,} requests, {theirs}"


def _threshold(metric: MetricEvidence, number: int) -> str:
    """The response time from which on requests count as slow."""
    above = f"baseline's p{QUANTILES[number - 1] * 100:.0f} ({metric.edge_baseline:g} ms)"
    if metric.edge != metric.edge_baseline:
        above += f" by more than its margin ({metric.edge:g} ms)"
    return above


def initial_state(settings: JudgeSettings | None = None) -> JudgeState:
    """Nothing seen yet."""
    return JudgeState(settings=settings or JudgeSettings())


def seed_baseline(state: JudgeState, baseline: RequestCounts) -> JudgeState:
    """How the baseline did before anybody watched: how often it failed, and how fast it was."""
    return _known(state, 0.0, baseline)


def observe_baseline(state: JudgeState, seconds: float, baseline: RequestCounts) -> JudgeState:
    """The baseline alone, before the candidate has traffic: its errors, times and bursts."""
    first, *others = state.metrics
    slow = (
        regression_evidence.observe_baseline_latency(
            metric, seconds, baseline, state.histogram, quantile
        )
        for metric, quantile in zip(others, QUANTILES, strict=True)
    )
    metrics = (regression_evidence.observe_baseline_errors(first, seconds, baseline), *slow)
    return _known(replace(state, metrics=metrics), seconds, baseline)


def _known(state: JudgeState, seconds: float, baseline: RequestCounts) -> JudgeState:
    return replace(
        state,
        histogram=decayed_histogram(state.histogram, baseline, seconds),
        known=state.known + baseline.requests,
        known_errors=state.known_errors + baseline.failed,
    )


def observe(state: JudgeState, window: AnalysisWindow) -> tuple[JudgeState, Judgement]:
    """The state after a window, and what is to be done. A roll back is final."""
    state = observe_baseline(_weighed(state, window), window.seconds, window.baseline)
    decision, why = _decide(state)
    if decision is Decision.ROLL_BACK and not state.rolled_back:
        state = replace(state, rolled_back=why)
    return state, Judgement(decision, why, state.evidence, _values(state))


def _weighed(state: JudgeState, window: AnalysisWindow) -> JudgeState:
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


def _with_evidence(state: JudgeState, window: AnalysisWindow) -> JudgeState:
    """Thresholds and powers are of before the window: that is what keeps the e-values valid."""
    settings, (first, *others) = state.settings, state.metrics
    spent = min(window.seconds / settings.horizon, 1.0 - state.spent)
    limit = state.limit_alone(window)
    slow = (
        _latency(state, metric, window, quantile, spent, alone=limit is not None)
        for metric, quantile in zip(others, QUANTILES, strict=True)
    )
    errors = regression_evidence.error_evidence(first, settings, window, spent=spent, limit=limit)
    sticky = settings.sticky
    power, *slow_powers = (metric.bursts.power(sticky=sticky) for metric in state.metrics)
    compared = bool(window.candidate.buckets and window.baseline.buckets)
    return replace(
        state,
        metrics=(errors, *slow),
        proof_errors=noninferiority.error_proof_after(
            state.proof_errors, settings, window.candidate, power
        ),
        proof_latency=noninferiority.latency_proof_after(
            state.proof_latency,
            settings,
            window,
            state.histogram,
            dict(zip(QUANTILES, slow_powers, strict=True)),
        ),
        compared_latency=state.compared_latency or compared,
    )


def _latency(
    state: JudgeState,
    metric: MetricEvidence,
    window: AnalysisWindow,
    quantile: float,
    spent: float,
    *,
    alone: bool,
) -> MetricEvidence:
    edge = quantile_edge(state.histogram, quantile)
    if edge is None:
        return regression_evidence.evidence_without_data(metric, state.settings, window, spent)
    if not alone:
        return regression_evidence.latency_evidence(metric, state.settings, window, edge, spent)
    allowed = share_above(state.histogram, edge)
    return regression_evidence.latency_evidence_alone(
        metric, state.settings, window, edge, allowed, spent
    )


def _decide(state: JudgeState) -> tuple[Decision, str]:
    settings = state.settings
    if state.rolled_back:
        return Decision.ROLL_BACK, state.rolled_back
    if state.evidence >= 1.0 / settings.alpha:
        return Decision.ROLL_BACK, strongest_evidence(state)
    if state.silent >= settings.stale:
        return _held(state, f"no request reached the candidate for {state.silent:.0f} s")
    lacks = missing_proof(state)
    if not lacks and state.evidence < DOUBT and not state.silent:
        return Decision.PROMOTE, proven_sentence(state)
    if state.judged >= settings.horizon:
        return _held(state, f"not decided after {state.judged:.0f} s: {_obstacle(state, lacks)}")
    if not state.judged:
        return Decision.CONTINUE, waiting_sentence(state)
    return Decision.CONTINUE, _obstacle(state, lacks)


def _obstacle(state: JudgeState, lacks: str) -> str:
    """What keeps it from being promoted."""
    return f"{observed_figures(state)}; {lacks}" if lacks else strongest_evidence(state)


def _held(state: JudgeState, why: str) -> tuple[Decision, str]:
    if state.settings.on_hold == "roll back":
        return Decision.ROLL_BACK, f"{why}; rolled back, as configured"
    return Decision.INCONCLUSIVE, f"{why}; a person decides"


def _values(state: JudgeState) -> dict[str, float]:
    """Every metric's e-values."""
    values = {
        "errors": state.errors_evidence,
        "promote_errors": noninferiority.e_value(state.proof_errors),
    }
    if state.settings.latency:
        for quantile, evidence in zip(QUANTILES, state.latency_evidence, strict=True):
            values[f"p{quantile * 100:.0f}"] = evidence
        values["promote_latency"] = noninferiority.e_value(state.proof_latency)
    return values
