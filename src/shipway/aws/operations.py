"""What a deploy asks of AWS, and when. tests/aws/test_policy.py holds it to the code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shipway.core.config import Environment

Condition = Callable[[Environment], bool]


def _always(settings: Environment) -> bool:
    return True


def _secrets(settings: Environment) -> bool:
    return any(":secretsmanager:" in arn for arn in settings.ecs.secrets.values())


def _parameters(settings: Environment) -> bool:
    return any(":ssm:" in arn for arn in settings.ecs.secrets.values())


def _alarms(settings: Environment) -> bool:
    return bool(settings.ecs.alarms)


def _traffic(settings: Environment) -> bool:
    """Whether traffic moves between two target groups."""
    return settings.strategy != "rolling"


_OPERATIONS: tuple[tuple[str, Condition, tuple[str, ...]], ...] = (
    ("sts", _always, ("GetCallerIdentity",)),
    (
        "ecs", _always,
        (
            "DescribeServices", "DescribeTaskDefinition", "DescribeTasks",
            "ListServiceDeployments", "RunTask", "StopTask",
        ),
    ),
    ("ecr", _always, ("DescribeImages",)),
    ("secretsmanager", _secrets, ("DescribeSecret",)),
    ("ssm", _parameters, ("DescribeParameters",)),
    ("ssm", _always, ("DeleteParameter", "GetParameter", "PutParameter")),
    ("iam", _always, ("GetRole", "SimulatePrincipalPolicy")),
    ("ec2", _always, ("DescribeSecurityGroups", "DescribeSubnets")),
    (
        "elbv2", _always,
        ("DescribeListeners", "DescribeLoadBalancerAttributes", "DescribeLoadBalancers",
         "DescribeTargetGroups"),
    ),
    ("elbv2", _traffic, ("DescribeRules",)),
    ("cloudwatch", _alarms, ("DescribeAlarms",)),
    ("logs", _always, ("FilterLogEvents", "GetLogEvents")),
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Operation:
    """A call. service: boto3's name. name: the API's, for example `RunTask`."""

    service: str
    name: str


def operations(settings: Environment) -> Iterator[Operation]:
    """What deploying to an environment asks, with what is configured there."""
    for service, condition, names in _OPERATIONS:
        if condition(settings):
            yield from (Operation(service, name) for name in names)
