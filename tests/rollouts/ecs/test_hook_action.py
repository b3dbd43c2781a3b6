"""Which pause it is, and what it is answered with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shipway.config.schema import Environment, Pause
from shipway.rollouts.analysis.window import Decision
from shipway.rollouts.ecs.lifecycle_hooks import (
    AFTER,
    BEFORE,
    HookAction,
    HookContext,
    hook_action,
    stage_of_hook,
)

SETTINGS = Environment(platform="ecs", strategy="canary", step_bake=60.0, bake=120.0)
SHARE = HookContext(BEFORE, 10.0, 90.0, 70.0, 500, Decision.PROMOTE)
ALL = HookContext(AFTER, 100.0, 200.0, 130.0, 500, Decision.CONTINUE)


@pytest.mark.parametrize(
    ("view", "wanted"),
    [
        (HookContext(BEFORE, 0.0, 0.0, -200.0, 0, Decision.CONTINUE), HookAction.CONTINUE),
        (SHARE, HookAction.CONTINUE),
        (replace(SHARE, decision=Decision.CONTINUE), HookAction.WAIT),
        (replace(SHARE, decision=Decision.INCONCLUSIVE), HookAction.INCONCLUSIVE),
        (replace(SHARE, counted=59.0), HookAction.WAIT),
        (replace(SHARE, weight=None), HookAction.CONTINUE),
        (replace(SHARE, weight=None, decision=Decision.CONTINUE), HookAction.WAIT),
        (replace(SHARE, judged=False, decision=Decision.CONTINUE), HookAction.WAIT),
        (
            replace(SHARE, judged=False, decision=Decision.CONTINUE, waited=301.0),
            HookAction.INCONCLUSIVE,
        ),
        (ALL, HookAction.CONTINUE),
        (replace(ALL, counted=119.0), HookAction.WAIT),
        (replace(ALL, traffic_seen=0), HookAction.WAIT),
        (replace(ALL, decision=Decision.INCONCLUSIVE), HookAction.INCONCLUSIVE),
        (replace(ALL, decision=Decision.INCONCLUSIVE, promoted=True), HookAction.CONTINUE),
    ],
)
def test_the_judge_and_what_was_counted_decide(view: HookContext, wanted: HookAction) -> None:
    assert hook_action(SETTINGS, view) is wanted


def test_unjudged_only_time_counts() -> None:
    settings = replace(SETTINGS, judged=False)
    hold = replace(SHARE, decision=Decision.INCONCLUSIVE, counted=-100.0)
    assert hook_action(settings, hold) is HookAction.CONTINUE
    assert hook_action(settings, replace(hold, waited=59.0)) is HookAction.WAIT


def test_a_person_is_asked_after_the_judge_and_not_at_every_step() -> None:
    pauses = {BEFORE: Pause(600.0), AFTER: Pause(600.0, "continue")}
    settings = replace(SETTINGS, pauses=pauses)  # type: ignore[arg-type]  # its names
    first = HookContext(BEFORE, 0.0, 10.0, -200.0, 0, Decision.CONTINUE)
    assert hook_action(settings, first) is HookAction.ASK_PERSON
    assert hook_action(settings, replace(first, waited=601.0)) is HookAction.ROLLBACK
    assert hook_action(settings, SHARE) is HookAction.CONTINUE
    assert hook_action(settings, ALL) is HookAction.ASK_PERSON
    assert hook_action(settings, replace(ALL, waited=601.0)) is HookAction.CONTINUE
    assert hook_action(settings, replace(ALL, counted=0.0)) is HookAction.WAIT


def test_a_pause_is_known_by_how_many_came_before_and_by_the_traffic() -> None:
    pauses = {"POST_SCALE_UP": Pause()}
    settings = replace(SETTINGS, pauses=pauses)  # type: ignore[arg-type]  # its names
    stages = [stage_of_hook(number, 0.0, settings) for number in range(2)]
    assert stages == ["POST_SCALE_UP", BEFORE]
    assert stage_of_hook(2, 10.0, settings) == BEFORE
    assert stage_of_hook(3, 100.0, settings) == AFTER
    assert stage_of_hook(0, 100.0, settings) == AFTER  # the others were answered elsewhere
    assert stage_of_hook(3, None, settings) == BEFORE  # nothing goes on that was not promoted
