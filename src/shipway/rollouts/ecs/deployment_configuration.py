"""How ECS is to deploy: a service's `deploymentConfiguration` from what is configured. Pure.

Sources: M is botocore's model of ECS, G the developer guide (docs/ecs.md).
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Literal, cast

from shipway.config.schema import Environment, Pause
from shipway.errors import ConfigError
from shipway.rollouts.state_machine import Stage

if TYPE_CHECKING:
    from types_boto3_ecs.literals import (
        DeploymentLifecycleHookActionType,
        DeploymentLifecycleHookStageType,
        DeploymentStrategyType,
    )
    from types_boto3_ecs.type_defs import (
        DeploymentAlarmsOutputTypeDef,
        DeploymentConfigurationOutputTypeDef,
        DeploymentLifecycleHookOutputTypeDef,
    )

LONGEST_PAUSE = 20160  # minutes (M: timeoutInMinutes, 1 to 20160)
_STRATEGIES: dict[str, DeploymentStrategyType] = {
    "rolling": "ROLLING",
    "blue-green": "BLUE_GREEN",
    "linear": "LINEAR",
    "canary": "CANARY",
}
# Where Shipway itself answers: before each shift of production traffic (G: LINEAR and CANARY come
# there before every step), and after the last.
JUDGED = (str(Stage.PRE_PRODUCTION_TRAFFIC_SHIFT), str(Stage.POST_PRODUCTION_TRAFFIC_SHIFT))


# How a release gets its traffic: as configured; all at once, and judged there; all at once, where
# health checks and smoke tests decide.
Shift = Literal["", "judged", "unjudged"]

# ECS keeps what it is not told: the breaker of an earlier rolling deployment, which is for rolling
# only (M), would stay.
_NO_BREAKER: DeploymentConfigurationOutputTypeDef = {
    "deploymentCircuitBreaker": {"enable": False, "rollback": False}
}


def settings_at_once(settings: Environment, shift: Shift) -> Environment:
    """How a release is rolled out that gets all traffic at once, whatever the strategy. Rolling
    has no shares, and stays."""
    if settings.strategy == "rolling" or not shift:
        return settings
    return replace(settings, strategy="blue-green", judged=settings.judged and shift == "judged")


def deployment_configuration(
    settings: Environment, desired: int
) -> DeploymentConfigurationOutputTypeDef:
    """For a rollout. desired: tasks that the service has to have. Raises ConfigError."""
    common: DeploymentConfigurationOutputTypeDef = {
        "strategy": _STRATEGIES[settings.strategy],
        "alarms": _alarms(settings),
    }
    if settings.strategy == "rolling":
        return {**common, **_rolling(settings, desired), "lifecycleHooks": []}
    return {
        **common,
        **_shifts(settings),
        **_NO_BREAKER,
        "bakeTimeInMinutes": 0,
        "lifecycleHooks": _hooks(settings),
    }


def rollback_configuration(
    settings: Environment, desired: int
) -> DeploymentConfigurationOutputTypeDef:
    """For a rollback: all at once, as soon as the earlier release is healthy, with nobody asked.

    Without alarms: what fires them now is the release that is to go.
    """
    common: DeploymentConfigurationOutputTypeDef = {
        "alarms": {"alarmNames": [], "enable": False, "rollback": False}
    }
    if settings.strategy == "rolling":
        return {
            "strategy": "ROLLING",
            **common,
            **_rolling(settings, desired),
            "lifecycleHooks": [],
        }
    return {
        "strategy": "BLUE_GREEN",
        **common,
        **_NO_BREAKER,
        "bakeTimeInMinutes": 0,
        "lifecycleHooks": [],
    }


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


def _hooks(settings: Environment) -> list[DeploymentLifecycleHookOutputTypeDef]:
    """One pause a stage: G has hooks of one stage run side by side, with nothing in an answer
    that tells which is which."""
    stages = [stage for stage in Stage if stage in settings.pauses or stage in JUDGED]
    return [
        {
            "targetType": "PAUSE",
            # A stage that can be configured has ECS's own name.
            "lifecycleStages": [cast("DeploymentLifecycleHookStageType", str(stage))],
            "timeoutConfiguration": {
                "timeoutInMinutes": hook_timeout(settings, stage),
                "action": _on_timeout(settings, str(stage)),
            },
        }
        for stage in stages
    ]


def _on_timeout(settings: Environment, stage: str) -> DeploymentLifecycleHookActionType:
    """A dead runner's rollout goes back: only a pause of nobody but a person may go on."""
    person = has_pause(settings, stage)
    if person is None or stage in JUDGED:
        return "ROLLBACK"
    return "CONTINUE" if person.on_timeout == "continue" else "ROLLBACK"


def _shifts(settings: Environment) -> DeploymentConfigurationOutputTypeDef:
    """A step's own bake time is 0: the pause before the next one is the watch."""
    if settings.strategy == "linear":
        percent = round(settings.step_percent, 1)
        return {"linearConfiguration": {"stepPercent": percent, "stepBakeTimeInMinutes": 0}}
    if settings.strategy == "canary":
        percent = round(settings.canary_percent, 1)
        return {"canaryConfiguration": {"canaryPercent": percent, "canaryBakeTimeInMinutes": 0}}
    return {}


def _rolling(settings: Environment, desired: int) -> DeploymentConfigurationOutputTypeDef:
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


def _alarms(settings: Environment) -> DeploymentAlarmsOutputTypeDef:
    names = list(settings.ecs.alarms)
    return {"alarmNames": names, "enable": bool(names), "rollback": bool(names)}
