"""Which pause it is, and what it is answered with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shipway.core.config import Environment, Pause
from shipway.core.judge import Decision
from shipway.platforms.ecs.pauses import AFTER, BEFORE, Answer, View, answer, stage_of

SETTINGS = Environment(platform="ecs", strategy="canary", step_bake=60.0, bake=120.0)
SHARE = View(BEFORE, 10.0, 90.0, 70.0, 500, Decision.PROMOTE)
ALL = View(AFTER, 100.0, 200.0, 130.0, 500, Decision.WATCH)


@pytest.mark.parametrize(
    ("view", "wanted"),
    [
        (View(BEFORE, 0.0, 0.0, -200.0, 0, Decision.WATCH), Answer.GO_ON),
        (SHARE, Answer.GO_ON),
        (replace(SHARE, decision=Decision.WATCH), Answer.WAIT),
        (replace(SHARE, decision=Decision.HOLD), Answer.HOLD),
        (replace(SHARE, counted=59.0), Answer.WAIT),
        (replace(SHARE, weight=None), Answer.GO_ON),
        (replace(SHARE, weight=None, decision=Decision.WATCH), Answer.WAIT),
        (replace(SHARE, judged=False, decision=Decision.WATCH), Answer.WAIT),
        (replace(SHARE, judged=False, decision=Decision.WATCH, waited=301.0), Answer.HOLD),
        (ALL, Answer.GO_ON),
        (replace(ALL, counted=119.0), Answer.WAIT),
        (replace(ALL, got=0), Answer.WAIT),
        (replace(ALL, decision=Decision.HOLD), Answer.HOLD),
        (replace(ALL, decision=Decision.HOLD, promoted=True), Answer.GO_ON),
    ],
)
def test_the_judge_and_what_was_counted_decide(view: View, wanted: Answer) -> None:
    assert answer(SETTINGS, view) is wanted


def test_unjudged_only_time_counts() -> None:
    settings = replace(SETTINGS, judged=False)
    hold = replace(SHARE, decision=Decision.HOLD, counted=-100.0)
    assert answer(settings, hold) is Answer.GO_ON
    assert answer(settings, replace(hold, waited=59.0)) is Answer.WAIT


def test_a_person_is_asked_after_the_judge_and_not_at_every_step() -> None:
    pauses = {BEFORE: Pause(600.0), AFTER: Pause(600.0, "continue")}
    settings = replace(SETTINGS, pauses=pauses)  # type: ignore[arg-type]  # its names
    first = View(BEFORE, 0.0, 10.0, -200.0, 0, Decision.WATCH)
    assert answer(settings, first) is Answer.ASK
    assert answer(settings, replace(first, waited=601.0)) is Answer.GO_BACK
    assert answer(settings, SHARE) is Answer.GO_ON
    assert answer(settings, ALL) is Answer.ASK
    assert answer(settings, replace(ALL, waited=601.0)) is Answer.GO_ON
    assert answer(settings, replace(ALL, counted=0.0)) is Answer.WAIT


def test_a_pause_is_known_by_how_many_came_before_and_by_the_traffic() -> None:
    pauses = {"POST_SCALE_UP": Pause()}
    settings = replace(SETTINGS, pauses=pauses)  # type: ignore[arg-type]  # its names
    stages = [stage_of(number, 0.0, settings) for number in range(2)]
    assert stages == ["POST_SCALE_UP", BEFORE]
    assert stage_of(2, 10.0, settings) == BEFORE
    assert stage_of(3, 100.0, settings) == AFTER
    assert stage_of(0, 100.0, settings) == AFTER  # the others were answered elsewhere
    assert stage_of(3, None, settings) == BEFORE  # nothing goes on that was not promoted
