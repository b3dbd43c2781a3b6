"""How long a rollout waits for the judge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from tests.fakes.clock import VirtualClock

from shipway.config.schema import Environment
from shipway.rollouts.analysis.rollout_analysis import RolloutAnalysis, TrafficSample
from shipway.rollouts.analysis.window import Decision, RequestCounts
from shipway.rollouts.local.abort_conditions import AbortConditions
from shipway.rollouts.local.rollout import DOUBT_LASTS, LOOK, RolloutWaits
from shipway.rollouts.report import RolloutNotes
from shipway.rollouts.state_machine import Event, Rollout, Stage
from shipway.rollouts.strategy import RolloutPlan, Strategy

SETTINGS = Environment(bake=3.0, step_bake=3.0)
GOOD = RequestCounts(requests=100)
Second = Callable[[float], tuple[RequestCounts, RequestCounts]]


class Watched:
    """Stands in for a guard: what the releases answer comes second by second."""

    def __init__(self, clock: VirtualClock, settings: Environment, second: Second) -> None:
        self.analysis = RolloutAnalysis(settings, "new", "old")
        self.environment = "local"
        self._clock, self._second, self._taken = clock, second, 0
        self._begun = clock.monotonic()

    def check(self, stage: Stage, story: RolloutNotes) -> Event | None:
        """The judge's, after every whole second."""
        while self._taken < self._clock.monotonic() - self._begun:
            new, old = self._second(self._taken)
            self.analysis.observe(TrafficSample(self._taken, 1.0, {"new": new, "old": old}), 100)
            self._taken += 1
        rolled_back = self.analysis.decision is Decision.ROLL_BACK
        return Event.ALARM if rolled_back else None

    def is_unhealthy(self, story: RolloutNotes) -> bool:
        """Never."""
        return False


def waited(
    second: Second, weight: float = 100.0, settings: Environment = SETTINGS
) -> tuple[Event, float, RolloutAnalysis]:
    """What the wait ended with, after how many seconds, and what was judged."""
    clock = VirtualClock()
    watched = Watched(clock, settings, second)
    waiting = RolloutWaits(settings, cast("AbortConditions", watched), clock)
    state = Rollout(
        plan=RolloutPlan(strategy=Strategy.ROLLING, wanted=2, replaced=2, bake=2.0),
        old=0,
        new=2,
        weight=weight,
    )
    start = clock.monotonic()
    return (
        waiting.await_analysis(state, RolloutNotes()),
        clock.monotonic() - start,
        watched.analysis,
    )


def quickly_gone(ours: Any) -> Second:
    """The old release answered 38 requests before it left; then there is the new one only."""
    return lambda at: (ours, RequestCounts(requests=38) if at < 1 else RequestCounts())


def test_a_good_release_bakes_for_its_time_and_no_longer() -> None:
    seen, seconds, judging = waited(quickly_gone(GOOD))
    assert (seen, judging.reasons_to_doubt) == (Event.DONE, False)
    assert seconds == pytest.approx(SETTINGS.bake, abs=2 * LOOK)


def test_a_bake_does_not_end_while_the_judge_doubts() -> None:
    seen, seconds, _ = waited(quickly_gone(RequestCounts(requests=100, errors=3)))
    assert seen is Event.ALARM
    assert SETTINGS.bake + LOOK < seconds < DOUBT_LASTS


def test_a_doubt_that_never_gets_more_ends_the_bake_at_last() -> None:
    seen, seconds, judging = waited(
        lambda at: (
            (RequestCounts(requests=20, errors=3), RequestCounts(requests=20))
            if at < 1
            else (RequestCounts(), RequestCounts())
        )
    )
    assert (seen, judging.reasons_to_doubt) == (Event.DONE, True)
    assert seconds == pytest.approx(SETTINGS.bake + DOUBT_LASTS, abs=2 * LOOK)


def test_what_is_not_judged_bakes_for_its_time() -> None:
    bad = RequestCounts(requests=100, errors=50)
    seen, seconds, _ = waited(lambda _: (bad, GOOD), settings=Environment(bake=2.0, judged=False))
    assert seen is Event.DONE
    assert seconds == pytest.approx(2.0, abs=2 * LOOK)
