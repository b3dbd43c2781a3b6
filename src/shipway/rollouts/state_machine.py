"""A rollout as a pure state machine, after the lifecycle of ECS service deployments.

`advance(state, observation)` gives the next state and the one action to carry out; the platform
does it and comes back with what it observed. Replaying the observations of a rollout gives the
same states again. Every action may be done twice: a rollout that was killed goes on with the
action that it had begun.

Laws: what is old is stopped only after what is new is healthy and has been asked for; the shares
of both always make 100; whatever happens, there is a way back; every path ends.

Source of stages: Amazon ECS developer guide, "Lifecycle stages for Amazon ECS service
deployments".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from shipway.rollouts.strategy import OnTimeout, RolloutPlan


class Stage(StrEnum):
    """ECS's names for where a rollout is, and how it can end."""

    PRE_SCALE_UP = "PRE_SCALE_UP"
    SCALE_UP = "SCALE_UP"
    POST_SCALE_UP = "POST_SCALE_UP"
    TEST_TRAFFIC_SHIFT = "TEST_TRAFFIC_SHIFT"
    POST_TEST_TRAFFIC_SHIFT = "POST_TEST_TRAFFIC_SHIFT"
    PRE_PRODUCTION_TRAFFIC_SHIFT = "PRE_PRODUCTION_TRAFFIC_SHIFT"
    PRODUCTION_TRAFFIC_SHIFT = "PRODUCTION_TRAFFIC_SHIFT"
    POST_PRODUCTION_TRAFFIC_SHIFT = "POST_PRODUCTION_TRAFFIC_SHIFT"
    BAKE_TIME = "BAKE_TIME"
    CLEAN_UP = "CLEAN_UP"
    ROLLING_BACK = "ROLLING_BACK"
    SUCCEEDED = "SUCCEEDED"
    ROLLED_BACK = "ROLLED_BACK"
    NEEDS_PERSON = "NEEDS_PERSON"

    @property
    def final(self) -> bool:
        """Whether nothing comes after it."""
        return self in (Stage.SUCCEEDED, Stage.ROLLED_BACK, Stage.NEEDS_PERSON)


# Where a pause may be asked for (ECS: every hook's stage but the two shifts).
PAUSES = (
    Stage.PRE_SCALE_UP,
    Stage.POST_SCALE_UP,
    Stage.POST_TEST_TRAFFIC_SHIFT,
    Stage.PRE_PRODUCTION_TRAFFIC_SHIFT,
    Stage.POST_PRODUCTION_TRAFFIC_SHIFT,
)


class ActionType(StrEnum):
    """What the platform can be told to do."""

    START_CANDIDATE = "start new"  # and wait until they are healthy, or not
    ADD_CANDIDATE = "join new"  # give them their share of requests
    REMOVE_STABLE = "retire old"  # leave the proxy, finish requests, stop
    START_STABLE = "start old"
    ADD_STABLE = "join old"
    REMOVE_CANDIDATE = "retire new"
    SHIFT_TRAFFIC = "shift"  # `weight` percent of production traffic to the new release
    SHIFT_TEST_TRAFFIC = (
        "shift test"  # all test traffic to the new release (100), or to the old (0)
    )
    SMOKE_TEST = "smoke"
    ANALYZE = "watch"  # let the judge watch
    PAUSE = "pause"  # wait for an answer
    NONE = "nothing"


class Event(StrEnum):
    """How the last action went, or what came in between."""

    BEGIN = "begin"
    DONE = "done"
    FAILED = "failed"
    INCONCLUSIVE = "held"  # the judge wants a person
    TIMED_OUT = "timed out"  # nobody answered a pause
    ALARM = "alarm"
    STOP = "stop"  # somebody wants it undone


@dataclass(frozen=True)
class Action:
    """One thing to do. count: instances it is about; weight: percent for the new release."""

    do: ActionType = ActionType.NONE
    count: int = 0
    weight: float = 0.0

    @property
    def description(self) -> str:
        """For people."""
        if self.do in (ActionType.SHIFT_TRAFFIC, ActionType.SHIFT_TEST_TRAFFIC):
            return f"{self.do} {self.weight:g} %"
        return f"{self.do} ({self.count})" if self.count > 1 else str(self.do)


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """Where a rollout is.

    old, new: instances of each release that are healthy and joined. started: healthy ones that
    have not joined yet (while rolling back: old ones). weight, test_weight: percent of production
    and test traffic for the new release. step: how many of the plan's steps are done. failures:
    starts that failed. passed: what has been done in this stage. held: it waits for a person.
    last: the action that is being carried out.
    """

    plan: RolloutPlan
    old: int
    new: int = 0
    started: int = 0
    weight: float = 0.0
    test_weight: float = 0.0
    step: int = 0
    failures: int = 0
    stage: Stage = Stage.PRE_SCALE_UP
    passed: tuple[ActionType, ...] = ()
    held: bool = False
    last: Action = Action()

    @property
    def serving(self) -> int:
        """Instances that are there to get requests."""
        return self.old + self.new


