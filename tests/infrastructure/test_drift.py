"""Drift, without what deployments move on purpose."""

from __future__ import annotations

from typing import Any

from shipway.infrastructure.stack_status import drift_lines, read_drifts


def row(name: str, kind: str, *differences: tuple[str, str, str], deleted: bool = False) -> Any:
    return {
        "LogicalResourceId": name,
        "ResourceType": f"AWS::{kind}",
        "StackResourceDriftStatus": "DELETED" if deleted else "MODIFIED",
        "PropertyDifferences": [
            {
                "PropertyPath": path,
                "ExpectedValue": expected,
                "ActualValue": actual,
                "DifferenceType": "NOT_EQUAL",
            }
            for path, expected, actual in differences
        ],
    }


def test_what_somebody_changed_by_hand_is_told() -> None:
    rows = [
        row("Database", "RDS::DBInstance", ("/DeletionProtection", "true", "false")),
        row("BalancerGroup", "EC2::SecurityGroup", ("/SecurityGroupIngress/2", "", "22 to all")),
        row("SecretKey", "SecretsManager::Secret", deleted=True),
    ]
    assert drift_lines(read_drifts(rows)) == [
        "~ database Database: DeletionProtection was made true, is false",
        "~ security group BalancerGroup: SecurityGroupIngress/2 was made not set, is 22 to all",
        "- secret SecretKey is gone: somebody deleted it",
    ]


def test_weights_the_image_and_the_number_of_tasks_are_not() -> None:
    rows = [
        row(
            "ProductionRule",
            "ElasticLoadBalancingV2::ListenerRule",
            ("/Actions/0/ForwardConfig/TargetGroups/0/Weight", "100", "0"),
        ),
        row(
            "Service",
            "ECS::Service",
            ("/TaskDefinition", "a:1", "a:9"),
            ("/DesiredCount", "0", "3"),
            ("/DeploymentConfiguration/Strategy", "x", "CANARY"),
        ),
        row("Scaling", "ApplicationAutoScaling::ScalableTarget", ("/MinCapacity", "2", "0")),
    ]
    assert read_drifts(rows) == ()


def test_the_rest_of_them_is() -> None:
    rows = [
        row(
            "ProductionRule",
            "ElasticLoadBalancingV2::ListenerRule",
            ("/Actions/0/ForwardConfig/TargetGroups/0/Weight", "100", "0"),
            ("/Conditions/0/Values/0", "a", "b"),
        ),
        row(
            "Service",
            "ECS::Service",
            ("/NetworkConfiguration/AwsvpcConfiguration/AssignPublicIp", "DISABLED", "ENABLED"),
        ),
    ]
    assert [one.name for one in read_drifts(rows)] == ["ProductionRule", "Service"]
    assert len(read_drifts(rows)[0].differences) == 1
