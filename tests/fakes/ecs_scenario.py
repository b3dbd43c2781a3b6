"""What is to happen to a fake deployment: what it was configured to, and what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipway.rollouts.strategy import OnTimeout, RolloutPlan, Strategy, steps_of

_STRATEGIES = {
    "ROLLING": Strategy.ROLLING,
    "BLUE_GREEN": Strategy.BLUE_GREEN,
    "LINEAR": Strategy.LINEAR,
    "CANARY": Strategy.CANARY,
}


@dataclass
class Scenario:
    """What happens in the next deployments.

    start: seconds until a task is healthy. stop_reason, exit_code: of new tasks that never are.
    alarm_after: seconds of production traffic to the new revision until an alarm fires.
    firing: alarms that fire from the beginning. interferes_after: seconds until somebody else
    deploys. bad_network: its target groups are on no rule. rollback_fails: the way back does, too.
    """

    start: float = 40.0
    stop_reason: str = ""
    container_reason: str = ""
    stop_code: str = "EssentialContainerExited"
    exit_code: int | None = 1
    alarm_after: float | None = None
    firing: tuple[str, ...] = ()
    interferes_after: float | None = None
    bad_network: bool = False
    rollback_fails: bool = False


def plan_from_configuration(
    configuration: Mapping[str, Any], desired: int, replaced: int
) -> RolloutPlan:
    """What a deploymentConfiguration means."""
    strategy = _STRATEGIES[configuration.get("strategy", "ROLLING")]
    canary = configuration.get("canaryConfiguration", {})
    linear = configuration.get("linearConfiguration", {})
    pauses = {
        stage: OnTimeout.CONTINUE
        if hook.get("timeoutConfiguration", {}).get("action") == "CONTINUE"
        else OnTimeout.ROLL_BACK
        for hook in configuration.get("lifecycleHooks", [])
        for stage in hook["lifecycleStages"]
    }
    breaker = configuration.get("deploymentCircuitBreaker", {})
    more = configuration.get("maximumPercent", 200) - 100
    bake = 60.0 * (
        canary.get("canaryBakeTimeInMinutes", 0) or linear.get("stepBakeTimeInMinutes", 0)
    )
    return RolloutPlan(
        strategy=strategy,
        wanted=desired,
        replaced=replaced,
        batch=max(1, desired * more // 100),
        minimum=desired * configuration.get("minimumHealthyPercent", 100) // 100,
        steps=steps_of(strategy, canary.get("canaryPercent", 5.0), linear.get("stepPercent", 10.0)),
        step_bake=bake,
        bake=60.0 * configuration.get("bakeTimeInMinutes", 0),
        test=False,
        pauses=pauses,
        breaker=breaker.get("thresholdConfiguration", {}).get("value", 10),
    )
