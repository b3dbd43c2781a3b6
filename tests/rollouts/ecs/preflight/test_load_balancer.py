"""Target groups and listener rules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from tests.rollouts.ecs.environment import Standing

from shipway.rollouts.ecs.preflight.checklist import run_preflight


def balancer(standing: Standing) -> Any:
    return standing.ecs.services[0]["loadBalancers"][0]


def words(standing: Standing) -> str:
    return " / ".join(one.description for one in run_preflight(standing.subject()))


def test_a_service_without_a_load_balancer_is_refused(standing: Standing) -> None:
    standing.ecs.services[0]["loadBalancers"] = []
    assert "load balancer: the service web has no load balancer" in words(standing)


def test_a_target_group_of_instances_takes_no_task(standing: Standing) -> None:
    other = standing.group("instances", "instance")
    balancer(standing)["advancedConfiguration"]["alternateTargetGroupArn"] = other
    assert "the target group instances takes targets of type instance" in words(standing)


@pytest.mark.parametrize("key", ["alternateTargetGroupArn", "productionListenerRule", "roleArn"])
def test_a_strategy_with_two_groups_needs_all_of_the_advanced_configuration(
    key: str, standing: Standing
) -> None:
    del balancer(standing)["advancedConfiguration"][key]
    assert f"canary needs the service's advancedConfiguration.{key}" in words(standing)


def test_a_rule_without_the_other_group_would_be_rolled_back(standing: Standing) -> None:
    rule = standing.forwarding(2, standing.blue)
    balancer(standing)["advancedConfiguration"]["productionListenerRule"] = rule
    assert "neither the production rule nor the test rule has both target groups" in words(standing)


def test_both_groups_on_the_test_rule_are_enough(standing: Standing) -> None:
    extra = balancer(standing)["advancedConfiguration"]
    extra["testListenerRule"] = extra["productionListenerRule"]
    extra["productionListenerRule"] = standing.forwarding(2, standing.blue)
    assert words(standing) == ""


def test_a_listener_may_stand_for_its_default_rule(standing: Standing) -> None:
    balancer(standing)["advancedConfiguration"]["productionListenerRule"] = standing.listener
    assert "neither" in words(standing)


def test_a_rule_that_does_not_exist_is_named(standing: Standing) -> None:
    extra = balancer(standing)["advancedConfiguration"]
    standing.clients.client("elbv2").delete_rule(RuleArn=extra["productionListenerRule"])
    assert "the listener rule" in words(standing) and "does not exist" in words(standing)


def test_a_target_group_that_does_not_exist_is_named(standing: Standing) -> None:
    lost = standing.blue.replace("web-production-blue", "lost")
    balancer(standing)["targetGroupArn"] = lost
    assert "the target group lost does not exist" in words(standing)


def test_rolling_needs_one_group_that_is_in_use(tmp_path: Path) -> None:
    with mock_aws():
        standing = Standing(tmp_path, strategy="rolling")
        one = balancer(standing)
        del one["advancedConfiguration"]
        assert words(standing) == ""
        standing.settings = replace(standing.settings, strategy="rolling")
        one["targetGroupArn"] = standing.group("idle")
        assert "no listener sends requests to the target group idle" in words(standing)
