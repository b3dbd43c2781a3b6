"""Probes and people are never in one comparison: their shares differ between the releases."""

from __future__ import annotations

from math import inf

from shipway.rollouts.analysis.judge import initial_state, observe, observe_baseline
from shipway.rollouts.analysis.latency import EDGES
from shipway.rollouts.analysis.state import JudgeState
from shipway.rollouts.analysis.window import AnalysisWindow, Decision, Judgement, RequestCounts

NOTHING = RequestCounts()


def answered(requests: int, errors: int = 0, ms: float = 80.0) -> RequestCounts:
    """Requests that took between `ms` and twice that, evenly."""
    buckets = {edge: int(requests * min(1.0, max(0.0, edge / ms - 1.0))) for edge in EDGES}
    return RequestCounts(requests, errors, {**buckets, inf: requests})


def learned() -> JudgeState:
    state = initial_state()
    for _ in range(60):
        state = observe_baseline(state, 1.0, answered(45), answered(5, ms=300.0))
    return state


def follow(window: AnalysisWindow, state: JudgeState, most: int = 400) -> tuple[int, Judgement]:
    second = 0
    while second < most:
        second += 1
        state, judgement = observe(state, window)
        if judgement.decision is not Decision.CONTINUE:
            break
    return second, judgement


def test_slow_probes_that_mostly_the_candidate_gets_do_not_make_it_slower() -> None:
    window = AnalysisWindow(
        1.0,
        answered(5),
        answered(45),
        candidate_probes=answered(5, ms=300.0),
        baseline_probes=answered(1, ms=300.0),
    )
    _, judgement = follow(window, learned())
    assert judgement.decision is Decision.PROMOTE
    merged = AnalysisWindow(1.0, answered(10, ms=190.0), answered(45))
    _, together = follow(merged, learned())
    assert together.decision is Decision.ROLL_BACK  # what a sum of both would look like


def test_good_probes_do_not_hide_that_people_fail() -> None:
    state = learned()
    for second in range(200):
        window = AnalysisWindow(
            1.0,
            answered(5, second % 10 == 0),
            answered(45),
            candidate_probes=answered(5),
            baseline_probes=answered(5),
        )
        state, judgement = observe(state, window)
        assert judgement.decision is not Decision.PROMOTE
        if judgement.decision is Decision.ROLL_BACK:
            break
    assert judgement.decision is Decision.ROLL_BACK


def test_where_nobody_asks_probes_decide() -> None:
    bad = AnalysisWindow(
        1.0, NOTHING, NOTHING, candidate_probes=answered(5, 5), baseline_probes=answered(5)
    )
    slow = answered(5, ms=300.0)
    good = AnalysisWindow(1.0, NOTHING, NOTHING, candidate_probes=slow, baseline_probes=slow)
    seconds, judgement = follow(bad, learned())
    assert (judgement.decision, seconds <= 10) == (Decision.ROLL_BACK, True)
    assert "candidate fails 100 % of" in judgement.sentence
    _, judgement = follow(good, learned())
    assert judgement.decision is Decision.PROMOTE
    assert "probes, baseline 0 % of" in judgement.sentence


def test_a_first_release_that_gets_probes_only_is_held_to_the_limit() -> None:
    bad = AnalysisWindow(1.0, NOTHING, NOTHING, candidate_probes=answered(5, 3))
    _, judgement = follow(bad, initial_state())
    assert judgement.decision is Decision.ROLL_BACK
    assert "only the limit of 1 %" in judgement.sentence


def test_probes_that_only_one_release_gets_are_no_evidence() -> None:
    window = AnalysisWindow(1.0, answered(5), answered(45), candidate_probes=answered(5, ms=900.0))
    state = learned()
    for _ in range(30):
        state, judgement = observe(state, window)
        assert judgement.evidence < 2
