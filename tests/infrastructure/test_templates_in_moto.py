"""What MiniStack does not know: scaling, budget and identity provider, against moto.

moto's CloudFormation leaves these types out without a word, so each is made by the service's own
call, with exactly the properties that the rendered template has; botocore's model checks them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from tests.infrastructure.levers import HERE, LEVERS, config, parameters
from tests.infrastructure.render import of_type, parse, render

from shipway.infrastructure.parameters import account_parameters, bootstrap_parameters
from shipway.infrastructure.template import load_template

SMALL = {name: positions[0] for name, positions in LEVERS.items()}
SERVICE = "service/web-staging/web"


@pytest.fixture
def region(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An account of moto's."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield HERE.region


def environment(**levers: Any) -> dict[str, Any]:
    setting = {**SMALL, "release": LEVERS["release"][1], **levers}
    return render(parse(load_template("environment")), parameters(setting))


def bootstrap(**aws: Any) -> dict[str, Any]:
    found = bootstrap_parameters(config(**aws), HERE)
    return render(parse(load_template("bootstrap")), found, "web-bootstrap")


def account(**aws: Any) -> dict[str, Any]:
    return render(parse(load_template("account")), account_parameters(config(**aws)), "web-account")


def serving(region: str) -> None:
    """Application Auto Scaling wants the service to be there."""
    ecs = boto3.client("ecs", region)
    ecs.create_cluster(clusterName="web-staging")
    ecs.register_task_definition(
        family="web", containerDefinitions=[{"name": "web", "image": "web", "memory": 128}]
    )
    ecs.create_service(
        cluster="web-staging", serviceName="web", taskDefinition="web", desiredCount=2
    )


def registered(region: str, template: dict[str, Any]) -> Any:
    """Register the scalable target as the template has it; its client."""
    serving(region)
    scaling = boto3.client("application-autoscaling", region)
    (target,) = of_type(template, "ApplicationAutoScaling::ScalableTarget").values()
    scaling.register_scalable_target(
        ServiceNamespace=target["ServiceNamespace"],
        ResourceId=SERVICE,
        ScalableDimension=target["ScalableDimension"],
        MinCapacity=int(target["MinCapacity"]),
        MaxCapacity=int(target["MaxCapacity"]),
    )
    for action in target.get("ScheduledActions", ()):
        scaling.put_scheduled_action(
            ServiceNamespace="ecs",
            ResourceId=SERVICE,
            ScalableDimension=target["ScalableDimension"],
            ScheduledActionName=action["ScheduledActionName"],
            Schedule=action["Schedule"],
            Timezone=action["Timezone"],
            ScalableTargetAction={
                key: int(value) for key, value in action["ScalableTargetAction"].items()
            },
        )
    return scaling


def test_tasks_are_scaled_to_keep_cpu_at_its_target(region: str) -> None:
    given = environment()
    scaling = registered(region, given)
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 4)
    (policy,) = of_type(given, "ApplicationAutoScaling::ScalingPolicy").values()
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    scaling.put_scaling_policy(
        PolicyName=policy["PolicyName"],
        PolicyType=policy["PolicyType"],
        ServiceNamespace="ecs",
        ResourceId=SERVICE,
        ScalableDimension="ecs:service:DesiredCount",
        TargetTrackingScalingPolicyConfiguration={
            **tracking,
            "TargetValue": float(tracking["TargetValue"]),
        },
    )
    (made,) = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert made["PolicyName"] == "web-staging-cpu"
    kept = made["TargetTrackingScalingPolicyConfiguration"]
    assert kept["TargetValue"] == 60.0
    assert kept["PredefinedMetricSpecification"] == {
        "PredefinedMetricType": "ECSServiceAverageCPUUtilization"
    }


def test_at_night_there_are_no_tasks_and_in_the_morning_there_are(region: str) -> None:
    scaling = registered(region, environment(schedule=LEVERS["schedule"][1]))
    actions = scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
    assert {one["ScheduledActionName"]: one["ScalableTargetAction"] for one in actions} == {
        "start": {"MinCapacity": 2, "MaxCapacity": 4},
        "stop": {"MinCapacity": 0, "MaxCapacity": 0},
    }
    assert {one["Timezone"] for one in actions} == {"Africa/Johannesburg"}


def test_the_budget_mails_at_eighty_percent_at_all_and_when_it_will_be(region: str) -> None:
    (given,) = of_type(account(budget=80.0, alerts="a@example.org"), "Budgets::Budget").values()
    budgets = boto3.client("budgets", region)
    budgets.create_budget(
        AccountId=HERE.number,
        Budget=given["Budget"],
        NotificationsWithSubscribers=given["NotificationsWithSubscribers"],
    )
    made = budgets.describe_budget(AccountId=HERE.number, BudgetName="web-account-monthly")
    assert made["Budget"]["BudgetLimit"] == {"Amount": "80", "Unit": "USD"}
    told = budgets.describe_notifications_for_budget(
        AccountId=HERE.number, BudgetName="web-account-monthly"
    )["Notifications"]
    assert sorted((one["NotificationType"], one["Threshold"]) for one in told) == [
        ("ACTUAL", 80.0),
        ("ACTUAL", 100.0),
        ("FORECASTED", 100.0),
    ]


def test_githubs_provider_is_made_for_sts_and_the_roles_name_it(region: str) -> None:
    (given,) = of_type(bootstrap(), "IAM::OIDCProvider").values()
    iam = boto3.client("iam", region)
    made = iam.create_open_id_connect_provider(
        Url=given["Url"], ClientIDList=given["ClientIdList"]
    )["OpenIDConnectProviderArn"]
    known = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=made)
    assert known["ClientIDList"] == ["sts.amazonaws.com"]
    (role,) = (
        one
        for one in of_type(environment(github=LEVERS["github"][1]), "IAM::Role").values()
        if one["RoleName"] == "web-staging-deploy"
    )
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Federated": made}


def test_the_repository_lets_environments_tags_move_and_keeps_what_they_name(region: str) -> None:
    (given,) = of_type(bootstrap(images=7), "ECR::Repository").values()
    ecr, prefix = boto3.client("ecr", region), "ImageTagMutabilityExclusionFilter"
    ecr.create_repository(
        repositoryName=given["RepositoryName"],
        imageTagMutability=given["ImageTagMutability"],
        imageTagMutabilityExclusionFilters=[
            {"filterType": one[f"{prefix}Type"], "filter": one[f"{prefix}Value"]}
            for one in given[f"{prefix}s"]
        ],
    )
    ecr.put_lifecycle_policy(
        repositoryName=given["RepositoryName"],
        lifecyclePolicyText=given["LifecyclePolicy"]["LifecyclePolicyText"],
    )
    (made,) = ecr.describe_repositories()["repositories"]
    assert made["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    moved = {one["filter"] for one in made["imageTagMutabilityExclusionFilters"]}
    assert moved == {"sha256-*", "hall", "staging"}