def begin_rollout(plan: RolloutPlan) -> Rollout:
    """A rollout before its first action."""
    return Rollout(plan=plan, old=plan.replaced)


def advance_rollout(state: Rollout, observation: Event) -> tuple[Rollout, Action]:
    """The next state, and what to do to get on; NOTHING when it has ended or is held."""
    if state.stage.final:
        return state, Action()
    state = _settle(state, observation)
    if state.held:  # `last` stays: DONE then means that a person has answered for the judge
        return state, Action()
    state, action = _next(state)
    return replace(state, last=action), action


# -- taking in what happened -----------------------------------------------------------------


def _settle(state: Rollout, observation: Event) -> Rollout:
    undoing = state.stage is Stage.ROLLING_BACK
    if observation is Event.INCONCLUSIVE:
        return state if undoing else replace(state, held=True)
    state = replace(state, held=False)
    if observation in (Event.STOP, Event.ALARM):
        return state if undoing else _back(state)
    if observation is Event.TIMED_OUT:
        then = state.plan.pauses.get(state.stage, OnTimeout.ROLL_BACK)
        return _done(state) if then is OnTimeout.CONTINUE else _back(state)
    if observation is Event.FAILED:
        return _failed(state)
    return _done(state) if observation is Event.DONE else state


def _failed(state: Rollout) -> Rollout:
    """What failed going forward is undone; what fails while undoing needs a person."""
    if state.stage is Stage.ROLLING_BACK:
        return replace(state, stage=Stage.NEEDS_PERSON)
    failures = state.failures + (state.last.do is ActionType.START_CANDIDATE)
    state = replace(state, failures=failures)
    retry = (
        state.plan.rolling
        and state.last.do is ActionType.START_CANDIDATE
        and failures < state.plan.breaker
    )
    return state if retry else _back(state)


def _back(state: Rollout) -> Rollout:
    """Instances that started and did not join are dropped by the platform."""
    return replace(state, stage=Stage.ROLLING_BACK, started=0, passed=())


def _done(state: Rollout) -> Rollout:
    do, count, weight = state.last.do, state.last.count, state.last.weight
    if do in (ActionType.START_CANDIDATE, ActionType.START_STABLE):
        return replace(state, started=count, failures=0)
    if do is ActionType.ADD_CANDIDATE:
        joined = replace(state, new=state.new + state.started, started=0)
        return _shared(joined) if state.plan.rolling else joined
    if do is ActionType.ADD_STABLE:
        return replace(state, old=state.old + state.started, started=0)
    if do is ActionType.REMOVE_STABLE:
        left = replace(state, old=max(0, state.old - count))
        return _shared(left) if state.plan.rolling else left
    if do is ActionType.REMOVE_CANDIDATE:
        left = replace(state, new=max(0, state.new - count))
        return left if left.new else replace(left, weight=0.0)
    if do is ActionType.SHIFT_TRAFFIC:
        going = state.stage is not Stage.ROLLING_BACK
        passed = (*state.passed, do) if going else ()
        return replace(state, weight=weight, step=state.step + going, passed=passed)
    if do is ActionType.SHIFT_TEST_TRAFFIC:
        return replace(state, test_weight=weight)
    return replace(state, passed=(*state.passed, do))


def _shared(state: Rollout) -> Rollout:
    """Rolling shares requests by instances."""
    return replace(state, weight=rolling_share(state.new, state.old))


def rolling_share(new: int, old: int) -> float:
    """Percent of the requests that the new release gets, where every instance gets the same."""
    return round(100 * new / (new + old), 1) if new + old else 0.0


# -- what comes next -------------------------------------------------------------------------


def _next(state: Rollout) -> tuple[Rollout, Action]:
    """Walk on through the stages until there is something to do."""
    while not state.stage.final:
        action = _within(state)
        if action is not None:
            return state, action
        state = replace(state, stage=_following(state), passed=())
    return state, Action()


