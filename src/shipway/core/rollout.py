"""A rollout as a pure state machine, after the lifecycle of ECS service deployments.

`advance(state, observation)` gives the next state and the one action to carry out; the platform
does it and comes back with what it observed. Replaying the observations of a rollout gives the
same states again. Rolling replaces one instance at a time; what is old is stopped only after
what replaces it has been healthy and joined.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Stage(StrEnum):
    """ECS's names for where a rollout is."""

    SCALE_UP = "SCALE_UP"
    PRODUCTION_TRAFFIC_SHIFT = "PRODUCTION_TRAFFIC_SHIFT"
    BAKE_TIME = "BAKE_TIME"
    ROLLING_BACK = "ROLLING_BACK"
    SUCCEEDED = "SUCCEEDED"
    ROLLED_BACK = "ROLLED_BACK"
    NEEDS_PERSON = "NEEDS_PERSON"

    @property
    def final(self) -> bool:
        """Whether nothing comes after it."""
        return self in (Stage.SUCCEEDED, Stage.ROLLED_BACK, Stage.NEEDS_PERSON)


class Action(StrEnum):
    """What the platform is to do next. `start` includes waiting until it is healthy or not."""

    START_NEW = "start new"
    JOIN_NEW = "join new"
    RETIRE_OLD = "retire old"  # leave the proxy, finish requests, stop
    SMOKE = "smoke"
    START_OLD = "start old"
    JOIN_OLD = "join old"
    RETIRE_NEW = "retire new"
    NOTHING = "nothing"


class Observation(StrEnum):
    """How the last action went."""

    BEGIN = "begin"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Rollout:
    """Where a rollout is.

    wanted: instances that the new release shall have. old: instances of the old release that
    serve. replaced: how many of those there were. new: instances of the new one that serve.
    started: whether one more of them is healthy and has not joined. last: the action that is
    being carried out.
    """

    wanted: int
    replaced: int
    old: int
    new: int = 0
    started: bool = False
    stage: Stage = Stage.SCALE_UP
    last: Action = Action.NOTHING

    @property
    def serving(self) -> int:
        """Instances that get requests."""
        return self.old + self.new


def begin(wanted: int, old: int) -> Rollout:
    """A rollout to `wanted` instances, while `old` instances of another release serve."""
    return Rollout(wanted, old, old)


def advance(state: Rollout, observation: Observation) -> tuple[Rollout, Action]:
    """The next state, and what to do to get on."""
    state = _settle(state, observation)
    action = _next(state)
    if state.stage.final:
        action = Action.NOTHING
    return replace(state, last=action), action


def _settle(state: Rollout, observation: Observation) -> Rollout:
    """Take in how the last action went."""
    if observation is Observation.BEGIN:
        return state
    if observation is Observation.FAILED:
        return _failed(state)
    done = {
        Action.START_NEW: {"started": True},
        Action.JOIN_NEW: {
            "started": False,
            "new": state.new + 1,
            "stage": Stage.PRODUCTION_TRAFFIC_SHIFT,
        },
        Action.RETIRE_OLD: {"old": state.old - 1},
        Action.SMOKE: {"stage": Stage.SUCCEEDED},
        Action.START_OLD: {"started": True},
        Action.JOIN_OLD: {"started": False, "old": state.old + 1},
        Action.RETIRE_NEW: {"new": max(0, state.new - 1)},
        Action.NOTHING: {},
    }[state.last]
    state = replace(state, **done)  # type: ignore[arg-type]  # each entry names real fields
    if state.stage is Stage.ROLLING_BACK and state.old == state.replaced and not state.new:
        return replace(state, stage=Stage.ROLLED_BACK)
    full = state.new >= state.wanted and not state.old
    if state.stage is Stage.PRODUCTION_TRAFFIC_SHIFT and full:
        return replace(state, stage=Stage.BAKE_TIME)
    return state


def _failed(state: Rollout) -> Rollout:
    """What failed going forward is undone; what fails while undoing needs a person."""
    if state.stage is Stage.ROLLING_BACK:
        return replace(state, stage=Stage.NEEDS_PERSON, started=False)
    back = replace(state, stage=Stage.ROLLING_BACK, started=False)
    if back.old == back.replaced and not back.new:
        return replace(back, stage=Stage.ROLLED_BACK)
    return back


def _next(state: Rollout) -> Action:
    if state.stage is Stage.ROLLING_BACK:
        if state.started:
            return Action.JOIN_OLD
        return Action.START_OLD if state.old < state.replaced else Action.RETIRE_NEW
    if state.stage is Stage.BAKE_TIME:
        return Action.SMOKE
    if state.started:
        return Action.JOIN_NEW
    # One more than there were may serve for a moment; never one less.
    if state.old and state.serving > max(state.wanted, state.replaced):
        return Action.RETIRE_OLD
    return Action.START_NEW if state.new < state.wanted else Action.RETIRE_OLD
