"""The judge: decides from live traffic whether a release is promoted, watched, held, rolled back.

    state = initial_state(settings)
    state = seed_baseline(state, counts)              # what the baseline did long before
    state = observe_baseline(state, seconds, counts)  # before the candidate got traffic
    state, judgement = observe(state, window)         # again and again, at every change of share

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
from shipway.rollouts.analysis.regression_evidence import (
    Comparison,
    EvidenceSpan,
    MetricEvidence,
)
from shipway.rollouts.analysis.state import KNOWN, JudgeState
from shipway.rollouts.analysis.unanswered import patience, unanswered_excess, with_overdue
from shipway.rollouts.analysis.window import AnalysisWindow, Decision, Judgement, RequestCounts

# Why, in one sentence with figures.

NO_REQUESTS = RequestCounts()
WIDESPREAD = 0.3  # of the requests that are worse: more than a few clients make
FEW_CLIENTS = "clients stay with one release, and a few of them could make that difference"

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
        chance = false_alarm_chance(min(state.evidence, 1.0), state.has_baseline)
        return f"{observed_figures(state)}; {chance}"
    compared = bool(span.requests_baseline)
    since = f"in the last {span.seconds:.0f} s the " if span.seconds < state.judged - 0.5 else ""
    figures = _span_figures(state, number)
    chance = false_alarm_chance(state.evidence, compared)
    overload = "" if number else _overload(state, span)
    return f"{since}{figures}{_unanswered(state)}; {chance}{overload}"


def _unanswered(state: JudgeState) -> str:
    """Said where requests wait longer for an answer than those of the baseline."""
    if not state.overdue:
        return ""
    waited = patience(state.histogram if state.unanswered.sent else state.probes.histogram)
    return f"; {state.overdue:,} had no answer after {waited:.3g} s"


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
        beside += _margin(state.settings, metric) if number else ""
    else:
        theirs = format_percent(span.limit)
        worse = span.events / span.requests > span.limit
        before = number or state.known >= KNOWN
        beside = f", baseline before in at most {theirs}" if before else _only_limit(span.limit)
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
    if not number:
        return error_figures(state)
    return _slow(state.settings, state.metrics[number], number)


def error_figures(state: JudgeState) -> str:
    """How much of their requests both releases fail."""
    probes = state.probes
    if not state.requests and probes.requests:
        failed = percentage_of(probes.errors, probes.requests)
        what = f"candidate fails {failed} of {probes.requests:,} probes"
        if not probes.requests_baseline:
            return f"{what}{_only_limit(state.settings.error_limit)}"
        theirs = percentage_of(probes.errors_baseline, probes.requests_baseline)
        return f"{what}, baseline {theirs} of {probes.requests_baseline:,}"
    ours = (
        f"candidate fails {percentage_of(state.errors, state.requests)} of "
        f"{state.requests:,} requests"
    )
    if not state.requests_baseline:
        return f"{ours}{_only_limit(state.settings.error_limit)}"
    theirs = percentage_of(state.errors_baseline, state.requests_baseline)
    return f"{ours}, baseline {theirs} of {state.requests_baseline:,}"


def _margin(settings: JudgeSettings, metric: MetricEvidence) -> str:
    """Above which time the baseline's responses are counted, where that is less."""
    if not settings.latency_margin:
        return ""
    return f" above {metric.edge_baseline / (1.0 + settings.latency_margin):.3g} ms"


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
    if settings.latency and state.has_baseline:
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
    requests = state.requests + (0 if state.people_alone else state.probes.requests)
    if requests < settings.min_requests:
        lacks.append(f"{requests:,} of {settings.min_requests:,} requests")
    if (proven := _proven_errors(state)) < need:
        waiting = unanswered_beyond_usual(state)
        lacks.append(
            f"errors below {format_percent(settings.error_limit)} proven {proven:.3g}:1 of "
            f"{need:.3g}:1"
            + (f" (without an answer to {waiting:,}, counted as failed)" if waiting else "")
        )
    if settings.latency and state.has_baseline:
        lacks += _latency_missing(state, need)
    return ", ".join(lacks)


