"""The role that the weekly workflow takes on may do exactly what looking asks for."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore import xform_name
from tests.cleanup.aws.account import (
    BUCKET,
    HERE,
    REGION,
    Clients,
    config,
    defined,
    premises,
    pushed,
    repository,
    serving,
    tags,
)
from tests.cleanup.aws.remnants import gone, groups
from tests.infrastructure.levers import GITHUB, LEVERS, parameters
from tests.infrastructure.render import of_type, parse, render

from shipway.aws.names import AwsResourceNames
from shipway.cleanup.aws_orphans import orphan_kinds, scan_orphans
from shipway.cleanup.ecs_orphans import environments_with_rollouts, resources_in_use
from shipway.cleanup.owned_resources import OwnedResources
from shipway.cleanup.retention import ResourcesInUse
from shipway.infrastructure.template import load_template

PREFIXES = {"elbv2": "elasticloadbalancing", "s3": "s3"}
ACTIONS = {"s3:ListObjectsV2": "s3:ListBucket"}


class Recording:
    """Clients that note every operation that is really sent."""

    region = REGION

    def __init__(self) -> None:
        self.sent: set[str] = set()

    def client(self, service: str) -> Any:
        client = Clients().client(service)
        prefix = PREFIXES.get(service, service)

        def note(model: Any, **_: Any) -> None:
            action = f"{prefix}:{model.name}"
            self.sent.add(ACTIONS.get(action, action))

        client.meta.events.register("before-call", note)
        return client


def role() -> dict[str, Any]:
    setting = {**{name: one[0] for name, one in LEVERS.items()}, "github": GITHUB}
    made = render(parse(load_template("environment")), parameters(setting), "web-staging")
    return of_type(made, "IAM::Role")["LookRole"]


def granted() -> set[str]:
    (policy,) = role()["Policies"]
    found = set()
    for one in policy["PolicyDocument"]["Statement"]:
        actions = one["Action"]
        found |= {actions} if isinstance(actions, str) else set(actions)
    return found


def test_looking_asks_for_what_the_role_may_do_and_for_nothing_else() -> None:
    repository()
    serving(defined(f"r/web@{pushed('a', '1.0')}"))
    subnet = boto3.client("ec2", REGION).describe_subnets()["Subnets"][0]["SubnetId"]
    boto3.client("ecs", REGION).run_task(
        cluster="web-staging",
        taskDefinition="web-staging",
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}},
    )
    defined("r/web:2")
    groups("/web/old/web")
    gone("web-old", "first", "last", more=tags())
    elb, ec2 = boto3.client("elbv2", REGION), boto3.client("ec2", REGION)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    elb.create_target_group(Name="x", Protocol="HTTP", Port=80, VpcId=vpc, Tags=tags())
    boto3.client("s3", REGION).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    clients = Recording()
    here = OwnedResources(clients, config(), premises().now)
    resources_in_use(here)
    environments_with_rollouts(clients, BUCKET, "web")
    assert not scan_orphans(orphan_kinds(here, ResourcesInUse())).unseen
    read = {"s3:GetObject"}  # a rollout in the bucket: rollouts/ecs/history_store.py
    assert granted() == clients.sent | read


def test_it_changes_nothing() -> None:
    verbs = ("Describe", "List", "Get", "BatchGet")
    assert all(action.partition(":")[2].startswith(verbs) for action in granted())


def test_it_trusts_the_same_workflow_as_the_role_that_deploys() -> None:
    setting = {**{name: one[0] for name, one in LEVERS.items()}, "github": GITHUB}
    made = of_type(render(parse(load_template("environment")), parameters(setting)), "IAM::Role")
    trusts = [
        json.dumps(made[name]["AssumeRolePolicyDocument"]) for name in ("LookRole", "DeployRole")
    ]
    assert trusts[0] == trusts[1]
    assert role()["RoleName"] == AwsResourceNames("web", "staging").look_role
    assert HERE.number in trusts[0]


def test_boto3_knows_every_operation_that_is_granted() -> None:
    for action in granted() - {"s3:ListBucket"}:
        prefix, _, name = action.partition(":")
        service = {"elasticloadbalancing": "elbv2"}.get(prefix, prefix)
        assert hasattr(boto3.client(service, REGION), xform_name(name)), action
