"""How a rollout is to go: its strategy with everything that shapes it, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil


class Strategy(StrEnum):
    """ECS's four."""

    ROLLING = "rolling"
    BLUE_GREEN = "blue-green"
    LINEAR = "linear"
    CANARY = "canary"


class OnTimeout(StrEnum):
    """What a pause that nobody answers ends with."""

    ROLL_BACK = "roll back"
    CONTINUE = "continue"


@dataclass(frozen=True, kw_only=True)
class RolloutPlan:
    """A rollout's plan; it does not change on the way.

    wanted: instances that the new release shall have; replaced: those that the old one has.
    batch: instances started together by rolling. minimum: instances that serve at any time while
    rolling; more than there were is never asked for. steps: percent of production traffic for the
    new release, each larger than the one before, the last 100; rolling has none, for its shares
    follow its instances. step_bake, bake: seconds to watch after each step but the last, and after
    the last; the old release is still there then, but with rolling. test: whether the new release
    gets test traffic first. pauses: stage → what happens when nobody answers; breaker: failed
    starts (rolling) until it is given up.
    """

    strategy: Strategy
    wanted: int
    replaced: int
    batch: int = 1
    minimum: int = 0
    steps: tuple[float, ...] = (100.0,)
    step_bake: float = 0.0
    bake: float = 0.0
    test: bool = False
    pauses: Mapping[str, OnTimeout] = field(default_factory=dict)
    breaker: int = 1

    @property
    def rolling(self) -> bool:
        """Whether instances are replaced one batch at a time; a first release has nothing else
        to go by."""
        return self.strategy is Strategy.ROLLING


def steps_of(strategy: Strategy, canary_percent: float, step_percent: float) -> tuple[float, ...]:
    """The traffic shares of a strategy: canary twice, linear in equal steps, else all at once.

    As ECS has them: the last step of linear takes what is left.
    """
    if strategy is Strategy.CANARY and canary_percent < 100:
        return (canary_percent, 100.0)
    if strategy is Strategy.LINEAR:
        count = ceil(round(100 / step_percent, 6))
        return (*(round(step_percent * n, 1) for n in range(1, count)), 100.0)
    return (100.0,)