def unanswered_beyond_usual(state: JudgeState) -> int:
    """The candidate's requests that wait for an answer, beyond what the baseline has as a rule."""
    probes = state.probes
    people = unanswered_excess(state.unanswered, state.unanswered_baseline, state.histogram)
    if state.people_alone:
        return people
    return people + unanswered_excess(
        probes.unanswered, probes.unanswered_baseline, probes.histogram
    )


def waits_for_answers(state: JudgeState) -> bool:
    """Whether the candidate would fail too much if no answer came any more to who waits."""
    requests, errors = state.requests, state.errors
    if not state.people_alone:
        requests, errors = requests + state.probes.requests, errors + state.probes.errors
    waiting = unanswered_beyond_usual(state)
    limit = max(state.settings.error_limit, state.limit_alone)
    return waiting > 1 and errors + waiting > limit * (requests + waiting)


def _proven_errors(state: JudgeState) -> float:
    """The e-value against "it fails too much", as if no answer came any more to who waits."""
    logs = state.proof_errors
    if not state.people_alone:
        logs = noninferiority.both(logs, state.probes.proof_errors)
    waiting = unanswered_beyond_usual(state)
    return noninferiority.e_value(noninferiority.with_failures(logs, state.settings, waiting))


def _proven_latency(state: JudgeState) -> float:
    """The e-value against "it is slower than tolerated"."""
    logs = state.proof_latency
    if not state.people_alone:
        logs = noninferiority.both(logs, state.probes.proof_latency)
    return noninferiority.e_value(logs)


def _latency_missing(state: JudgeState, need: float) -> list[str]:
    if not state.compared_latency:
        return ["response times not measured in both releases"]
    proven = _proven_latency(state)
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


def _slow(settings: JudgeSettings, metric: MetricEvidence, number: int) -> str:
    ours = percentage_of(metric.events, metric.requests)
    theirs = f"{percentage_of(metric.events_baseline, metric.requests_baseline)} of"
    theirs = f"baseline in {theirs} {metric.requests_baseline:,}{_margin(settings, metric)}"
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
    return replace(
        state,
        histogram=decayed_histogram(state.histogram, baseline, 0.0),
        known=state.known + baseline.requests,
        known_errors=state.known_errors + baseline.failed,
    )


def observe_baseline(
    state: JudgeState, seconds: float, baseline: RequestCounts, probes: RequestCounts = NO_REQUESTS
) -> JudgeState:
    """The baseline alone, before the candidate has traffic: its errors, times and bursts."""
    window = AnalysisWindow(seconds, NO_REQUESTS, baseline, baseline_probes=probes)
    state, settled = _settled(state, window)
    return _learned(state, window, settled)


def _learned(state: JudgeState, window: AnalysisWindow, settled: AnalysisWindow) -> JudgeState:
    """What is usual: response times as they were measured, errors with what became overdue."""
    (first, *others), seconds = state.metrics, window.seconds
    slow = (
        regression_evidence.observe_baseline_latency(
            metric, seconds, window.baseline, state.histogram, quantile
        )
        for metric, quantile in zip(others, QUANTILES, strict=True)
    )
    errors = regression_evidence.observe_baseline_errors(first, seconds, settled.baseline)
    probes = state.probes
    return replace(
        state,
        metrics=(errors, *slow),
        histogram=decayed_histogram(state.histogram, window.baseline, seconds),
        known=state.known + settled.baseline.requests,
        known_errors=state.known_errors + settled.baseline.failed,
        probes=replace(
            probes,
            histogram=decayed_histogram(probes.histogram, window.baseline_probes, seconds),
            known=probes.known + settled.baseline_probes.requests,
            known_errors=probes.known_errors + settled.baseline_probes.failed,
        ),
    )


