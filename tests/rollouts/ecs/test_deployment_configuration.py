"""deploymentConfiguration, from what is configured."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.fakes.aws_shapes import checked_shapes
from tests.fakes.ecs_rules import configuration_faults

from shipway.config.aws import Ecs
from shipway.config.schema import Environment, Pause
from shipway.config.tables import JudgeSettings
from shipway.errors import ConfigError
from shipway.rollouts.ecs.deployment_configuration import (
    deployment_configuration,
    hook_timeout,
    rollback_configuration,
)

BEFORE, AFTER = "PRE_PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"
ENVIRONMENTS = some.builds(
    Environment,
    platform=some.just("ecs"),
    strategy=some.sampled_from(("rolling", "blue-green", "linear", "canary")),
    batch=some.integers(1, 32),
    minimum_healthy=some.floats(0, 100),
    canary_percent=some.floats(0.1, 100),
    step_percent=some.floats(3, 100),
    step_bake=some.floats(0, 86_400),
    bake=some.floats(0, 86_400),
    judge=some.builds(JudgeSettings, horizon=some.floats(60, 86_400)),
    ecs=some.builds(
        Ecs,
        alarms=some.sampled_from(((), ("one", "two"))),
        failed_tasks=some.integers(1, 20),
        pause_margin=some.floats(60, 3600),
    ),
    pauses=some.dictionaries(
        some.sampled_from(("PRE_SCALE_UP", "POST_SCALE_UP", BEFORE, AFTER)),
        some.builds(Pause, timeout=some.floats(1, 86_400)),
    ),
)


@given(ENVIRONMENTS, some.integers(0, 500))
def test_whatever_is_configured_ecs_takes_it(settings: Environment, desired: int) -> None:
    for made in (
        deployment_configuration(settings, desired),
        rollback_configuration(settings, desired),
    ):
        assert configuration_faults(made) == []
        asked = {"service": "web", "deploymentConfiguration": made}
        checked_shapes("ecs", "UpdateService", asked, dict)


@given(ENVIRONMENTS)
def test_where_shipway_answers_a_dead_runner_means_going_back(settings: Environment) -> None:
    for hook in deployment_configuration(settings, 4)["lifecycleHooks"]:
        if hook["lifecycleStages"][0] in (BEFORE, AFTER):
            assert hook["timeoutConfiguration"]["action"] == "ROLLBACK"


@given(ENVIRONMENTS)
def test_a_pause_lasts_longer_than_the_judge_may_take(settings: Environment) -> None:
    least = settings.judge.horizon + settings.ecs.pause_margin
    assert 60 * hook_timeout(settings, BEFORE) >= least + settings.step_bake
    assert 60 * hook_timeout(settings, AFTER) >= least + settings.bake


def test_a_canary_has_no_time_of_its_own_and_a_pause_before_and_after_each_shift() -> None:
    settings = Environment(platform="ecs", strategy="canary", canary_percent=5.0)
    made = deployment_configuration(settings, 4)
    assert made["canaryConfiguration"] == {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 0}
    assert [hook["lifecycleStages"] for hook in made["lifecycleHooks"]] == [[BEFORE], [AFTER]]
    assert {hook["targetType"] for hook in made["lifecycleHooks"]} == {"PAUSE"}
    assert made["deploymentCircuitBreaker"] == {"enable": False, "rollback": False}


def test_rolling_gives_up_after_few_failures() -> None:
    settings = Environment(platform="ecs", ecs=Ecs(failed_tasks=2))
    made = deployment_configuration(settings, 4)
    breaker = made["deploymentCircuitBreaker"]
    assert breaker["thresholdConfiguration"] == {"type": "COUNT", "value": 2}
    assert (breaker["enable"], breaker["rollback"]) == (True, True)
    assert (made["minimumHealthyPercent"], made["maximumPercent"]) == (100, 125)


def test_a_persons_pause_may_go_on_by_itself_where_nothing_is_judged() -> None:
    pauses = {"POST_SCALE_UP": Pause(60.0, "continue"), BEFORE: Pause(60.0, "continue")}
    settings = Environment(platform="ecs", strategy="canary", pauses=pauses)  # type: ignore[arg-type]  # its names
    actions = {
        hook["lifecycleStages"][0]: hook["timeoutConfiguration"]["action"]
        for hook in deployment_configuration(settings, 4)["lifecycleHooks"]
    }
    assert actions == {"POST_SCALE_UP": "CONTINUE", BEFORE: "ROLLBACK", AFTER: "ROLLBACK"}


def test_a_pause_longer_than_ecs_allows_is_refused() -> None:
    settings = Environment(platform="ecs", strategy="canary")
    long = replace(settings, judge=JudgeSettings(horizon=2_000_000.0))
    with pytest.raises(ConfigError, match="ECS allows 20160") as caught:
        deployment_configuration(long, 4)
    assert "judge.horizon" in caught.value.remedy
