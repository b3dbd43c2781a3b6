"""How ECS is to deploy: a service's `deploymentConfiguration` from what is configured. Pure.

Sources: M is botocore's model of ECS, G the developer guide (docs/ecs.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Any

from shipway.config.schema import Environment, Pause
from shipway.errors import ConfigError
from shipway.rollouts.analysis.window import Decision
from shipway.rollouts.state_machine import Stage

LONGEST_PAUSE = 20160  # minutes (M: timeoutInMinutes, 1 to 20160)
_STRATEGIES = {
    "rolling": "ROLLING",
    "blue-green": "BLUE_GREEN",
    "linear": "LINEAR",
    "canary": "CANARY",
}
# Where Shipway itself answers: before each shift of production traffic (G: LINEAR and CANARY come
# there before every step), and after the last.
JUDGED = (str(Stage.PRE_PRODUCTION_TRAFFIC_SHIFT), str(Stage.POST_PRODUCTION_TRAFFIC_SHIFT))


def deployment_configuration(settings: Environment, desired: int) -> dict[str, Any]:
    """For a rollout. desired: tasks that the service has to have. Raises ConfigError."""
    common = {"strategy": _STRATEGIES[settings.strategy], "alarms": _alarms(settings)}
    if settings.strategy == "rolling":
        return {**common, **_rolling(settings, desired), "lifecycleHooks": []}
    return {
        **common,
        **_shifts(settings),
        "bakeTimeInMinutes": 0,
        "lifecycleHooks": _hooks(settings),
    }


def rollback_configuration(settings: Environment, desired: int) -> dict[str, Any]:
    """For a rollback: all at once, as soon as the earlier release is healthy, with nobody asked.

    Without alarms: what fires them now is the release that is to go.
    """
    common = {"alarms": {"alarmNames": [], "enable": False, "rollback": False}}
    if settings.strategy == "rolling":
        return {
            "strategy": "ROLLING",
            **common,
            **_rolling(settings, desired),
            "lifecycleHooks": [],
        }
    return {"strategy": "BLUE_GREEN", **common, "bakeTimeInMinutes": 0, "lifecycleHooks": []}


def hook_timeout(settings: Environment, stage: str) -> int:
    """How long ECS waits at a stage before it rolls back: the judge's horizon and its margin,
    with what else is waited for there. Raises ConfigError where that is more than ECS allows."""
    person = has_pause(settings, stage)
    seconds = person.timeout if person else 0.0
    if stage in JUDGED:
        judge, last = settings.judge, stage == JUDGED[-1]
        seconds += judge.horizon + judge.warm_up + settings.ecs.pause_margin
        seconds += settings.bake if last else settings.step_bake
    minutes = ceil(seconds / 60)
    if minutes > LONGEST_PAUSE:
        raise ConfigError(
            f"a pause at {stage} would last {minutes} minutes; ECS allows {LONGEST_PAUSE}",
            "Make judge.horizon, ecs.pause_margin or the pause's timeout shorter.",
            code="invalid-setting",
        )
    return max(1, minutes)


def has_pause(settings: Environment, stage: str) -> Pause | None:
    """The pause for a person that is configured at a stage."""
    return {str(at): pause for at, pause in settings.pauses.items()}.get(stage)


def _hooks(settings: Environment) -> list[dict[str, Any]]:
    """One pause a stage: G has hooks of one stage run side by side, with nothing in an answer
    that tells which is which."""
    stages = [stage for stage in Stage if stage in settings.pauses or stage in JUDGED]
    return [
        {
            "targetType": "PAUSE",
            "lifecycleStages": [str(stage)],
            "timeoutConfiguration": {
                "timeoutInMinutes": hook_timeout(settings, stage),
                "action": _on_timeout(settings, str(stage)),
            },
        }
        for stage in stages
    ]


def _on_timeout(settings: Environment, stage: str) -> str:
    """A dead runner's rollout goes back: only a pause of nobody but a person may go on."""
    person = has_pause(settings, stage)
    if person is None or stage in JUDGED:
        return "ROLLBACK"
    return "CONTINUE" if person.on_timeout == "continue" else "ROLLBACK"


