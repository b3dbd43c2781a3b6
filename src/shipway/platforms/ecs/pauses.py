"""What is answered at ECS's pauses, and when. Pure.

ECS says that a pause waits, not where (M: no stage before a shift, none with a hook). So a pause
is known by how many came before it, and by the traffic that has moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shipway.core.config import Environment
from shipway.core.judge import Decision
from shipway.core.rollout import Stage
from shipway.platforms.ecs.configuration import JUDGED, pause_at

BEFORE, AFTER = JUDGED
BLIND = 300.0  # seconds without anything to judge by until a person is wanted


class Answer(StrEnum):
    """What to do about a pause."""

    WAIT = "wait"
    GO_ON = "go on"
    GO_BACK = "go back"
    HOLD = "hold"  # the judge wants a person
    ASK = "ask"  # a person's pause: wait until somebody answers it


@dataclass(frozen=True)
class View:
    """What is known at a pause.

    waited: seconds since it began. counted: seconds after its beginning up to which all requests
    were counted, negative while it has not come so far. got: requests of the new release since
    the rollout began. promoted: whether the judge has promoted it at an earlier share. judged:
    whether there are figures to judge by.
    """

    stage: str
    weight: float | None
    waited: float
    counted: float
    got: int
    decision: Decision
    promoted: bool = False
    judged: bool = True


def stage_of(number: int, weight: float | None, settings: Environment) -> str:
    """Where a pause is. number: how many of this deployment's came before it.

    Where ECS does not say who has how much, it is taken for one before a shift: there nothing
    goes on that the judge has not promoted.
    """
    first = [str(stage) for stage in Stage if pause_at(settings, stage) or stage in JUDGED]
    first = first[: first.index(BEFORE) + 1]
    if not weight and number < len(first):
        return first[number]
    return AFTER if weight is not None and weight >= 100 else BEFORE


def answer(settings: Environment, view: View) -> Answer:
    """What the judge and the settings want; a person's pause is asked for after the judge's."""
    ours = _judged(settings, view) if view.stage in JUDGED else Answer.GO_ON
    person = pause_at(settings, view.stage)
    if ours is not Answer.GO_ON or person is None or _in_between(view):
        return ours
    if view.waited < person.timeout:
        return Answer.ASK
    return Answer.GO_ON if person.on_timeout == "continue" else Answer.GO_BACK


def _in_between(view: View) -> bool:
    """A person is asked before the first shift, not before every later step."""
    return view.stage == BEFORE and bool(view.weight)


def _judged(settings: Environment, view: View) -> Answer:
    if view.stage == BEFORE and view.weight == 0:
        return Answer.GO_ON  # nobody has met the new release yet
    last = view.stage == AFTER
    bake = settings.bake if last else settings.step_bake
    if not settings.judged:
        return Answer.GO_ON if view.waited >= bake else Answer.WAIT
    blind = not view.judged and view.waited >= BLIND
    if blind or (view.decision is Decision.HOLD and not (last and view.promoted)):
        return Answer.HOLD
    if view.counted < bake:  # figures come minutes late: every share is seen before the next
        return Answer.WAIT
    enough = view.got > 0 if last else view.decision is Decision.PROMOTE
    return Answer.GO_ON if enough else Answer.WAIT
