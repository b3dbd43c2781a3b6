"""What people call the resources, and what they feel of a change.

Sources: CloudFormation's template reference ("Update requires"), and RDS's "Settings for DB
instances" for what is out of reach meanwhile.
"""

from __future__ import annotations

_WORDS = {
    "ApplicationAutoScaling::ScalableTarget": "limits of scaling",
    "ApplicationAutoScaling::ScalingPolicy": "rule of scaling",
    "Budgets::Budget": "budget",
    "Chatbot::SlackChannelConfiguration": "Slack channel",
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
    ("AWS::RDS::DBInstance", "AWS::ElastiCache::ReplicationGroup", "AWS::S3::Bucket",
     "AWS::ECR::Repository", "AWS::Logs::LogGroup", "AWS::SecretsManager::Secret")
)  # fmt: skip

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
        for name in ("NetworkConfiguration", "LoadBalancers", "CapacityProviderStrategy",
                     "PlatformVersion", "LaunchType")
    },
}  # fmt: skip

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


def word(kind: str) -> str:
    """What people call a resource of this type."""
    short = _short(kind)
    return _WORDS.get(short, short)


def felt(kind: str, name: str) -> str:
    """What is interrupted when this property changes in place; "" for nothing."""
    return _FELT.get((_short(kind), name), "")


def missed(kind: str) -> str:
    """What is felt when one of these goes; "" for nothing."""
    return _MISSED.get(_short(kind), "")


def _short(kind: str) -> str:
    return kind.removeprefix("AWS::")
