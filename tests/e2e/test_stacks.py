"""Both stacks created, changed, drifted and destroyed, against MiniStack.

What MiniStack does not know is taken out of the template by tests/infrastructure/ministack.py
(UNKNOWN), and tests/infrastructure/ministack_proxy.py adds what its CloudFormation cannot answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.e2e.stacks import NAMES, apply, site
from tests.infrastructure.ministack import REGION, UNKNOWN, Here, tags_of
from tests.infrastructure.render import parse

from shipway.cli.infra import StackContext, destroy_stack, plan_stack
from shipway.errors import ConfigError, StackFailed
from shipway.infrastructure.template import load_template

pytestmark = pytest.mark.e2e


def test_what_ministack_does_not_know_is_really_in_the_templates() -> None:
    """A list that names more than it must would hide what could be tried."""
    types = {
        one["Type"]
        for kind in ("account", "bootstrap", "environment")
        for one in parse(load_template(kind))["Resources"].values()
    }
    assert set(UNKNOWN) <= types
    assert len(types - set(UNKNOWN)) == 24


def test_bootstrap_makes_a_private_repository_and_bucket(
    aws: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    here = site(aws, "bootstrap")
    apply(here)
    # MiniStack drops scan on push, the bucket's public access block, and which group a security
    # group admits: tests/infrastructure/test_template.py holds these.
    assert "created              image repository Images" in capsys.readouterr().out
    (images,) = aws.client("ecr").describe_repositories()["repositories"]
    assert images["repositoryName"] == NAMES.repository
    assert images["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    s3, bucket = aws.client("s3"), NAMES.bucket("000000000000", REGION)
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    (statement,) = policy["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    apply(here)
    assert "web-bootstrap is as configured" in capsys.readouterr().out


def test_a_plan_leaves_nothing_behind(aws: Here, capsys: pytest.CaptureFixture[str]) -> None:
    plan_stack(site(aws), json=False)
    assert "+ database Database is created" in capsys.readouterr().out
    assert site(aws).stack.status() == ""
    assert aws.client("rds").describe_db_instances()["DBInstances"] == []


def test_a_plan_says_what_a_month_costs_where_somebody_knows(
    aws: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    def estimate(kind: str, parameters: Mapping[str, str]) -> float:
        return 10.0 * int(parameters["MinTasks"]) if kind == "environment" else 1.0

    plan_stack(replace(site(aws), estimate=estimate), json=False)
    assert "a month costs about $20, $20 more than before" in capsys.readouterr().out
    apply(site(aws))
    capsys.readouterr()
    plan_stack(replace(site(aws, min_tasks=1), estimate=estimate), json=True)
    assert json.loads(capsys.readouterr().out)["cost"] == [20.0, 10.0]


def test_an_environment_is_created_and_is_what_the_template_says(aws: Here) -> None:
    here = site(aws)
    apply(here)
    ec2, balancing, ecs = aws.client("ec2"), aws.client("elbv2"), aws.client("ecs")
    zones = [
        one["AvailabilityZone"]
        for one in ec2.describe_subnets(
            Filters=[{"Name": "vpc-id", "Values": [here.stack.physical("Vpc")]}]
        )["Subnets"]
    ]
    assert (len(zones), len(set(zones))) == (4, 2)
    (group,) = ec2.describe_security_groups(GroupIds=[here.stack.physical("DatabaseGroup")])[
        "SecurityGroups"
    ]
    (admitted,) = group["IpPermissions"]
    assert (admitted["FromPort"], admitted["IpRanges"]) == (5432, [])
    groups = balancing.describe_target_groups()["TargetGroups"]
    assert {one["TargetGroupName"] for one in groups} == {NAMES.blue, NAMES.green}
    rules = balancing.describe_rules(ListenerArn=here.stack.physical("Listener"))["Rules"]
    fields = {one["Priority"]: {each["Field"] for each in one["Conditions"]} for one in rules}
    assert sorted(map(sorted, fields.values())) == [[], ["http-header"], ["path-pattern"]]
    (service,) = ecs.describe_services(cluster=NAMES.cluster, services=[NAMES.service])["services"]
    assert (service["status"], service["desiredCount"]) == ("ACTIVE", 0)
    (cluster,) = ecs.describe_clusters(clusters=[NAMES.cluster])["clusters"]
    assert set(cluster["capacityProviders"]) == {"FARGATE", "FARGATE_SPOT"}
    (database,) = aws.client("rds").describe_db_instances()["DBInstances"]
    assert database["DBInstanceIdentifier"] == NAMES.database
    assert (database["StorageEncrypted"], database["PubliclyAccessible"]) == (True, False)
    assert database["BackupRetentionPeriod"] == 7
    logs = aws.client("logs").describe_log_groups()["logGroups"]
    assert [(one["logGroupName"], one["retentionInDays"]) for one in logs] == [
        (NAMES.log_group, 30)
    ]
    key = aws.client("secretsmanager").get_secret_value(SecretId=NAMES.secret("SECRET_KEY"))
    assert len(key["SecretString"]) == 64
    trust = aws.client("iam").get_role(RoleName=NAMES.deploy_role)["Role"][
        "AssumeRolePolicyDocument"
    ]
    assert "repo:acme@42/web@4242:environment:staging" in json.dumps(trust)
    stack = aws.client("cloudformation").describe_stacks(StackName=NAMES.stack)["Stacks"][0]
    assert tags_of(stack["Tags"]) == {
        "application": "web",
        "environment": "staging",
        "owner": "civic",
        "cost-centre": "7",
        "managed-by": "shipway",
    }


def test_a_change_is_told_and_made_and_then_there_is_nothing_to_do(
    aws: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    apply(site(aws))
    capsys.readouterr()
    small = site(aws, insights="enabled")
    plan_stack(small, json=True)
    planned = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in planned["changes"]] == ["Cluster"]
    assert planned["losses"] == []
    apply(small)
    assert "changed              cluster Cluster" in capsys.readouterr().out
    (cluster,) = aws.client("ecs").describe_clusters(
        clusters=[NAMES.cluster], include=["SETTINGS"]
    )["clusters"]
    assert cluster["settings"] in (
        [{"name": "containerInsights", "value": "enabled"}],
        [{}],
    )
    apply(small)
    assert "web-staging is as configured" in capsys.readouterr().out


def test_a_database_that_may_be_replaced_needs_its_name_typed(aws: Here) -> None:
    """MiniStack says of every change that it may be a replacement: the guard believes it."""
    apply(site(aws))
    with pytest.raises(ConfigError, match="data would go") as caught:
        apply(site(aws, multi_az=True))
    assert "--allow-destroy" in caught.value.remedy
    with pytest.raises(ConfigError, match="not typed"):
        apply(site(aws, typed="production\n", multi_az=True), allow_destroy=True)
    (database,) = aws.client("rds").describe_db_instances()["DBInstances"]
    assert database["MultiAZ"] is False
    apply(site(aws, typed="staging\n", multi_az=True), allow_destroy=True)
    (database,) = aws.client("rds").describe_db_instances()["DBInstances"]
    assert database["MultiAZ"] is True


def test_the_release_that_runs_is_handed_on_and_its_rules_are_left_alone(
    aws: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    here = site(aws)
    apply(here)
    ecs = aws.client("ecs")
    image = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:" + "a" * 64
    running = ecs.register_task_definition(
        family=NAMES.family,
        networkMode="awsvpc",
        containerDefinitions=[{"name": "web", "image": image}],
    )["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(cluster=NAMES.cluster, service=NAMES.service, taskDefinition=running)
    found = here.live()
    assert (found.task_definition, found.image) == (running, image)
    assert found.at_rest is False  # MiniStack loses the weights: what is not known is not at rest
    capsys.readouterr()
    apply(here)
    assert f"what runs stays: {image}" in capsys.readouterr().out
    assert here.stack.parameters()["LiveTaskDefinition"] == running
    with pytest.raises(ConfigError, match="ProductionRule and TestRule again"):
        apply(site(aws, host="web.example.org"))


def test_what_somebody_changed_by_hand_is_told_and_put_right(
    aws: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    here = site(aws)
    apply(here)
    assert here.stack.drifts() == ()
    rds = aws.client("rds")
    rds.modify_db_instance(
        DBInstanceIdentifier=NAMES.database, BackupRetentionPeriod=1, ApplyImmediately=True
    )
    (database,) = rds.describe_db_instances()["DBInstances"]
    aws.differences.append(
        (
            "Database",
            "AWS::RDS::DBInstance",
            "/BackupRetentionPeriod",
            "7",
            str(database["BackupRetentionPeriod"]),
        )
    )
    aws.differences.append(
        (
            "ProductionRule",
            "AWS::ElasticLoadBalancingV2::ListenerRule",
            "/Actions/0/ForwardConfig/TargetGroups/0/Weight",
            "100",
            "0",
        )
    )
    (drift,) = here.stack.drifts()
    assert drift.differences == (("/BackupRetentionPeriod", "7", "1"),)


def test_destroying_takes_a_last_snapshot_and_needs_the_name(
    aws: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    apply(site(aws, "bootstrap"))
    apply(site(aws))
    with pytest.raises(ConfigError, match="with everything in it"):
        destroy_stack(site(aws), allow_destroy=False, json=False)
    with pytest.raises(ConfigError, match="not typed"):
        destroy_stack(site(aws, typed="stag\n"), allow_destroy=True, json=False)
    with pytest.raises(ConfigError, match="still environments: staging"):
        destroy_stack(site(aws, "bootstrap"), allow_destroy=True, json=False)
    capsys.readouterr()
    destroy_stack(site(aws, typed="staging\n"), allow_destroy=True, json=False)
    (snapshot,) = aws.client("rds").describe_db_snapshots()["DBSnapshots"]
    assert snapshot["DBSnapshotIdentifier"].startswith("web-staging-last-")
    assert snapshot["Status"] == "available"
    assert snapshot["DBSnapshotIdentifier"] in capsys.readouterr().out
    assert aws.client("rds").describe_db_instances()["DBInstances"] == []
    assert aws.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert site(aws).stack.status() == ""
    destroy_stack(site(aws), allow_destroy=True, json=False)
    assert "nothing to delete" in capsys.readouterr().out
    destroy_stack(site(aws, "bootstrap", "bootstrap\n"), allow_destroy=True, json=False)


def test_after_a_creation_that_failed_the_next_apply_begins_anew(aws: Here) -> None:
    """The whole template, which MiniStack cannot make: a failure that is none of ours."""
    here = site(aws)
    whole = StackContext(
        config=here.config,
        where="staging",
        clients=aws,
        account=here.account,
        template=load_template("environment"),
        every=0.05,
    )
    with pytest.raises(StackFailed) as caught:
        apply(whole)
    assert "Unsupported resource type" in caught.value.message
    assert caught.value.message.index("Unsupported") < caught.value.message.index("rollback")
    assert here.stack.status() == "ROLLBACK_COMPLETE"
    with pytest.raises(StackFailed, match="has to go first"):
        plan_stack(here, json=False)
    apply(here)
    assert here.stack.status() == "CREATE_COMPLETE"
