"""What people call the resources, and what they feel of a change.

Sources: CloudFormation's template reference ("Update requires"), and RDS's "Settings for DB
instances" for what is out of reach meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import StackEventTypeDef, StackResourceDriftTypeDef

_WORDS = {
    "ApplicationAutoScaling::ScalableTarget": "limits of scaling",
    "ApplicationAutoScaling::ScalingPolicy": "rule of scaling",
    "Budgets::Budget": "budget",
    "Chatbot::SlackChannelConfiguration": "Slack channel",
    "CloudFormation::WaitConditionHandle": "placeholder",
    "CloudWatch::Alarm": "alarm",
    "CloudWatch::CompositeAlarm": "alarm over others",
    "CloudWatch::Dashboard": "dashboard",
    "CE::AnomalyMonitor": "watch for unusual cost",
    "CE::AnomalySubscription": "mail about unusual cost",
    "EC2::EIP": "fixed address",
    "EC2::InternetGateway": "internet gateway",
    "EC2::NatGateway": "NAT gateway",
    "EC2::Route": "route",
    "EC2::RouteTable": "route table",
    "EC2::SecurityGroup": "security group",
    "EC2::SecurityGroupEgress": "rule of a security group",
    "EC2::SecurityGroupIngress": "rule of a security group",
    "EC2::Subnet": "subnet",
    "EC2::SubnetRouteTableAssociation": "subnet's route table",
    "EC2::VPC": "network",
    "EC2::VPCEndpoint": "way to S3",
    "EC2::VPCGatewayAttachment": "internet gateway's attachment",
    "ECR::Repository": "image repository",
    "ECS::Cluster": "cluster",
    "ECS::Service": "service",
    "ECS::TaskDefinition": "task definition",
    "ElastiCache::ReplicationGroup": "Redis",
    "ElastiCache::SubnetGroup": "subnets of Redis",
    "ElasticLoadBalancingV2::Listener": "listener",
    "ElasticLoadBalancingV2::ListenerCertificate": "certificate of the listener",
    "ElasticLoadBalancingV2::ListenerRule": "listener rule",
    "ElasticLoadBalancingV2::LoadBalancer": "load balancer",
    "ElasticLoadBalancingV2::TargetGroup": "target group",
    "Events::Rule": "rule for events",
    "IAM::OIDCProvider": "GitHub's identity provider",
    "IAM::Role": "role",
    "KMS::Key": "key",
    "Logs::LogGroup": "log",
    "Logs::MetricFilter": "metric from a log",
    "Logs::QueryDefinition": "saved query",
    "Logs::ResourcePolicy": "log's policy",
    "RDS::DBInstance": "database",
    "RDS::DBParameterGroup": "database's settings",
    "RDS::DBSubnetGroup": "subnets of the database",
    "S3::Bucket": "bucket",
    "S3::BucketPolicy": "bucket's policy",
    "SNS::Subscription": "subscription",
    "SNS::Topic": "topic for messages",
    "SNS::TopicPolicy": "topic's policy",
    "SecretsManager::Secret": "secret",
}
# What holds something that cannot be made again.
DATA = frozenset(
    (
        "AWS::RDS::DBInstance",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::S3::Bucket",
        "AWS::ECR::Repository",
        "AWS::Logs::LogGroup",
        "AWS::SecretsManager::Secret",
    )
)
RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
_REDEPLOYED = "ECS deploys the running release once more, blue-green"
_RESTARTED = "the database is out of reach for some minutes"
# (type, property) → what is interrupted when it is changed in place.
_FELT = {
    ("RDS::DBInstance", "DBInstanceClass"): _RESTARTED,
    ("RDS::DBInstance", "EngineVersion"): "the database is out of reach while it is upgraded",
    ("RDS::DBInstance", "DBParameterGroupName"): _RESTARTED,
    ("RDS::DBInstance", "StorageType"): "the database is slower meanwhile",
    ("RDS::DBInstance", "MultiAZ"): "the database is slower meanwhile",
    ("RDS::DBParameterGroup", "Parameters"): "some settings wait for the database's next restart",
    ("ElastiCache::ReplicationGroup", "CacheNodeType"): "connections to Redis are cut once",
    ("ElastiCache::ReplicationGroup", "EngineVersion"): "Redis is out of reach for some minutes",
    ("ElasticLoadBalancingV2::Listener", "Port"): "the old port no longer answers",
    ("ElasticLoadBalancingV2::Listener", "Protocol"): "who asks as before is answered otherwise",
    ("ElasticLoadBalancingV2::LoadBalancer", "Subnets"): "connections in the old zones are cut",
    ("EC2::SecurityGroup", "SecurityGroupIngress"): "connections no longer admitted are cut",
    **{
        ("ECS::Service", name): _REDEPLOYED
        # Not TaskDefinition: the stack only ever says the one that runs.
        for name in (
            "NetworkConfiguration",
            "LoadBalancers",
            "CapacityProviderStrategy",
            "PlatformVersion",
            "LaunchType",
        )
    },
}
# What is felt when it is deleted, or replaced by another.
_MISSED = {
    "RDS::DBInstance": "the application has no database until the new one is filled",
    "ElastiCache::ReplicationGroup": "what Redis held is gone",
    "ElasticLoadBalancingV2::LoadBalancer": "nobody is answered; the address becomes another",
    "ElasticLoadBalancingV2::Listener": "nobody is answered at its port meanwhile",
    "ElasticLoadBalancingV2::TargetGroup": "nobody is answered until tasks are in the new one",
    "ECS::Service": "nobody is answered until new tasks run",
    "ECS::Cluster": "every task in it is stopped",
    "EC2::VPC": "everything in it is made anew",
    "EC2::Subnet": "what runs in it is moved",
    "EC2::NatGateway": "tasks cannot reach the internet meanwhile",
    "EC2::VPCEndpoint": "images come by another way",
    "IAM::Role": "who had it has to be given the new one",
    "SecretsManager::Secret": "tasks that start meanwhile fail for want of it",
    "Logs::LogGroup": "older lines are gone",
    "S3::Bucket": "older releases and receipts are gone",
    "ECR::Repository": "no older release can be rolled back to",
}


def resource_name(kind: str) -> str:
    """What people call a resource of this type."""
    short = _short(kind)
    return _WORDS.get(short, short)


def impact_of_update(kind: str, name: str) -> str:
    """What is interrupted when this property changes in place; "" for nothing."""
    return _FELT.get((_short(kind), name), "")


def impact_of_removal(kind: str) -> str:
    """What is felt when one of these goes; "" for nothing."""
    return _MISSED.get(_short(kind), "")


def _short(kind: str) -> str:
    return kind.removeprefix("AWS::")


# What a stack's events say: how far it is, and why it failed.

_STACK = "AWS::CloudFormation::Stack"
# What CloudFormation says of those that it gave up because another one failed.
_GIVEN_UP = ("resource creation cancelled", "resource update cancelled")


@dataclass(frozen=True)
class StackEvent:
    """One event of a stack. status: CloudFormation's (`CREATE_FAILED`)."""

    key: str
    name: str
    type: str
    status: str
    reason: str = ""