def observe(state: JudgeState, window: AnalysisWindow) -> tuple[JudgeState, Judgement]:
    """The state after a window, and what is to be done. A roll back is final."""
    counted, settled = _settled(state, window)
    state = _learned(_weighed(counted, window, settled), window, settled)
    decision, why = _decide(state)
    if decision is Decision.ROLL_BACK and not state.rolled_back:
        state = replace(state, rolled_back=why)
    return state, Judgement(decision, why, state.evidence, _values(state))


def _settled(state: JudgeState, window: AnalysisWindow) -> tuple[JudgeState, AnalysisWindow]:
    """Who waits for an answer now; and the window, in which what became overdue has failed."""
    probes, seconds = state.probes, window.seconds
    limit, probes_limit = patience(state.histogram), patience(probes.histogram)
    ours = state.unanswered.after(window.candidate, seconds, limit)
    theirs = state.unanswered_baseline.after(window.baseline, seconds, limit)
    our_probes = probes.unanswered.after(window.candidate_probes, seconds, probes_limit)
    their_probes = probes.unanswered_baseline.after(window.baseline_probes, seconds, probes_limit)
    settled = replace(
        window,
        candidate=with_overdue(window.candidate, ours.overdue - state.unanswered.overdue),
        baseline=with_overdue(window.baseline, theirs.overdue - state.unanswered_baseline.overdue),
        candidate_probes=with_overdue(
            window.candidate_probes, our_probes.overdue - probes.unanswered.overdue
        ),
        baseline_probes=with_overdue(
            window.baseline_probes, their_probes.overdue - probes.unanswered_baseline.overdue
        ),
    )
    probes = replace(probes, unanswered=our_probes, unanswered_baseline=their_probes)
    return (
        replace(state, unanswered=ours, unanswered_baseline=theirs, probes=probes),
        settled,
    )


def _weighed(state: JudgeState, measured: AnalysisWindow, window: AnalysisWindow) -> JudgeState:
    """With a window's evidence, unless the candidate got no request yet, or is warming up."""
    reached = window.candidate.reached or window.candidate_probes.reached
    silent = 0.0 if reached else state.silent + window.seconds
    if not state.seconds and not reached:
        return replace(state, silent=silent)
    warm = state.seconds >= state.settings.warm_up - 1e-9
    state = replace(state, silent=silent, seconds=state.seconds + window.seconds)
    if not warm:
        return state
    state = _with_evidence(state, measured, window)
    probes, ours, theirs = state.probes, window.candidate_probes, window.baseline
    there = theirs.reached or window.baseline_probes.reached
    return replace(
        state,
        silent_baseline=0.0 if there else state.silent_baseline + window.seconds,
        judged=state.judged + window.seconds,
        requests=state.requests + window.candidate.requests,
        errors=state.errors + window.candidate.failed,
        requests_baseline=state.requests_baseline + theirs.requests,
        errors_baseline=state.errors_baseline + theirs.failed,
        probes=replace(
            probes,
            requests=probes.requests + ours.requests,
            errors=probes.errors + ours.failed,
            requests_baseline=probes.requests_baseline + window.baseline_probes.requests,
            errors_baseline=probes.errors_baseline + window.baseline_probes.failed,
        ),
    )


def _with_evidence(
    state: JudgeState, measured: AnalysisWindow, window: AnalysisWindow
) -> JudgeState:
    """Thresholds and powers are of before the window: that is what keeps the e-values valid.

    measured: the window before what became overdue was counted as failed. A proof has that only
    when it is used: by then it may have been answered.
    """
    settings, (first, *others) = state.settings, state.metrics
    spent = min(window.seconds / settings.horizon, 1.0 - state.spent)
    alone = state.is_alone(window)
    slow = (
        _latency(state, metric, window, quantile, spent, alone=alone)
        for metric, quantile in zip(others, QUANTILES, strict=True)
    )
    errors = first.watched(
        _errors(state, window, alone=alone),
        window,
        spent,
        sticky=settings.sticky and window.candidate.error_clients is None,
    )
    power, *slow_powers = (metric.bursts.power(sticky=settings.sticky) for metric in state.metrics)
    powers = dict(zip(QUANTILES, slow_powers, strict=True))
    compared = bool(measured.candidate.buckets and measured.baseline.buckets)
    probed = bool(measured.candidate_probes.buckets and measured.baseline_probes.buckets)
    probes = state.probes
    return replace(
        state,
        metrics=(errors, *slow),
        proof_errors=noninferiority.error_proof_after(
            state.proof_errors, settings, measured.candidate, power
        ),
        proof_latency=noninferiority.latency_proof_after(
            state.proof_latency,
            settings,
            measured.candidate,
            measured.baseline,
            state.histogram,
            powers,
        ),
        probes=replace(
            probes,
            proof_errors=noninferiority.error_proof_after(
                probes.proof_errors, settings, measured.candidate_probes, power
            ),
            proof_latency=noninferiority.latency_proof_after(
                probes.proof_latency,
                settings,
                measured.candidate_probes,
                measured.baseline_probes,
                probes.histogram,
                powers,
            ),
        ),
        clients_known=window.candidate.error_clients is not None,
        compared_latency=state.compared_latency or compared or probed,
    )


