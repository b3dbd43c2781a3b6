"""What the templates say, before AWS sees them."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from tests.infrastructure.levers import HERE, LEVERS, config, pairwise, parameters
from tests.infrastructure.render import of_type, parse, render, strings

import shipway.infrastructure.template
from shipway.aws.names import TEST_HEADER, AwsResourceNames
from shipway.config.aws import Infrastructure
from shipway.infrastructure.account import ACCOUNT_REGION
from shipway.infrastructure.parameters import account_parameters, bootstrap_parameters
from shipway.infrastructure.stack_status import resource_name
from shipway.infrastructure.template import LIMIT, load_template, with_static_names

FOLDER = Path(shipway.infrastructure.template.__file__).parent / "templates"
KINDS = ("bootstrap", "account", "environment")
NAMES = AwsResourceNames("web", "staging")
TEXTS = {kind: load_template(kind) for kind in KINDS}
TEMPLATES = {kind: parse(text) for kind, text in TEXTS.items()}
SMALL = {name: positions[0] for name, positions in LEVERS.items()}


def rendered(**levers: Any) -> dict[str, Any]:
    return render(TEMPLATES["environment"], parameters({**SMALL, **levers}), NAMES.stack)


def bootstrap(**aws: Any) -> dict[str, Any]:
    found = bootstrap_parameters(config(**aws), HERE)
    return render(TEMPLATES["bootstrap"], found, NAMES.bootstrap_stack)


def watched(**aws: Any) -> dict[str, Any]:
    return render(TEMPLATES["account"], account_parameters(config(**aws)), NAMES.account_stack)


def on(lever: str) -> dict[str, Any]:
    return rendered(**{lever: LEVERS[lever][1]})


@pytest.mark.parametrize("kind", KINDS)
def test_it_fits_into_a_request(kind: str) -> None:
    assert len(TEXTS[kind].encode()) < LIMIT


def test_it_asks_for_exactly_what_it_is_given() -> None:
    assert set(TEMPLATES["environment"]["Parameters"]) == set(parameters(SMALL))
    assert set(TEMPLATES["account"]["Parameters"]) == set(account_parameters(config()))
    assert set(TEMPLATES["bootstrap"]["Parameters"]) == set(bootstrap_parameters(config(), HERE))


@pytest.mark.parametrize("kind", KINDS)
def test_every_resource_has_a_word_for_people(kind: str) -> None:
    for one in TEMPLATES[kind]["Resources"].values():
        assert resource_name(one["Type"]) != one["Type"].removeprefix("AWS::")


def test_every_lever_of_the_settings_is_tried() -> None:
    tried = set(LEVERS) | {
        "cidr",
        "min_tasks",
        "max_tasks",
        "cpu_target",
        "redis_node",
        "log_days",
        "insights",
    }
    assert {one.name for one in fields(Infrastructure)} <= tried


def test_the_settings_contain_every_pair() -> None:
    rows, names = pairwise(), list(LEVERS)
    assert len(rows) <= 12
    for at, a in enumerate(names):
        for b in names[at + 1 :]:
            met = {(LEVERS[a].index(row[a]), LEVERS[b].index(row[b])) for row in rows}
            assert len(met) == 4, (a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_only_comments_are_left_out_of_what_is_sent(kind: str) -> None:
    assert parse((FOLDER / f"{kind}.yml").read_text(encoding="utf-8")) == TEMPLATES[kind]


def test_names_are_those_that_the_rest_looks_for() -> None:
    found = rendered(github=LEVERS["github"][1])
    named = {
        "ECS::Cluster": ("ClusterName", {NAMES.cluster}),
        "ECS::Service": ("ServiceName", {NAMES.service}),
        "ElasticLoadBalancingV2::LoadBalancer": ("Name", {NAMES.load_balancer}),
        "ElasticLoadBalancingV2::TargetGroup": ("Name", {NAMES.blue, NAMES.green}),
        "Logs::LogGroup": ("LogGroupName", {NAMES.log_group}),
        "RDS::DBInstance": ("DBInstanceIdentifier", {NAMES.database}),
        "SecretsManager::Secret": (
            "Name",
            {NAMES.secret("SECRET_KEY"), NAMES.secret("PGPASSWORD")},
        ),
        "IAM::Role": (
            "RoleName",
            {
                NAMES.execution_role,
                NAMES.task_role,
                NAMES.traffic_role,
                NAMES.deploy_role,
                NAMES.database_role,
                NAMES.look_role,
                NAMES.monitor_role,
                NAMES.slack_role,
            },
        ),
    }
    for kind, (key, expected) in named.items():
        assert {one[key] for one in of_type(found, kind).values()} == expected, kind
    (images,) = of_type(bootstrap(), "ECR::Repository").values()
    (bucket,) = of_type(bootstrap(), "S3::Bucket").values()
    assert images["RepositoryName"] == NAMES.repository
    assert bucket["BucketName"] == NAMES.bucket(HERE.number, HERE.region)


SECRET = re.compile(r"password|secret|token|credential", re.IGNORECASE)


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_is_in_a_template_its_parameters_or_its_outputs(kind: str) -> None:
    """A secret is made by AWS (GenerateSecretString, ManageMasterUserPassword), or set later."""
    given = TEMPLATES[kind]
    assert not any("NoEcho" in one for one in given["Parameters"].values())
    assert {name for name in given["Parameters"] if SECRET.search(name)} <= {"SecretPrefix"}
    for one in given["Resources"].values():
        forbidden = {"MasterUserPassword", "AuthToken", "SecretString"} & set(
            one.get("Properties", ())
        )
        assert not forbidden, one
    for name, output in given["Outputs"].items():
        assert "resolve:" not in str(output), name
    assert "{{resolve:secretsmanager" not in TEXTS[kind]
    assert "{{resolve:ssm-secure" not in TEXTS[kind]


def test_data_is_protected_encrypted_and_out_of_reach() -> None:
    (database,) = of_type(rendered(), "RDS::DBInstance").values()
    assert database["StorageEncrypted"] is True
    assert database["PubliclyAccessible"] is False
    assert database["DeletionProtection"] == "true"
    assert database["ManageMasterUserPassword"] is True
    (settings,) = of_type(rendered(), "RDS::DBParameterGroup").values()
    assert settings["Parameters"]["rds.force_ssl"] == "1"
    (redis,) = of_type(on("redis"), "ElastiCache::ReplicationGroup").values()
    assert redis["TransitEncryptionEnabled"] and redis["AtRestEncryptionEnabled"]
    (bucket,) = of_type(bootstrap(), "S3::Bucket").values()
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    (images,) = of_type(bootstrap(), "ECR::Repository").values()
    assert images["ImageScanningConfiguration"] == {"ScanOnPush": True}


def test_a_tag_moves_only_where_it_is_an_environments_or_a_list_of_referrers() -> None:
    (images,) = of_type(bootstrap(), "ECR::Repository").values()
    assert images["ImageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    filters = images["ImageTagMutabilityExclusionFilters"]
    assert {one["ImageTagMutabilityExclusionFilterType"] for one in filters} == {"WILDCARD"}
    found = [one["ImageTagMutabilityExclusionFilterValue"] for one in filters]
    assert found == ["sha256-*", "hall", "staging"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_made_again_is_never_simply_deleted(kind: str) -> None:
    held = (
        "RDS::DBInstance",
        "ElastiCache::ReplicationGroup",
        "S3::Bucket",
        "ECR::Repository",
        "Logs::LogGroup",
    )
    for name, one in TEMPLATES[kind]["Resources"].items():
        if one["Type"].removeprefix("AWS::") in held:
            assert one["DeletionPolicy"] in ("Snapshot", "RetainExceptOnCreate"), name
            assert one["UpdateReplacePolicy"] == one["DeletionPolicy"].removesuffix(
                "ExceptOnCreate"
            ), name


def test_only_the_neighbour_is_admitted() -> None:
    groups = of_type(on("redis"), "EC2::SecurityGroup")
    open_to_all = [
        (name, rule["FromPort"])
        for name, group in groups.items()
        for rule in group["SecurityGroupIngress"]
        if "CidrIp" in rule
    ]
    assert open_to_all == [("BalancerGroup", 80)]
    sources = {
        name: rule["SourceSecurityGroupId"]["Fn::GetAtt"][0]
        for name, group in groups.items()
        for rule in group["SecurityGroupIngress"]
        if "SourceSecurityGroupId" in rule
    }
    assert sources == {
        "TaskGroup": "BalancerGroup",
        "DatabaseGroup": "TaskGroup",
        "RedisGroup": "TaskGroup",
    }
    assert all("SecurityGroupEgress" in group for group in groups.values())


def test_data_subnets_have_no_way_out() -> None:
    routes = of_type(on("nat"), "EC2::Route").values()
    with_a_way = {one["RouteTableId"]["Ref"] for one in routes}
    assert with_a_way == {"PublicRoutes", "PrivateRoutesA", "PrivateRoutesB"}
    assert of_type(rendered(), "EC2::NatGateway") == {}


def test_each_lever_adds_what_it_says() -> None:
    small = set(rendered()["Resources"])

    def added(**levers: Any) -> set[str]:
        return {
            one["Type"].removeprefix("AWS::")
            for name, one in rendered(**levers)["Resources"].items()
            if name not in small
        }

    assert added(nat=True) == {
        "EC2::EIP",
        "EC2::NatGateway",
        "EC2::Route",
        "EC2::RouteTable",
        "EC2::Subnet",
        "EC2::SubnetRouteTableAssociation",
    }
    assert len(of_type(on("nat"), "EC2::NatGateway")) == 1
    assert len(of_type(rendered(nat=True, multi_az=True), "EC2::NatGateway")) == 2
    assert added(redis=True) == {
        "EC2::SecurityGroup",
        "EC2::SecurityGroupEgress",
        "ElastiCache::ReplicationGroup",
        "ElastiCache::SubnetGroup",
    }
    assert added(certificate=LEVERS["certificate"][1]) == {"ElasticLoadBalancingV2::Listener"}
    assert added(github=LEVERS["github"][1]) == {"IAM::Role"}
    assert added(release=LEVERS["release"][1]) == {
        "ApplicationAutoScaling::ScalableTarget",
        "ApplicationAutoScaling::ScalingPolicy",
    }


def test_who_shares_has_no_network_load_balancer_and_database_of_its_own() -> None:
    found = on("shares")
    for kind in (
        "EC2::VPC",
        "EC2::Subnet",
        "ElasticLoadBalancingV2::LoadBalancer",
        "ElasticLoadBalancingV2::Listener",
        "RDS::DBInstance",
    ):
        assert of_type(found, kind) == {}, kind
    imported = {text for text in strings(found["Resources"]) if text.startswith("web-hall-")}
    exported = {
        one["Export"]["Name"].replace("web-staging-", "web-hall-")
        for one in rendered()["Outputs"].values()
        if "Export" in one
    }
    assert imported and imported <= exported


def test_production_and_test_rules_lead_to_both_groups() -> None:
    rules = of_type(rendered(), "ElasticLoadBalancingV2::ListenerRule")
    for rule in rules.values():
        (action,) = rule["Actions"]
        groups = action["ForwardConfig"]["TargetGroups"]
        assert [(one["TargetGroupArn"]["Ref"], one["Weight"]) for one in groups] == [
            ("Blue", 100),
            ("Green", 0),
        ]
    assert int(rules["TestRule"]["Priority"]) < int(rules["ProductionRule"]["Priority"])
    header = rules["TestRule"]["Conditions"][0]["HttpHeaderConfig"]
    assert header["HttpHeaderName"] == TEST_HEADER
    (service,) = of_type(rendered(), "ECS::Service").values()
    (balancer,) = service["LoadBalancers"]
    assert balancer["TargetGroupArn"] == {"Ref": "Blue"}
    assert balancer["AdvancedConfiguration"] == {
        "AlternateTargetGroupArn": {"Ref": "Green"},
        "ProductionListenerRule": {"Ref": "ProductionRule"},
        "TestListenerRule": {"Ref": "TestRule"},
        "RoleArn": {"Fn::GetAtt": ["TrafficRole", "Arn"]},
    }
    (traffic,) = (
        one
        for one in of_type(rendered(), "IAM::Role").values()
        if one["RoleName"] == NAMES.traffic_role
    )
    assert str(traffic["ManagedPolicyArns"]).count("AmazonECSInfrastructureRolePolicyForLoad") == 1


def test_the_first_service_has_no_pauses_and_no_tasks_and_later_ones_keep_theirs() -> None:
    (first,) = of_type(rendered(), "ECS::Service").values()
    assert first["DeploymentConfiguration"]["LifecycleHooks"] == []  # else earlier ones stay
    assert (first["DesiredCount"], first["TaskDefinition"]) == (0, {"Ref": "FirstTask"})
    (later,) = of_type(on("release"), "ECS::Service").values()
    assert later["TaskDefinition"] == LEVERS["release"][1].task_definition
    assert "DesiredCount" not in later


def test_a_workflow_of_this_repository_and_environment_may_deploy_and_nobody_else() -> None:
    (role,) = (
        one
        for one in of_type(on("github"), "IAM::Role").values()
        if one["RoleName"] == NAMES.deploy_role
    )
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    host = "token.actions.githubusercontent.com"
    assert statement["Condition"] == {
        "StringEquals": {
            f"{host}:aud": "sts.amazonaws.com",
            f"{host}:sub": "repo:acme@42/web@4242:environment:staging",
            f"{host}:repository_id": "4242",
            f"{host}:environment": "staging",
        }
    }
    assert NAMES.deploy_role not in str(of_type(rendered(), "IAM::Role"))


# Actions of these services know no resources, or only by a condition on the cluster.
_EVERYWHERE = (
    "ecr:GetAuthorizationToken",
    "ecs:",
    "cloudwatch:",
    "elasticloadbalancing:Describe",
    "ec2:Describe",
)
# What the monitoring stack has of them, only through CloudFormation (monitoring/test_role.py).
_THROUGH_A_STACK = (
    "chatbot:CreateSlackChannelConfiguration",
    "chatbot:DescribeSlackChannelConfigurations",
    "logs:DeleteQueryDefinition",
    "logs:DeleteResourcePolicy",
    "logs:DescribeLogGroups",
    "logs:DescribeQueryDefinitions",
    "logs:DescribeResourcePolicies",
    "logs:PutQueryDefinition",
    "logs:PutResourcePolicy",
    "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
)
_TAGGED = ("kms:",)  # by the environment's tags


def test_no_role_may_do_everything_or_anything_everywhere() -> None:
    roles = of_type(on("github"), "IAM::Role").values()
    statements = [
        statement
        for role in roles
        for policy in role.get("Policies", ())
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    assert len(statements) > 10
    for one in statements:
        actions = [one["Action"]] if isinstance(one["Action"], str) else one["Action"]
        assert not any("*" in action for action in actions), one
        if one["Resource"] == "*":
            known = (*_EVERYWHERE, *_THROUGH_A_STACK, *(_TAGGED if "Tag/" in str(one) else ()))
            assert all(action.startswith(known) for action in actions), one


def test_development_is_off_at_night() -> None:
    scheduled = rendered(schedule=LEVERS["schedule"][1], release=LEVERS["release"][1])
    (target,) = of_type(scheduled, "ApplicationAutoScaling::ScalableTarget").values()
    start, stop = target["ScheduledActions"]
    assert (start["Schedule"], stop["Schedule"]) == (
        "cron(0 7 ? * MON-FRI *)",
        "cron(0 19 ? * MON-FRI *)",
    )
    assert stop["ScalableTargetAction"] == {"MinCapacity": 0, "MaxCapacity": 0}
    (always,) = of_type(on("release"), "ApplicationAutoScaling::ScalableTarget").values()
    assert "ScheduledActions" not in always


def test_the_budget_is_there_where_somebody_hears_of_it() -> None:
    assert of_type(watched(budget=80.0), "Budgets::Budget") == {}
    found = watched(budget=80.0, alerts="a@b.org")
    (budget,) = of_type(found, "Budgets::Budget").values()
    assert budget["Budget"]["BudgetLimit"] == {"Amount": "80", "Unit": "USD"}
    assert len(budget["NotificationsWithSubscribers"]) == 3
    assert of_type(found, "CE::AnomalySubscription")


def test_the_identity_provider_is_left_alone_where_there_is_one() -> None:
    assert of_type(bootstrap(), "IAM::OIDCProvider")
    assert of_type(bootstrap(github_provider=False), "IAM::OIDCProvider") == {}


def test_every_region_that_has_ecs_has_all_that_the_stacks_are_made_of() -> None:
    """By cfn-lint's own tables: budgets, for one, are not in each of them."""
    # Not at the top: every worker that collects tests would import it, with a grammar of URIs.
    from cfnlint.helpers import REGIONS
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    kinds = {
        one["Type"]
        for kind in ("bootstrap", "environment")
        for one in TEMPLATES[kind]["Resources"].values()
    }
    regions = {
        region: set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region)) for region in REGIONS
    }
    with_ecs = {region: known for region, known in regions.items() if "AWS::ECS::Service" in known}
    assert len(with_ecs) > 30
    assert {region: kinds - known for region, known in with_ecs.items() if kinds - known} == {}
    watching = {one["Type"] for one in TEMPLATES["account"]["Resources"].values()}
    assert watching <= regions[ACCOUNT_REGION]
    assert "AWS::Budgets::Budget" not in regions["af-south-1"]


def test_names_of_what_stays_are_written_out_and_nothing_else_changes() -> None:
    for kind, known in (
        ("bootstrap", bootstrap_parameters(config(), HERE)),
        ("environment", parameters(SMALL)),
    ):
        static = with_static_names(TEXTS[kind], known)
        assert render(parse(static), known) == render(TEMPLATES[kind], known)
        for one in parse(static)["Resources"].values():
            for key in ("RepositoryName", "BucketName", "LogGroupName"):
                if one.get("DeletionPolicy") == "RetainExceptOnCreate":
                    assert isinstance(one["Properties"].get(key, ""), str), one["Type"]