def _shifts(settings: Environment) -> dict[str, Any]:
    """A step's own bake time is 0: the pause before the next one is the watch."""
    if settings.strategy == "linear":
        percent = round(settings.step_percent, 1)
        return {"linearConfiguration": {"stepPercent": percent, "stepBakeTimeInMinutes": 0}}
    if settings.strategy == "canary":
        percent = round(settings.canary_percent, 1)
        return {"canaryConfiguration": {"canaryPercent": percent, "canaryBakeTimeInMinutes": 0}}
    return {}


def _rolling(settings: Environment, desired: int) -> dict[str, Any]:
    """The circuit breaker is for rolling only, and ECS's own threshold can be hundreds of tasks
    (M); a task that becomes healthy sets its count back."""
    more = ceil(100 * settings.batch / desired) if desired else 100
    return {
        "minimumHealthyPercent": int(settings.minimum_healthy),
        "maximumPercent": 100 + min(more, 100),
        "deploymentCircuitBreaker": {
            "enable": True,
            "rollback": True,
            "resetOnHealthyTask": True,
            "thresholdConfiguration": {"type": "COUNT", "value": settings.ecs.failed_tasks},
        },
    }


def _alarms(settings: Environment) -> dict[str, Any]:
    names = list(settings.ecs.alarms)
    return {"alarmNames": names, "enable": bool(names), "rollback": bool(names)}


# What is answered at ECS's pauses, and when. Pure.
#
# ECS says that a pause waits, not where (M: no stage before a shift, none with a hook). So a pause
# is known by how many came before it, and by the traffic that has moved.

BEFORE, AFTER = JUDGED
BLIND = 300.0  # seconds without anything to judge by until a person is wanted


class HookAction(StrEnum):
    """What to do about a pause."""

    WAIT = "wait"
    CONTINUE = "go on"
    ROLLBACK = "go back"
    INCONCLUSIVE = "hold"  # the judge wants a person
    ASK_PERSON = "ask"  # a person's pause: wait until somebody answers it


@dataclass(frozen=True)
class HookContext:
    """What is known at a pause.

    waited: seconds since it began. counted: seconds after its beginning up to which all requests
    were counted, negative while it has not come so far. traffic_seen: requests of the new release
    since
    the rollout began. promoted: whether the judge has promoted it at an earlier share. judged:
    whether there are figures to judge by.
    """

    stage: str
    weight: float | None
    waited: float
    counted: float
    traffic_seen: int
    decision: Decision
    promoted: bool = False
    judged: bool = True


def stage_of_hook(number: int, weight: float | None, settings: Environment) -> str:
    """Where a pause is. number: how many of this deployment's came before it.

    Where ECS does not say who has how much, it is taken for one before a shift: there nothing
    goes on that the judge has not promoted.
    """
    first = [str(stage) for stage in Stage if has_pause(settings, stage) or stage in JUDGED]
    first = first[: first.index(BEFORE) + 1]
    if not weight and number < len(first):
        return first[number]
    return AFTER if weight is not None and weight >= 100 else BEFORE


def hook_action(settings: Environment, view: HookContext) -> HookAction:
    """What the judge and the settings want; a person's pause is asked for after the judge's."""
    ours = _judged(settings, view) if view.stage in JUDGED else HookAction.CONTINUE
    person = has_pause(settings, view.stage)
    if ours is not HookAction.CONTINUE or person is None or _in_between(view):
        return ours
    if view.waited < person.timeout:
        return HookAction.ASK_PERSON
    return HookAction.CONTINUE if person.on_timeout == "continue" else HookAction.ROLLBACK


def _in_between(view: HookContext) -> bool:
    """A person is asked before the first shift, not before every later step."""
    return view.stage == BEFORE and bool(view.weight)


def _judged(settings: Environment, view: HookContext) -> HookAction:
    if view.stage == BEFORE and view.weight == 0:
        return HookAction.CONTINUE  # nobody has met the new release yet
    last = view.stage == AFTER
    bake = settings.bake if last else settings.step_bake
    if not settings.judged:
        return HookAction.CONTINUE if view.waited >= bake else HookAction.WAIT
    blind = not view.judged and view.waited >= BLIND
    if blind or (view.decision is Decision.INCONCLUSIVE and not (last and view.promoted)):
        return HookAction.INCONCLUSIVE
    if view.counted < bake:  # figures come minutes late: every share is seen before the next
        return HookAction.WAIT
    enough = view.traffic_seen > 0 if last else view.decision is Decision.PROMOTE
    return HookAction.CONTINUE if enough else HookAction.WAIT
