"""How long a rollout waits for the judge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from shipway.core.config import Environment
from shipway.core.judge import Counts, Decision
from shipway.core.rollout import Observation, Rollout, Stage
from shipway.core.rollout_judging import Judging
from shipway.core.sampling import Sample
from shipway.core.story import Story
from shipway.core.strategy import Plan, Strategy
from shipway.effects.clock import VirtualClock
from shipway.platforms.local.guard import Guard
from shipway.platforms.local.waiting import DOUBT_LASTS, LOOK, Waiting

SETTINGS = Environment(bake=3.0, step_bake=3.0)
GOOD = Counts(requests=100)
Second = Callable[[float], tuple[Counts, Counts]]


class Watched:
    """Stands in for a guard: what the releases answer comes second by second."""

    def __init__(self, clock: VirtualClock, settings: Environment, second: Second) -> None:
        self.judging = Judging(settings, "new", "old")
        self.environment = "local"
        self._clock, self._second, self._taken = clock, second, 0
        self._begun = clock.monotonic()

    def objection(self, stage: Stage, story: Story) -> Observation | None:
        """The judge's, after every whole second."""
        while self._taken < self._clock.monotonic() - self._begun:
            new, old = self._second(self._taken)
            self.judging.take(Sample(self._taken, 1.0, {"new": new, "old": old}), 100)
            self._taken += 1
        rolled_back = self.judging.decision is Decision.ROLL_BACK
        return Observation.ALARM if rolled_back else None

    def unwell(self, story: Story) -> bool:
        """Never."""
        return False


def waited(
    second: Second, weight: float = 100.0, settings: Environment = SETTINGS
) -> tuple[Observation, float, Judging]:
    """What the wait ended with, after how many seconds, and what was judged."""
    clock = VirtualClock()
    watched = Watched(clock, settings, second)
    waiting = Waiting(settings, cast("Guard", watched), clock)
    state = Rollout(Plan(Strategy.ROLLING, 2, 2, bake=2.0), 0, 2, weight=weight)
    start = clock.monotonic()
    return waiting.watch(state, Story()), clock.monotonic() - start, watched.judging


def quickly_gone(ours: Any) -> Second:
    """The old release answered 38 requests before it left; then there is the new one only."""
    return lambda at: (ours, Counts(requests=38) if at < 1 else Counts())


def test_a_good_release_bakes_for_its_time_and_no_longer() -> None:
    seen, seconds, judging = waited(quickly_gone(GOOD))
    assert (seen, judging.doubts) == (Observation.DONE, False)
    assert seconds == pytest.approx(SETTINGS.bake, abs=2 * LOOK)


def test_a_bake_does_not_end_while_the_judge_doubts() -> None:
    seen, seconds, _ = waited(quickly_gone(Counts(requests=100, errors=3)))
    assert seen is Observation.ALARM
    assert SETTINGS.bake + LOOK < seconds < DOUBT_LASTS


def test_a_doubt_that_never_gets_more_ends_the_bake_at_last() -> None:
    seen, seconds, judging = waited(
        lambda at: (Counts(requests=20, errors=3), Counts(requests=20)) if at < 1
        else (Counts(), Counts())
    )  # fmt: skip
    assert (seen, judging.doubts) == (Observation.DONE, True)
    assert seconds == pytest.approx(SETTINGS.bake + DOUBT_LASTS, abs=2 * LOOK)


def test_what_is_not_judged_bakes_for_its_time() -> None:
    bad = Counts(requests=100, errors=50)
    seen, seconds, _ = waited(lambda _: (bad, GOOD), settings=Environment(bake=2.0, judged=False))
    assert seen is Observation.DONE
    assert seconds == pytest.approx(2.0, abs=2 * LOOK)