def _within(state: Rollout) -> Action | None:
    """What is left to do in this stage; None when nothing is."""
    if state.stage is Stage.ROLLING_BACK:
        return _undo(state)
    if (
        state.stage in PAUSES
        and state.stage in state.plan.pauses
        and ActionType.PAUSE not in state.passed
    ):
        return Action(ActionType.PAUSE)
    forward = {
        Stage.SCALE_UP: _scale_up,
        Stage.TEST_TRAFFIC_SHIFT: _shift_test,
        Stage.POST_TEST_TRAFFIC_SHIFT: _smoke_test,
        Stage.PRODUCTION_TRAFFIC_SHIFT: _shift,
        Stage.POST_PRODUCTION_TRAFFIC_SHIFT: _smoke,
        Stage.BAKE_TIME: _bake,
        Stage.CLEAN_UP: _clean_up,
    }.get(state.stage)
    return forward(state) if forward else None


def _following(state: Rollout) -> Stage:
    """The stage after this one. Production traffic shifts once for every step."""
    if state.stage is Stage.ROLLING_BACK:
        return Stage.ROLLED_BACK
    if state.stage is Stage.CLEAN_UP:
        return Stage.SUCCEEDED
    if state.stage is Stage.PRODUCTION_TRAFFIC_SHIFT and state.weight < 100:
        return Stage.PRE_PRODUCTION_TRAFFIC_SHIFT
    order = list(Stage)
    return order[order.index(state.stage) + 1]


def _scale_up(state: Rollout) -> Action | None:
    """Rolling replaces everything here but the last old ones; the others start the whole set."""
    plan = state.plan
    if state.started:
        return Action(ActionType.ADD_CANDIDATE, state.started)
    if not plan.rolling:
        return Action(ActionType.START_CANDIDATE, plan.wanted) if state.new < plan.wanted else None
    if state.new and (spare := _spare(state)):
        return Action(ActionType.REMOVE_STABLE, spare)
    if state.new < plan.wanted:
        return Action(ActionType.START_CANDIDATE, min(plan.batch, plan.wanted - state.new))
    return None


def _spare(state: Rollout) -> int:
    """Old instances that may go now: so many that at least the minimum serves."""
    if state.new >= state.plan.wanted:
        return state.old
    return max(0, min(state.old, state.serving - max(1, state.plan.minimum)))


def _shift_test(state: Rollout) -> Action | None:
    required = state.plan.test and not state.plan.rolling and state.test_weight < 100
    return Action(ActionType.SHIFT_TEST_TRAFFIC, weight=100.0) if required else None


def _smoke_test(state: Rollout) -> Action | None:
    return (
        Action(ActionType.SMOKE_TEST)
        if state.test_weight and ActionType.SMOKE_TEST not in state.passed
        else None
    )


def _shift(state: Rollout) -> Action | None:
    plan = state.plan
    if plan.rolling or ActionType.ANALYZE in state.passed:
        return None
    if ActionType.SHIFT_TRAFFIC not in state.passed:
        return Action(
            ActionType.SHIFT_TRAFFIC, weight=plan.steps[state.step] if plan.replaced else 100.0
        )
    watching = state.weight < 100 and plan.step_bake > 0
    return Action(ActionType.ANALYZE, weight=state.weight) if watching else None


def _smoke(state: Rollout) -> Action | None:
    return None if ActionType.SMOKE_TEST in state.passed else Action(ActionType.SMOKE_TEST)


def _bake(state: Rollout) -> Action | None:
    watching = state.plan.bake > 0 and ActionType.ANALYZE not in state.passed
    return Action(ActionType.ANALYZE, weight=state.weight) if watching else None


def _clean_up(state: Rollout) -> Action | None:
    if state.test_weight:
        return Action(ActionType.SHIFT_TEST_TRAFFIC)
    return Action(ActionType.REMOVE_STABLE, state.old) if state.old else None


def _undo(state: Rollout) -> Action | None:
    """Take the new release's requests away as soon as anything old can serve them; bring back
    what was stopped; only then stop what is new."""
    missing = state.plan.replaced - state.old
    if state.started:
        return Action(ActionType.ADD_STABLE, state.started)
    if state.weight and state.old:
        return Action(ActionType.SHIFT_TRAFFIC)
    if missing > 0:
        return Action(ActionType.START_STABLE, missing)
    if state.test_weight:
        return Action(ActionType.SHIFT_TEST_TRAFFIC)
    return Action(ActionType.REMOVE_CANDIDATE, state.new) if state.new else None
