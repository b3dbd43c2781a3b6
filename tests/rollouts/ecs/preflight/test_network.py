"""Subnets, security groups, and whether the load balancer gets in."""

from __future__ import annotations

from typing import Any

import pytest
from tests.rollouts.ecs.environment import Standing

from shipway.rollouts.ecs.preflight.checklist import run_preflight
from shipway.rollouts.ecs.preflight.network import allows_traffic


def vpc(standing: Standing) -> Any:
    return standing.ecs.services[0]["networkConfiguration"]["awsvpcConfiguration"]


def test_a_subnet_that_does_not_exist_is_named(standing: Standing) -> None:
    vpc(standing)["subnets"] = ["subnet-0123"]
    (found,) = run_preflight(standing.subject())
    assert found.description == "network: the subnet subnet-0123 does not exist"


def test_a_service_without_subnets_cannot_run_on_fargate(standing: Standing) -> None:
    vpc(standing)["subnets"] = []
    (found,) = run_preflight(standing.subject())
    assert "has no subnets" in found.message


def test_a_security_group_that_does_not_exist_is_named(standing: Standing) -> None:
    vpc(standing)["securityGroups"] = ["sg-0123", "sg-0124"]
    (found,) = run_preflight(standing.subject())
    assert "one of the security groups sg-0123, sg-0124 does not exist" in found.message


def test_a_group_that_keeps_the_load_balancer_out_is_found(standing: Standing) -> None:
    vpc(standing)["securityGroups"] = [standing.front]
    (found,) = run_preflight(standing.subject())
    assert "admits the load balancer web-production on port 8000" in found.message
    assert f"Allow TCP 8000 from {standing.front}" in found.remedy


def test_no_group_at_all_is_the_vpcs_own_which_lets_nobody_in(standing: Standing) -> None:
    vpc(standing)["securityGroups"] = []
    assert "no security group of the tasks" in run_preflight(standing.subject())[0].message


def test_without_room_for_a_new_set_of_tasks_it_is_said(standing: Standing) -> None:
    standing.ecs.services[0]["desiredCount"] = 1000
    (found,) = run_preflight(standing.subject())
    assert "a new set of tasks needs 1000" in found.message


@pytest.mark.parametrize(
    ("rule", "in_"),
    [
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, True),
        (
            {
                "IpProtocol": "tcp",
                "FromPort": 1,
                "ToPort": 9000,
                "IpRanges": [{"CidrIp": "10.0.0.0/16"}],
            },
            True,
        ),
        (
            {
                "IpProtocol": "tcp",
                "FromPort": 8000,
                "ToPort": 8000,
                "IpRanges": [{"CidrIp": "10.0.0.0/24"}],
            },
            False,
        ),
        (
            {
                "IpProtocol": "tcp",
                "FromPort": 80,
                "ToPort": 80,
                "UserIdGroupPairs": [{"GroupId": "sg-front"}],
            },
            False,
        ),
        (
            {
                "IpProtocol": "udp",
                "FromPort": 8000,
                "ToPort": 8000,
                "UserIdGroupPairs": [{"GroupId": "sg-front"}],
            },
            False,
        ),
        (
            {
                "IpProtocol": "tcp",
                "FromPort": 8000,
                "ToPort": 8000,
                "UserIdGroupPairs": [{"GroupId": "sg-other"}],
            },
            False,
        ),
        (
            {
                "IpProtocol": "tcp",
                "FromPort": 8000,
                "ToPort": 8000,
                "UserIdGroupPairs": [{"GroupId": "sg-front"}],
            },
            True,
        ),
    ],
)
def test_a_rule_admits_by_protocol_port_and_source(rule: dict[str, Any], in_: bool) -> None:
    group = {"IpPermissions": [rule]}
    assert allows_traffic(group, 8000, {"sg-front"}, ["10.0.0.0/24", "10.0.1.0/24"]) is in_
