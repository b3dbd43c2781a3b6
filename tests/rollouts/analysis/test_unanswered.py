"""What was sent and not answered counts, and nothing that was answered in time."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipway.rollouts.analysis.judge import (
    initial_state,
    observe,
    observe_baseline,
    unanswered_beyond_usual,
)
from shipway.rollouts.analysis.latency import EDGES
from shipway.rollouts.analysis.unanswered import (
    UnansweredRequests,
    mean_seconds,
    patience,
    with_overdue,
)
from shipway.rollouts.analysis.window import AnalysisWindow, Decision, RequestCounts


def answered(requests: int, sent: int | None = None, errors: int = 0) -> RequestCounts:
    """Requests that took between 80 and 160 ms, evenly."""
    buckets = {edge: int(requests * min(1.0, max(0.0, edge / 80.0 - 1.0))) for edge in EDGES}
    return RequestCounts(requests, errors, {**buckets, inf: requests}, sent=sent)


requests = st.lists(
    st.tuples(st.integers(0, 29), st.sampled_from([0, 0, 0, 1, 2, 5, 20, 1000])), max_size=120
)


@given(requests, st.sampled_from([1.0, 2.0, 5.0]))
@settings(max_examples=200)
def test_no_more_are_overdue_than_really_wait_longer_than_the_patience(
    drawn: list[tuple[int, int]], limit: float
) -> None:
    flight, waited = UnansweredRequests(), set[int]()
    for second in range(30):
        sent = sum(at == second for at, _ in drawn)
        done = sum(at + took == second for at, took in drawn)
        flight = flight.after(RequestCounts(done, sent=sent), 1.0, limit)
        waited |= {
            number
            for number, (at, took) in enumerate(drawn)
            if at + took > second and second - at >= limit
        }
        assert flight.overdue <= len(waited)
        assert flight.pending == sum(at <= second < at + took for at, took in drawn)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=1, max_size=20),
    st.sampled_from([1.0, 8.2, 30.0, 90.0]),
)
def test_in_a_long_window_no_more_are_overdue_than_were_lost_where_requests_lie_evenly(
    minutes: list[tuple[int, int]], limit: float
) -> None:
    """Each minute's requests, and how many of them are lost; those that are sent in the last
    second, in any minute, are answered in the next."""
    flight, lost, carried = UnansweredRequests(), 0, 0
    for sent, losses in minutes:
        late = min(sent // 60, sent - min(losses, sent))
        lost += min(losses, sent)
        done = sent - min(losses, sent) - late + carried
        flight = flight.after(RequestCounts(done, sent=sent), 60.0, limit)
        carried = late
        assert flight.overdue <= lost
    for _ in range(2):
        flight = flight.after(RequestCounts(carried, sent=0), 60.0, limit)
        carried = 0
    assert flight.overdue == lost  # in the end all of them, and each once


def test_what_is_lost_in_a_minute_is_known_in_that_minute() -> None:
    flight = UnansweredRequests().after(RequestCounts(70, sent=100), 60.0, 1.0)
    assert flight.overdue == 28  # of the last second's two it cannot be known yet


def test_all_that_a_release_never_answers_are_overdue_when_the_patience_is_over() -> None:
    flight = UnansweredRequests()
    overdue = []
    for _ in range(5):
        flight = flight.after(RequestCounts(0, sent=7), 1.0, 2.0)
        overdue.append(flight.overdue)
    assert overdue == [0, 0, 7, 14, 21]


def test_a_platform_that_does_not_count_what_is_sent_has_nothing_unanswered() -> None:
    flight = UnansweredRequests().after(RequestCounts(5), 1.0, 1.0)
    assert flight == UnansweredRequests()
    state = initial_state()
    for _ in range(10):
        state, _ = observe(state, AnalysisWindow(1.0, answered(20), answered(30)))
    assert (state.overdue, unanswered_beyond_usual(state)) == (0, 0)


def test_the_baselines_slowest_are_waited_for() -> None:
    slow = tuple((edge, 1000.0 if edge >= 8200.0 else 0.0) for edge in (*EDGES, inf))
    assert patience(slow) == pytest.approx(8.2)
    assert patience(()) == 30.0
    assert mean_seconds(slow) == pytest.approx(8.2)
    assert mean_seconds(()) == 0.0


def test_what_is_overdue_has_failed_and_was_slower_than_any_threshold() -> None:
    counts = with_overdue(answered(10, 12, 1), 2)
    assert (counts.requests, counts.failed, counts.buckets[inf]) == (12, 3, 12)
    assert counts.buckets[EDGES[-1]] == 10
    assert with_overdue(answered(10), 0) == answered(10)


def follow(hanging: int, *, both: bool = False) -> tuple[int, str, Decision]:
    """Of ten requests a second to each release, the candidate never answers so many."""
    state = initial_state()
    for _ in range(60):
        state = observe_baseline(state, 1.0, answered(20, 20))
    second = 0
    while second < 300:
        second += 1
        ours = answered(10 - hanging, 10)
        theirs = answered(10 - hanging, 10) if both else answered(10, 10)
        state, judgement = observe(state, AnalysisWindow(1.0, ours, theirs))
        if judgement.decision is not Decision.CONTINUE:
            break
    return second, judgement.sentence, judgement.decision


@pytest.mark.parametrize(("hanging", "seconds"), [(1, 40), (5, 12), (10, 8)])
def test_a_release_that_hangs_is_rolled_back_as_one_that_fails(hanging: int, seconds: int) -> None:
    taken, sentence, decision = follow(hanging)
    assert decision is Decision.ROLL_BACK
    assert taken <= seconds
    assert "had no answer after 1 s" in sentence


def test_what_hangs_in_both_releases_is_not_the_candidates() -> None:
    _, _, decision = follow(1, both=True)
    assert decision is not Decision.ROLL_BACK


def test_nothing_is_promoted_while_requests_wait_that_may_still_fail() -> None:
    state = initial_state()
    for _ in range(60):
        state = observe_baseline(state, 1.0, answered(20, 20))
    for second in range(100):
        hang = second % 20 == 0  # half a percent: nothing is overdue, because others are answered
        ours = answered(9 if hang else 10, 10)
        state, judgement = observe(state, AnalysisWindow(1.0, ours, answered(10, 10)))
        assert judgement.decision is Decision.CONTINUE
    assert "without an answer to 4, counted as failed" in judgement.sentence
    good = initial_state()
    for _ in range(100):
        good, judgement = observe(good, AnalysisWindow(1.0, answered(10, 10), answered(10, 10)))
    assert judgement.decision is Decision.PROMOTE


def test_what_clients_of_both_releases_give_up_does_not_hold_up_a_promotion() -> None:
    state = initial_state()
    for second in range(200):
        given_up = second % 10 == 0  # one of a hundred
        ours = answered(9 if given_up else 10, 10)
        state, judgement = observe(state, AnalysisWindow(1.0, ours, ours))
        if judgement.decision is Decision.PROMOTE:
            break
    assert judgement.decision is Decision.PROMOTE
