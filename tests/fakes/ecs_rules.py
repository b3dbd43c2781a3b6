"""Rules of ECS's deployments that no shape says. M: botocore's model of ECS, in its
documentation; G: the developer guide. Each is checked where UpdateService is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

_NO_PAUSE = ("TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")
_LONGEST_BAKE = 1440


def configuration_faults(configuration: Mapping[str, Any]) -> list[str]:
    """What is wrong with a deploymentConfiguration."""
    rules: tuple[Callable[[Mapping[str, Any]], Iterator[str]], ...] = (
        _pauses,
        _canary,
        _linear,
        _blue_green,
        _breaker,
    )
    return [fault for rule in rules for fault in rule(configuration)]


def _pauses(configuration: Mapping[str, Any]) -> Iterator[str]:
    hooks = configuration.get("lifecycleHooks", [])
    if sum(hook.get("targetType") == "PAUSE" for hook in hooks) > 10:
        yield "a service has at most 10 pause hooks"  # G
    for hook in hooks:
        if hook.get("targetType") != "PAUSE":
            if not hook.get("hookTargetArn"):
                yield "a Lambda hook needs hookTargetArn"  # M
            continue
        if hook.get("hookTargetArn") or hook.get("hookDetails"):
            yield "a pause has no target and no details"  # M
        if not hook.get("lifecycleStages"):
            yield "a hook needs lifecycleStages"  # M
        yield from (
            f"no pause is allowed at {stage}"  # M
            for stage in hook.get("lifecycleStages", [])
            if stage in _NO_PAUSE
        )
        minutes = hook.get("timeoutConfiguration", {}).get("timeoutInMinutes", 1440)
        if not 1 <= minutes <= 20160:
            yield f"a pause of {minutes} minutes"  # M


def _canary(configuration: Mapping[str, Any]) -> Iterator[str]:
    settings = configuration.get("canaryConfiguration")
    if settings is None:
        return
    if configuration.get("strategy") != "CANARY":
        yield "canaryConfiguration is for CANARY"  # M
    yield from _percent(settings.get("canaryPercent", 5.0), 0.1, "canaryPercent")  # M
    yield from _bake(settings.get("canaryBakeTimeInMinutes", 10))  # M


def _linear(configuration: Mapping[str, Any]) -> Iterator[str]:
    settings = configuration.get("linearConfiguration")
    if settings is None:
        return
    if configuration.get("strategy") != "LINEAR":
        yield "linearConfiguration is for LINEAR"  # M
    yield from _percent(settings.get("stepPercent", 10.0), 3.0, "stepPercent")  # M
    yield from _bake(settings.get("stepBakeTimeInMinutes", 6))  # M


def _blue_green(configuration: Mapping[str, Any]) -> Iterator[str]:
    minutes = configuration.get("bakeTimeInMinutes")
    if configuration.get("strategy") == "BLUE_GREEN" and minutes is None:
        yield "BLUE_GREEN needs bakeTimeInMinutes"  # M
    yield from _bake(minutes or 0)


def _breaker(configuration: Mapping[str, Any]) -> Iterator[str]:
    settings = configuration.get("deploymentCircuitBreaker", {})
    if settings.get("enable") and configuration.get("strategy") != "ROLLING":
        yield "the circuit breaker is for ROLLING only"  # M
    if settings.get("thresholdConfiguration", {}).get("value", 1) < 1:
        yield "a threshold below 1"


def _percent(value: float, least: float, name: str) -> Iterator[str]:
    if not least <= value <= 100 or round(value, 1) != value:
        yield f"{name} {value}: from {least} to 100 in steps of 0.1"


def _bake(minutes: int) -> Iterator[str]:
    if not 0 <= minutes <= _LONGEST_BAKE:
        yield f"a bake time of {minutes} minutes"
