"""What the judge decides, and never does."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shipway.core.judge import (
    EDGES,
    Counts,
    Decision,
    Judgement,
    JudgeSettings,
    JudgeState,
    Window,
    begin,
    learn,
    watch,
)

ONLY_ERRORS = JudgeSettings(latency=False)


def counts(requests: int, errors: int = 0, ms: float = 80.0) -> Counts:
    """Requests that took between `ms` and twice that, evenly."""
    buckets = {edge: int(requests * min(1.0, max(0.0, (edge - ms) / ms))) for edge in EDGES}
    return Counts(requests, errors, buckets)


def window(ours: Counts, theirs: Counts, seconds: float = 1.0) -> Window:
    return Window(seconds, ours, theirs)


def follow(
    state: JudgeState, ours: Counts, theirs: Counts, most: int = 2000
) -> tuple[int, JudgeState, Judgement]:
    """Equal windows of a second until it decides."""
    for number in range(1, most + 1):
        state, judgement = watch(state, window(ours, theirs))
        if judgement.decision is not Decision.WATCH:
            return number, state, judgement
    return most, state, judgement


@st.composite
def one_release(draw: st.DrawFn) -> Counts:
    requests = draw(st.integers(0, 60))
    made = counts(requests, draw(st.integers(0, requests)), draw(st.sampled_from([40.0, 80, 300])))
    clients = draw(st.none() | st.integers(0, 60))
    return replace(made, error_clients=clients)


windows = st.builds(Window, st.sampled_from([0.5, 1.0, 60.0]), one_release(), one_release())


def test_a_release_that_answers_only_500_is_judged_within_six_seconds() -> None:
    seconds, _, judgement = follow(begin(), counts(5, 5), counts(45))
    assert judgement.decision is Decision.ROLL_BACK
    assert seconds <= 6
    assert "candidate fails 100 % of" in judgement.sentence
    assert "baseline 0 % of" in judgement.sentence
    assert "under equal quality < 1 in 1" in judgement.sentence


def test_five_percent_of_errors_are_judged_within_thirty_seconds_in_the_median() -> None:
    times = []
    for seed in range(31):
        rng, state = random.Random(seed), begin(ONLY_ERRORS)
        decision, second = Decision.WATCH, 0
        while decision is Decision.WATCH:
            second += 1
            ours = sum(rng.random() < 0.1 for _ in range(50))
            failed = sum(rng.random() < 0.05 for _ in range(ours))
            others = sum(rng.random() < 0.001 for _ in range(50 - ours))
            given_counts = window(Counts(ours, failed), Counts(50 - ours, others))
            state, judgement = watch(state, given_counts)
            decision = judgement.decision
        times.append(second if decision is Decision.ROLL_BACK else 1801)
    assert sorted(times)[15] <= 30


def test_a_slower_release_is_rolled_back_and_the_sentence_names_the_threshold() -> None:
    state = learn(begin(), 10.0, counts(450))
    _, _, judgement = follow(state, counts(5, 0, 160.0), counts(45))
    assert judgement.decision is Decision.ROLL_BACK
    assert "above the baseline's p" in judgement.sentence
    assert "ms)" in judgement.sentence


def test_a_release_as_good_is_promoted_with_both_limits_named() -> None:
    state = learn(begin(), 10.0, counts(450))
    _, state, judgement = follow(state, counts(20), counts(30))
    assert judgement.decision is Decision.PROMOTE
    assert "below 1 % errors, at most 20 % or 5 ms slower" in judgement.sentence
    assert min(judgement.metrics[f"promote_{one}"] for one in ("errors", "latency")) >= 20
    assert state.requests >= state.settings.min_requests


def seconds_to_promotion(*loads: Sequence[int]) -> float:
    """The median of eleven; both releases answer after 1, 2, 3, 4, 5 or 8 ms, in these proportions
    for ten seconds each in turn."""

    def answered(rng: random.Random, requests: int, second: int) -> Counts:
        load = loads[second // 10 % len(loads)]
        took = rng.choices((1, 2, 3, 4, 5, 8), load, k=requests)
        return Counts(requests, 0, {edge: sum(ms <= edge for ms in took) for edge in EDGES})

    found = []
    for seed in range(11):
        rng, state, second, decision = random.Random(seed), begin(), 0, Decision.WATCH
        for second in range(60):
            state = learn(state, 1.0, answered(rng, 60, second))
        while decision is Decision.WATCH:
            second += 1
            ours, theirs = answered(rng, 12, second), answered(rng, 48, second)
            state, judgement = watch(state, window(ours, theirs))
            decision = judgement.decision
        found.append(state.seconds if decision is Decision.PROMOTE else 1801)
    return sorted(found)[5]


def test_a_fast_application_is_promoted_though_a_proxy_counts_whole_milliseconds() -> None:
    assert seconds_to_promotion((5, 40, 35, 15, 4, 1)) <= 60


def test_a_median_that_swings_with_the_machine_does_not_hold_up_a_promotion() -> None:
    assert seconds_to_promotion((5, 40, 35, 15, 4, 1), (5, 20, 30, 35, 8, 2)) <= 120


def test_faults_of_both_releases_are_not_the_candidates() -> None:
    _, _, judgement = follow(begin(ONLY_ERRORS), Counts(10, 5), Counts(10, 5), 600)
    assert judgement.decision is Decision.WATCH


def test_without_a_baseline_only_the_limit_counts_and_it_says_so() -> None:
    _, _, bad = follow(begin(), counts(20, 3), Counts())
    _, _, good = follow(begin(), counts(20), Counts())
    assert bad.decision is Decision.ROLL_BACK
    assert good.decision is Decision.PROMOTE
    assert "no baseline, only the limit of 1 %" in bad.sentence
    assert "no baseline, only the limit of 1 %" in good.sentence


def test_a_window_that_misses_the_baseline_by_chance_is_not_judged_alone() -> None:
    state, _ = watch(begin(ONLY_ERRORS), window(Counts(10, 1), Counts(10, 1)))
    after, _ = watch(state, window(Counts(10, 5), Counts()))
    assert after.errors_evidence == pytest.approx(state.errors_evidence)


def alone(ours: Counts) -> Window:
    """A second in which the candidate had all requests, but for a few that were on their way."""
    return Window(1.0, ours, counts(3), alone=True)


def test_a_candidate_that_gets_all_requests_at_once_is_judged_from_the_first_second_on() -> None:
    state = learn(begin(), 10.0, counts(600))
    state, judgement = watch(state, window(Counts(2), counts(60)))  # a smoke test
    for _ in range(4):
        state, judgement = watch(state, alone(Counts(60, 12)))
    assert judgement.decision is Decision.ROLL_BACK


def test_what_the_baseline_failed_before_is_allowed_to_a_candidate_alone() -> None:
    state = learn(begin(), 10.0, counts(600, 30))
    state, _ = watch(state, window(Counts(2), counts(60, 3)))
    for _ in range(60):
        state, judgement = watch(state, alone(Counts(60, 3)))
    assert judgement.decision is Decision.WATCH
    assert state.errors_evidence < 2


@pytest.mark.parametrize(("slower", "bad"), [(1.0, False), (1.5, True)])
def test_a_candidate_alone_is_compared_with_how_fast_the_baseline_was(
    slower: float, bad: bool
) -> None:
    state = begin()
    for _ in range(60):
        state = learn(state, 1.0, counts(60))
    for _ in range(20):
        state, judgement = watch(state, alone(counts(60, 0, slower * 80.0)))
    assert (judgement.decision is Decision.ROLL_BACK) == bad, judgement.sentence
    assert ("baseline before in at most" in judgement.sentence) == bad


def test_when_the_baseline_gets_no_more_traffic_its_rate_is_the_limit_if_that_is_more() -> None:
    state = begin(ONLY_ERRORS)
    for _ in range(50):
        state, _ = watch(state, window(Counts(10, 1), Counts(10, 1)))
    _, _, same = follow(state, Counts(20, 2), Counts(), 300)
    _, _, worse = follow(state, Counts(20, 10), Counts(), 300)
    assert same.decision is Decision.WATCH
    assert worse.decision is Decision.ROLL_BACK


@pytest.mark.parametrize("on_hold", ["hold", "roll back"])
def test_at_the_horizon_a_person_decides_or_it_is_rolled_back(
    on_hold: Literal["hold", "roll back"],
) -> None:
    limits = JudgeSettings(latency=False, horizon=50.0, on_hold=on_hold)
    seconds, _, judgement = follow(begin(limits), Counts(1), Counts(1))
    assert seconds == 50
    assert judgement.decision.value == on_hold
    assert "not decided after 50 s" in judgement.sentence


def test_silence_is_held() -> None:
    seconds, _, judgement = follow(begin(), Counts(), counts(50))
    assert (seconds, judgement.decision) == (60, Decision.HOLD)
    assert "no request reached the candidate for 60 s" in judgement.sentence


def test_silence_after_traffic_is_never_promoted() -> None:
    state = begin(ONLY_ERRORS)
    for _ in range(14):
        state, judgement = watch(state, window(Counts(20), Counts(30)))
    assert judgement.decision is Decision.WATCH
    _, _, judgement = follow(state, Counts(), Counts(50))
    assert judgement.decision is Decision.HOLD


def test_response_times_that_nobody_measured_are_not_a_pass() -> None:
    limits = JudgeSettings(horizon=200.0)
    _, _, judgement = follow(begin(limits), Counts(20), Counts(30))
    assert judgement.decision is Decision.HOLD
    assert "response times not measured" in judgement.sentence


def test_a_warm_up_does_not_count() -> None:
    state = begin(JudgeSettings(warm_up=10.0, latency=False))
    for _ in range(10):
        state, judgement = watch(state, window(Counts(5, 5), Counts(45)))
        assert judgement.decision is Decision.WATCH
        assert "warms up" in judgement.sentence
    assert (state.requests, state.evidence) == (0, 1.0)
    _, _, judgement = follow(state, Counts(5, 5), Counts(45))
    assert judgement.decision is Decision.ROLL_BACK


def test_a_burst_of_a_known_client_counts_once() -> None:
    burst = Counts(20, 10, error_clients=1)
    known, _ = watch(begin(ONLY_ERRORS), window(burst, Counts(30, 0, error_clients=0)))
    unknown, _ = watch(begin(ONLY_ERRORS), window(Counts(20, 10), Counts(30)))
    assert known.evidence < unknown.evidence


def test_little_traffic_is_not_promoted() -> None:
    limits = JudgeSettings(latency=False, error_limit=0.3, min_requests=100)
    seconds, _, judgement = follow(begin(limits), Counts(5), Counts(5))
    assert judgement.decision is Decision.PROMOTE
    assert seconds == 20


@settings(max_examples=60)
@given(st.lists(windows, max_size=30), st.booleans())
def test_a_state_survives_json_and_goes_on_alike(seen: list[Window], sticky: bool) -> None:
    state = begin(JudgeSettings(sticky=sticky, warm_up=1.0))
    for one in seen:
        copy = JudgeState.from_dict(json.loads(json.dumps(state.to_dict())))
        assert copy == state
        assert watch(copy, one) == watch(state, one)
        state, _ = watch(state, one)


@settings(max_examples=60)
@given(st.lists(windows, max_size=40))
def test_no_promotion_below_the_minimum_and_a_roll_back_is_final(seen: list[Window]) -> None:
    state, final = begin(JudgeSettings(min_requests=40)), False
    for one in seen:
        state, judgement = watch(state, one)
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
    seen: list[Window], data: st.DataObject
) -> None:
    plain = [replace(one, candidate=replace(one.candidate, error_clients=None)) for one in seen]
    place = data.draw(st.integers(0, len(plain) - 1))
    worse = list(plain)
    ours = plain[place].candidate
    worse[place] = replace(
        plain[place], candidate=replace(ours, errors=min(ours.requests, ours.errors + 3))
    )
    first = second = begin(ONLY_ERRORS)
    for one, other in zip(plain, worse, strict=True):
        first, _ = watch(first, one)
        second, _ = watch(second, other)
    assert second.evidence >= first.evidence * (1 - 1e-9)


def test_the_count_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="negative"):
        Counts(-1)
    with pytest.raises(ValueError, match="must last"):
        Window(0.0, Counts(), Counts())


def test_settings_are_checked_as_all_configuration_is() -> None:
    read = TypeAdapter(JudgeSettings).validate_python
    assert read({"alpha": 0.05, "sticky": True}) == JudgeSettings(alpha=0.05, sticky=True)
    for wrong in ({"alpha": 0}, {"beta": 1}, {"on_hold": "promote"}, {"horizn": 60}):
        with pytest.raises(ValidationError):
            read(wrong)
