"""What a rehearsal's account is made of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.rehearsal.sent_requests import GOOD, requests

from shipway.pipeline.outcome import Verdict
from shipway.rehearsal.load import LoadResponse
from shipway.rehearsal.result import (
    RehearsalTimes,
    healthy_at_the_end,
    load_phases,
    rehearsal_moments,
    time_to_verdict,
)
from shipway.rollouts.report import RolloutReport

BAD = GOOD._replace(status=500)


def receipt(*stages: tuple[float, str]) -> RolloutReport:
    timeline = tuple({"at": at, "stage": stage, "text": ""} for at, stage in stages)
    return RolloutReport(
        environment="e",
        release="two",
        before="one",
        verdict=Verdict.ROLLED_BACK,
        started=100.0,
        seconds=20.0,
        address="",
        timeline=timeline,
    )


def test_seconds_are_drawn_one_by_one_and_none_is_left_out() -> None:
    found = rehearsal_moments(
        [GOOD, GOOD._replace(at=100.5, release="two"), BAD._replace(at=102.2)], "two"
    )
    assert [(one.requests, one.failed, one.share) for one in found] == [
        (2, 0, 0.5),
        (0, 0, 0.0),
        (1, 1, 0.0),
    ]
    assert (found[0].p95, found[2].p95) == (10.0, None)
    assert rehearsal_moments([], "two") == ()


def test_a_verdict_is_timed_from_the_candidates_first_answer() -> None:
    rolled = receipt((101, "SCALE_UP"), (107, "ROLLING_BACK"), (110, "ROLLED_BACK"))
    answered = [GOOD, GOOD._replace(at=104, release="two"), GOOD._replace(at=105, release="two")]
    assert time_to_verdict(rolled, answered, "two") == 3.0
    assert time_to_verdict(rolled, [GOOD], "two") == 7.0  # it gave none: from the rollout's start
    assert time_to_verdict(receipt(), [], "two") == 20.0  # without a timeline: its end


@given(st.lists(requests), st.floats(0, 2e9), st.floats(0, 1e5))
def test_every_request_is_in_one_part(
    sent: list[LoadResponse], forward: float, took: float
) -> None:
    marks = RehearsalTimes(forward, forward, forward, forward + took)
    assert sum(part.requests for part in load_phases(sent, marks)) == len(sent)


def test_the_parts_are_before_while_and_after() -> None:
    sent = [GOOD._replace(at=float(at)) for at in range(100, 110)]
    before, during, after = load_phases(sent, RehearsalTimes(102, 103, 104, 105))
    assert [one.requests for one in (before, during, after)] == [2, 3, 5]


def test_the_end_is_sound_when_the_last_second_is() -> None:
    good = [GOOD._replace(at=100 + at / 10) for at in range(50)]
    assert healthy_at_the_end([BAD, *good])
    assert not healthy_at_the_end([*good, BAD._replace(at=104.5)])
    assert not healthy_at_the_end([])