def _errors(state: JudgeState, window: AnalysisWindow, *, alone: bool) -> list[Comparison]:
    """People's errors and those of probes, each beside the baseline's own."""
    limits = (state.limit_alone, state.probes_limit_alone) if alone else (None, None)
    kinds = (
        (window.candidate, window.baseline),
        (window.candidate_probes, window.baseline_probes),
    )
    return [
        regression_evidence.error_comparison(state.settings, ours, theirs, limit)
        for (ours, theirs), limit in zip(kinds, limits, strict=True)
        if ours.requests
    ]


def _latency(
    state: JudgeState,
    metric: MetricEvidence,
    window: AnalysisWindow,
    quantile: float,
    spent: float,
    *,
    alone: bool,
) -> MetricEvidence:
    comparisons = []
    kinds = (
        (window.candidate_probes, window.baseline_probes, state.probes.histogram),
        (window.candidate, window.baseline, state.histogram),
    )
    for number, (ours, theirs, histogram) in enumerate(kinds):
        edge = quantile_edge(histogram, quantile)
        if edge is None or not ours.reached:
            continue
        if alone:
            allowed = share_above(histogram, edge)
            above = regression_evidence.latency_comparison_alone(
                state.settings, ours, edge, allowed
            )
            if above is not None:
                comparisons.append(above[0])
                metric = replace(metric, edge=above[1], edge_baseline=edge, allowed=allowed)
            continue
        comparison, carried = regression_evidence.latency_comparison(
            state.settings, ours, theirs, edge, metric.carried[number]
        )
        if comparison is not None:
            comparisons.append(comparison)
            parts = (*metric.carried[:number], carried, *metric.carried[number + 1 :])
            metric = replace(metric, edge=edge, edge_baseline=edge, allowed=0.0, carried=parts)
    return metric.watched(comparisons, window, spent, sticky=state.settings.sticky)


def _decide(state: JudgeState) -> tuple[Decision, str]:
    settings = state.settings
    if state.rolled_back:
        return Decision.ROLL_BACK, state.rolled_back
    if state.evidence >= 1.0 / settings.alpha:
        if _few_clients_could(state):
            return _held(state, f"{strongest_evidence(state)}; {FEW_CLIENTS}")
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


def _few_clients_could(state: JudgeState) -> bool:
    """Whether clients stay with one release, so that a few of them could make the difference.

    Then requests are not routed one by one, and what differs between clients differs between
    releases. Only a difference that is most clients' is the release's own.
    """
    number = _strongest_metric(state)
    span = state.metrics[number].span
    if not state.settings.sticky or not span.requests_baseline:
        return False
    if state.clients_known and not number:
        return False
    return span.events - span.expected < WIDESPREAD * span.requests


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
        "promote_errors": _proven_errors(state),
    }
    if state.settings.latency:
        for quantile, evidence in zip(QUANTILES, state.latency_evidence, strict=True):
            values[f"p{quantile * 100:.0f}"] = evidence
        values["promote_latency"] = _proven_latency(state)
    return values
