"""What the judge decides, and never does."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shipway.codec import from_plain, to_plain
from shipway.config.tables import JudgeSettings
from shipway.rollouts.analysis.judge import initial_state, observe, observe_baseline
from shipway.rollouts.analysis.latency import EDGES
from shipway.rollouts.analysis.state import JudgeState
from shipway.rollouts.analysis.window import AnalysisWindow, Decision, Judgement, RequestCounts

ONLY_ERRORS = JudgeSettings(latency=False)


def counts(requests: int, errors: int = 0, ms: float = 80.0) -> RequestCounts:
    """Requests that took between `ms` and twice that, evenly."""
    buckets = {edge: int(requests * min(1.0, max(0.0, (edge - ms) / ms))) for edge in EDGES}
    return RequestCounts(requests, errors, buckets)


def window(ours: RequestCounts, theirs: RequestCounts, seconds: float = 1.0) -> AnalysisWindow:
    return AnalysisWindow(seconds, ours, theirs)


def follow(
    state: JudgeState, ours: RequestCounts, theirs: RequestCounts, most: int = 2000
) -> tuple[int, JudgeState, Judgement]:
    """Equal windows of a second until it decides."""
    for number in range(1, most + 1):
        state, judgement = observe(state, window(ours, theirs))
        if judgement.decision is not Decision.CONTINUE:
            return number, state, judgement
    return most, state, judgement


@st.composite
def one_release(draw: st.DrawFn) -> RequestCounts:
    requests = draw(st.integers(0, 60))
    made = counts(requests, draw(st.integers(0, requests)), draw(st.sampled_from([40.0, 80, 300])))
    clients = draw(st.none() | st.integers(0, 60))
    return replace(made, error_clients=clients)


windows = st.builds(AnalysisWindow, st.sampled_from([0.5, 1.0, 60.0]), one_release(), one_release())


def test_a_release_that_answers_only_500_is_judged_within_six_seconds() -> None:
    seconds, _, judgement = follow(initial_state(), counts(5, 5), counts(45))
    assert judgement.decision is Decision.ROLL_BACK
    assert seconds <= 6
    assert "candidate fails 100 % of" in judgement.sentence
    assert "baseline 0 % of" in judgement.sentence
    assert "under equal quality < 1 in 2" in judgement.sentence


def test_five_percent_of_errors_are_judged_within_thirty_seconds_in_the_median() -> None:
    times = []
    for seed in range(31):
        rng, state = random.Random(seed), initial_state(ONLY_ERRORS)
        decision, second = Decision.CONTINUE, 0
        while decision is Decision.CONTINUE:
            second += 1
            ours = sum(rng.random() < 0.1 for _ in range(50))
            failed = sum(rng.random() < 0.05 for _ in range(ours))
            others = sum(rng.random() < 0.001 for _ in range(50 - ours))
            given_counts = window(RequestCounts(ours, failed), RequestCounts(50 - ours, others))
            state, judgement = observe(state, given_counts)
            decision = judgement.decision
        times.append(second if decision is Decision.ROLL_BACK else 1801)
    assert sorted(times)[15] <= 30


def test_a_slower_release_is_rolled_back_and_the_sentence_names_the_threshold() -> None:
    state = observe_baseline(initial_state(), 10.0, counts(450))
    _, _, judgement = follow(state, counts(5, 0, 160.0), counts(45))
    assert judgement.decision is Decision.ROLL_BACK
    assert "above the baseline's p" in judgement.sentence
    assert "ms)" in judgement.sentence


def test_a_release_as_good_is_promoted_with_both_limits_named() -> None:
    state = observe_baseline(initial_state(), 10.0, counts(450))
    _, state, judgement = follow(state, counts(20), counts(30))
    assert judgement.decision is Decision.PROMOTE
    assert "below 1 % errors, at most 20 % or 5 ms slower" in judgement.sentence
    assert min(judgement.metrics[f"promote_{one}"] for one in ("errors", "latency")) >= 20
    assert state.requests >= state.settings.min_requests


def seconds_to_promotion(*loads: Sequence[int]) -> float:
    """The median of eleven; both releases answer after 1, 2, 3, 4, 5 or 8 ms, in these proportions
    for ten seconds each in turn."""

    def answered(rng: random.Random, requests: int, second: int) -> RequestCounts:
        load = loads[second // 10 % len(loads)]
        took = rng.choices((1, 2, 3, 4, 5, 8), load, k=requests)
        return RequestCounts(requests, 0, {edge: sum(ms <= edge for ms in took) for edge in EDGES})

    found = []
    for seed in range(11):
        rng, state, second, decision = random.Random(seed), initial_state(), 0, Decision.CONTINUE
        for second in range(60):
            state = observe_baseline(state, 1.0, answered(rng, 60, second))
        while decision is Decision.CONTINUE:
            second += 1
            ours, theirs = answered(rng, 12, second), answered(rng, 48, second)
            state, judgement = observe(state, window(ours, theirs))
            decision = judgement.decision
        found.append(state.seconds if decision is Decision.PROMOTE else 1801)
    return sorted(found)[5]


def test_a_fast_application_is_promoted_though_a_proxy_counts_whole_milliseconds() -> None:
    assert seconds_to_promotion((5, 40, 35, 15, 4, 1)) <= 60


def test_a_median_that_swings_with_the_machine_does_not_hold_up_a_promotion() -> None:
    assert seconds_to_promotion((5, 40, 35, 15, 4, 1), (5, 20, 30, 35, 8, 2)) <= 120


def test_faults_of_both_releases_are_not_the_candidates() -> None:
    _, _, judgement = follow(
        initial_state(ONLY_ERRORS), RequestCounts(10, 5), RequestCounts(10, 5), 600
    )
    assert judgement.decision is Decision.CONTINUE


def test_without_a_baseline_only_the_limit_counts_and_it_says_so() -> None:
    _, _, bad = follow(initial_state(), counts(20, 3), RequestCounts())
    _, _, good = follow(initial_state(), counts(20), RequestCounts())
    assert bad.decision is Decision.ROLL_BACK
    assert good.decision is Decision.PROMOTE
    assert "no baseline, only the limit of 1 %" in bad.sentence
    assert "no baseline, only the limit of 1 %" in good.sentence


def test_a_window_that_misses_the_baseline_by_chance_is_not_judged_alone() -> None:
    state, _ = observe(
        initial_state(ONLY_ERRORS), window(RequestCounts(10, 1), RequestCounts(10, 1))
    )
    after, _ = observe(state, window(RequestCounts(10, 5), RequestCounts()))
    assert after.errors_evidence == pytest.approx(state.errors_evidence)


def alone(ours: RequestCounts) -> AnalysisWindow:
    """A second in which the candidate had all requests, but for a few that were on their way."""
    return AnalysisWindow(1.0, ours, counts(3), alone=True)


def test_a_candidate_that_gets_all_requests_at_once_is_judged_from_the_first_second_on() -> None:
    state = observe_baseline(initial_state(), 10.0, counts(600))
    state, judgement = observe(state, window(RequestCounts(2), counts(60)))  # a smoke test
    for _ in range(4):
        state, judgement = observe(state, alone(RequestCounts(60, 12)))
    assert judgement.decision is Decision.ROLL_BACK


def test_what_the_baseline_failed_before_is_allowed_to_a_candidate_alone() -> None:
    state = observe_baseline(initial_state(), 10.0, counts(600, 30))
    state, _ = observe(state, window(RequestCounts(2), counts(60, 3)))
    for _ in range(60):
        state, judgement = observe(state, alone(RequestCounts(60, 3)))
    assert judgement.decision is Decision.CONTINUE
    assert state.errors_evidence < 2


@pytest.mark.parametrize(("slower", "bad"), [(1.0, False), (1.5, True)])
def test_a_candidate_alone_is_compared_with_how_fast_the_baseline_was(
    slower: float, bad: bool
) -> None:
    state = initial_state()
    for _ in range(60):
        state = observe_baseline(state, 1.0, counts(60))
    for _ in range(20):
        state, judgement = observe(state, alone(counts(60, 0, slower * 80.0)))
    assert (judgement.decision is Decision.ROLL_BACK) == bad, judgement.sentence
    assert ("baseline before in at most" in judgement.sentence) == bad


def test_when_the_baseline_gets_no_more_traffic_its_rate_is_the_limit_if_that_is_more() -> None:
    state = initial_state(ONLY_ERRORS)
    for _ in range(50):
        state, _ = observe(state, window(RequestCounts(10, 1), RequestCounts(10, 1)))
    _, _, same = follow(state, RequestCounts(20, 2), RequestCounts(), 300)
    _, _, worse = follow(state, RequestCounts(20, 10), RequestCounts(), 300)
    assert same.decision is Decision.CONTINUE
    assert worse.decision is Decision.ROLL_BACK


@pytest.mark.parametrize("on_hold", ["hold", "roll back"])
def test_at_the_horizon_a_person_decides_or_it_is_rolled_back(
    on_hold: Literal["hold", "roll back"],
) -> None:
    limits = JudgeSettings(latency=False, horizon=50.0, on_hold=on_hold)
    seconds, _, judgement = follow(initial_state(limits), RequestCounts(1), RequestCounts(1))
    assert seconds == 50
    assert judgement.decision.value == on_hold
    assert "not decided after 50 s" in judgement.sentence


def test_silence_is_held() -> None:
    seconds, _, judgement = follow(initial_state(), RequestCounts(), counts(50))
    assert (seconds, judgement.decision) == (60, Decision.INCONCLUSIVE)
    assert "no request reached the candidate for 60 s" in judgement.sentence


def test_silence_after_traffic_is_never_promoted() -> None:
    state = initial_state(ONLY_ERRORS)
    for _ in range(14):
        state, judgement = observe(state, window(RequestCounts(20), RequestCounts(30)))
    assert judgement.decision is Decision.CONTINUE
    _, _, judgement = follow(state, RequestCounts(), RequestCounts(50))
    assert judgement.decision is Decision.INCONCLUSIVE


def test_response_times_that_nobody_measured_are_not_a_pass() -> None:
    limits = JudgeSettings(horizon=200.0)
    _, _, judgement = follow(initial_state(limits), RequestCounts(20), RequestCounts(30))
    assert judgement.decision is Decision.INCONCLUSIVE
    assert "response times not measured" in judgement.sentence


def test_a_warm_up_does_not_count() -> None:
    state = initial_state(JudgeSettings(warm_up=10.0, latency=False))
    for _ in range(10):
        state, judgement = observe(state, window(RequestCounts(5, 5), RequestCounts(45)))
        assert judgement.decision is Decision.CONTINUE
        assert "warms up" in judgement.sentence
    assert (state.requests, state.evidence) == (0, pytest.approx(1.0))
    _, _, judgement = follow(state, RequestCounts(5, 5), RequestCounts(45))
    assert judgement.decision is Decision.ROLL_BACK


def test_a_burst_of_a_known_client_counts_once() -> None:
    burst = RequestCounts(20, 10, error_clients=1)
    known, _ = observe(
        initial_state(ONLY_ERRORS), window(burst, RequestCounts(30, 0, error_clients=0))
    )
    unknown, _ = observe(
        initial_state(ONLY_ERRORS), window(RequestCounts(20, 10), RequestCounts(30))
    )
    assert known.evidence < unknown.evidence


def test_little_traffic_is_not_promoted() -> None:
    limits = JudgeSettings(latency=False, error_limit=0.3, min_requests=100)
    seconds, _, judgement = follow(initial_state(limits), RequestCounts(5), RequestCounts(5))
    assert judgement.decision is Decision.PROMOTE
    assert seconds == 20


@settings(max_examples=60)
@given(st.lists(windows, max_size=30), st.booleans())
def test_a_state_survives_json_and_goes_on_alike(seen: list[AnalysisWindow], sticky: bool) -> None:
    state = initial_state(JudgeSettings(sticky=sticky, warm_up=1.0))
    for one in seen:
        copy = from_plain(JudgeState, to_plain(state))
        assert copy == state
        assert observe(copy, one) == observe(state, one)
        state, _ = observe(state, one)


@settings(max_examples=60)
@given(st.lists(windows, max_size=40))
def test_no_promotion_below_the_minimum_and_a_roll_back_is_final(
    seen: list[AnalysisWindow],
) -> None:
    state, final = initial_state(JudgeSettings(min_requests=40)), False
    for one in seen:
        state, judgement = observe(state, one)
        assert not final or judgement.decision is Decision.ROLL_BACK
        final = final or judgement.decision is Decision.ROLL_BACK
        if judgement.decision is Decision.PROMOTE:
            assert state.requests >= 40
            assert one.candidate.requests > 0
        assert judgement.evidence >= 0.0
        assert judgement.sentence.count("\n") == 0


@settings(max_examples=60)
@given(st.lists(windows, min_size=1, max_size=20), st.data())
def test_more_errors_of_the_candidate_never_help_it(
    seen: list[AnalysisWindow], data: st.DataObject
) -> None:
    plain = [replace(one, candidate=replace(one.candidate, error_clients=None)) for one in seen]
    place = data.draw(st.integers(0, len(plain) - 1))
    worse = list(plain)
    ours = plain[place].candidate
    worse[place] = replace(
        plain[place], candidate=replace(ours, errors=min(ours.requests, ours.errors + 3))
    )
    first = second = initial_state(ONLY_ERRORS)
    for one, other in zip(plain, worse, strict=True):
        first, _ = observe(first, one)
        second, _ = observe(second, other)
    assert second.evidence >= first.evidence * (1 - 1e-9)


def test_the_count_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="negative"):
        RequestCounts(-1)
    with pytest.raises(ValueError, match="must last"):
        AnalysisWindow(0.0, RequestCounts(), RequestCounts())


def test_settings_are_checked_as_all_configuration_is() -> None:
    read = TypeAdapter(JudgeSettings).validate_python
    assert read({"alpha": 0.05, "sticky": True}) == JudgeSettings(alpha=0.05, sticky=True)
    for wrong in ({"alpha": 0}, {"beta": 1}, {"on_hold": "promote"}, {"horizn": 60}):
        with pytest.raises(ValidationError):
            read(wrong)


def test_where_clients_stay_with_a_release_a_few_of_them_do_not_roll_it_back() -> None:
    limits = JudgeSettings(latency=False, sticky=True)
    _, _, few = follow(initial_state(limits), RequestCounts(20, 2), RequestCounts(30))
    assert few.decision is Decision.INCONCLUSIVE
    assert "a few of them could make that difference; a person decides" in few.sentence
    _, _, most = follow(initial_state(limits), RequestCounts(20, 15), RequestCounts(30))
    assert most.decision is Decision.ROLL_BACK


def test_where_clients_stay_and_are_known_their_number_decides() -> None:
    limits = JudgeSettings(latency=False, sticky=True)
    failing = RequestCounts(20, 4, error_clients=4)
    _, _, known = follow(initial_state(limits), failing, RequestCounts(30, 0, error_clients=0))
    assert known.decision is Decision.ROLL_BACK


def test_one_window_without_the_baseline_does_not_leave_a_candidate_alone() -> None:
    state = initial_state(ONLY_ERRORS)
    for number in range(20):
        theirs = RequestCounts() if number % 5 == 4 else RequestCounts(300, 60)
        state, judgement = observe(state, window(RequestCounts(30, 6), theirs, 60.0))
        assert judgement.decision is Decision.CONTINUE
    assert judgement.evidence < 2


def test_a_candidate_alone_is_held_to_what_its_baseline_provably_had() -> None:
    state = initial_state(ONLY_ERRORS)
    for _ in range(600):
        state = observe_baseline(state, 1.0, RequestCounts(50, 0))
    state = replace(state, known_errors=30)  # one of a thousand
    for second in range(1, 121):
        one = AnalysisWindow(1.0, RequestCounts(50, second % 2), RequestCounts(), alone=True)
        state, judgement = observe(state, one)
        if judgement.decision is Decision.ROLL_BACK:
            break
    assert judgement.decision is Decision.ROLL_BACK
    assert "baseline before in at most 0.2" in judgement.sentence
    assert second <= 60