def read_event(row: StackEventTypeDef) -> StackEvent:
    """An event of DescribeStackEvents."""
    return StackEvent(
        row["EventId"],
        row["LogicalResourceId"],
        row["ResourceType"],
        row["ResourceStatus"],
        " ".join(str(row.get("ResourceStatusReason") or "").split()),
    )


def progress_line(event: StackEvent) -> str:
    """`created    database Database`; of the stack itself only what it is doing now."""
    action, _, end = event.status.rpartition("_")
    status = event.status.lower().replace("_", " ")
    if event.type == _STACK:
        return f"stack {event.name}: {status}"
    label = {
        "CREATE_COMPLETE": "created",
        "UPDATE_COMPLETE": "changed",
        "DELETE_COMPLETE": "deleted",
        "DELETE_SKIPPED": "kept",
    }.get(event.status, status)
    why = f": {event.reason}" if end == "FAILED" and action and event.reason else ""
    return f"{label:<20} {resource_name(event.type)} {event.name}{why}"


def failure_cause(events: Iterable[StackEvent]) -> str:
    """Why it failed: the first resource that did by itself; "" where none did.

    events: oldest first. The others were given up because of it.
    """
    for event in events:
        failed = event.status.endswith("_FAILED") and event.type != _STACK
        if failed and not event.reason.lower().startswith(_GIVEN_UP):
            what = f"{resource_name(event.type)} {event.name}"
            return f"{what}: {event.reason or event.status.lower().replace('_', ' ')}"
    return ""


def is_final(status: str) -> bool:
    """Whether a stack in this status does nothing any more."""
    return not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS"


def is_successful(status: str) -> bool:
    """Whether it ended as it was meant to."""
    return status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE", "IMPORT_COMPLETE")


# What is no longer as the stack made it, without what deployments move on purpose.
#
# Form: CloudFormation's DescribeStackResourceDrifts.

# type → the beginnings of the property paths that a deployment or the scaling moves.
_MOVED = {
    "AWS::ElasticLoadBalancingV2::ListenerRule": ("/Actions",),
    "AWS::ElasticLoadBalancingV2::Listener": ("/DefaultActions/0/ForwardConfig",),
    "AWS::ECS::Service": ("/TaskDefinition", "/DesiredCount", "/DeploymentConfiguration"),
    "AWS::ApplicationAutoScaling::ScalableTarget": ("/MinCapacity", "/MaxCapacity"),
    "AWS::RDS::DBInstance": ("/AllocatedStorage", "/EngineVersion"),  # grows, is patched
}


@dataclass(frozen=True)
class ResourceDrift:
    """A resource that is not as it was made. differences: (property path, expected, actual)."""

    name: str
    type: str
    deleted: bool = False
    differences: tuple[tuple[str, str, str], ...] = ()


def read_drifts(rows: Iterable[StackResourceDriftTypeDef]) -> tuple[ResourceDrift, ...]:
    """The resources that drifted, of the rows of DescribeStackResourceDrifts."""
    drifts = (_drift(row) for row in rows)
    return tuple(drift for drift in drifts if drift.deleted or drift.differences)


def drift_lines(drifts: Iterable[ResourceDrift]) -> list[str]:
    """What is different, a line each."""
    lines = []
    for drift in drifts:
        what = f"{resource_name(drift.type)} {drift.name}"
        if drift.deleted:
            lines.append(f"- {what} is gone: somebody deleted it")
        for path, expected, actual in drift.differences:
            was, now = expected or "not set", actual or "not set"
            lines.append(f"~ {what}: {path.lstrip('/')} was made {was}, is {now}")
    return lines


def _drift(row: StackResourceDriftTypeDef) -> ResourceDrift:
    kind, status = row["ResourceType"], row["StackResourceDriftStatus"]
    moved = _MOVED.get(kind, ())
    differences = tuple(
        (
            difference["PropertyPath"],
            str(difference.get("ExpectedValue", "")),
            str(difference.get("ActualValue", "")),
        )
        for difference in row.get("PropertyDifferences") or ()
        if not difference["PropertyPath"].startswith(moved)
    )
    return ResourceDrift(
        row["LogicalResourceId"],
        kind,
        status == "DELETED",
        differences if status == "MODIFIED" else (),
    )
