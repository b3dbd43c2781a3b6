"""What a deploy asks of AWS, and when. tests/aws/test_policy.py holds it to the code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shipway.aws.actions import REGISTRY
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


_pauses = _traffic  # rolling has none


_OPERATIONS: tuple[tuple[str, Condition, tuple[str, ...]], ...] = (
    ("sts", _always, ("GetCallerIdentity",)),
    (
        "ecs", _always,
        (
            "DescribeServiceDeployments", "DescribeServiceRevisions", "DescribeServices",
            "DescribeTaskDefinition", "DescribeTasks", "ListServiceDeployments", "ListTasks",
            "RegisterTaskDefinition", "RunTask", "StopServiceDeployment", "StopTask",
            "UpdateService",
        ),
    ),
    ("ecs", _pauses, ("ContinueServiceDeployment",)),
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
    ("cloudwatch", _always, ("GetMetricData",)),
    ("cloudwatch", _alarms, ("DescribeAlarms",)),
    ("logs", _always, ("FilterLogEvents", "GetLogEvents")),
    ("s3", _always, ("GetObject", "ListObjectsV2", "PutObject")),
)  # fmt: skip


# Where images are in the account's own ECR: pushed, scanned, looked for, promoted. The repository
# is the bootstrap stack's: the deploying role cannot make it.
_ECR = (
    ("ecr", ("DescribeImages", "DescribeImageScanFindings", "DescribeRepositories",
             "GetAuthorizationToken")),
    (REGISTRY, ("Pull", "Push")),
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Operation:
    """A call. service: boto3's name, or REGISTRY. name: the API's, for example `RunTask`."""

    service: str
    name: str


def operations(settings: Environment, *, ecr: bool = True) -> Iterator[Operation]:
    """What deploying to an environment asks, with what is configured there.

    ecr: whether images are in the account's own ECR.
    """
    for service, condition, names in _OPERATIONS:
        if condition(settings):
            yield from (Operation(service, name) for name in names)
    for service, names in _ECR if ecr else ():
        yield from (Operation(service, name) for name in names)
