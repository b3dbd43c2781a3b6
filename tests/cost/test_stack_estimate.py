"""What is estimated is what the templates have: every lever, and every pair of levers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.infrastructure.levers import HERE, LEVERS, config, pairwise, parameters
from tests.infrastructure.render import of_type, parse, render

from shipway.aws.names import AwsResourceNames
from shipway.config.aws import AlarmSettings, Monitoring
from shipway.config.schema import Environment
from shipway.config.tables import Usage
from shipway.cost.estimate import (
    STACK_SECRETS,
    FargateTask,
    account_lines,
    environment_lines,
    monitoring_lines,
    running_hours,
)
from shipway.cost.line_items import HOURS, LineItem, PriceSheet
from shipway.cost.prices import PRICES
from shipway.infrastructure.parameters import bootstrap_parameters
from shipway.infrastructure.template import load_template
from shipway.monitoring.stack_template import MonitoredEnvironment
from shipway.monitoring.stack_template import monitoring_template as monitoring

TASK = FargateTask(0.5, 1.0)
SMALL = {name: positions[0] for name, positions in LEVERS.items()}
TEMPLATE = parse(load_template("environment"))
ONE_LEVER = [{**SMALL, name: positions[1]} for name, positions in LEVERS.items()]
SETTINGS = [SMALL, *ONE_LEVER, *pairwise()]


def estimated(given: Mapping[str, str], task: FargateTask = TASK) -> dict[str, LineItem]:
    lines = environment_lines(given, task, Usage(), PriceSheet(PRICES))
    return {line.what: line for line in lines}


def count(lines: Mapping[str, LineItem], what: str) -> float:
    return lines[what].count if what in lines else 0


def released(setting: Mapping[str, Any]) -> dict[str, str]:
    """The parameters once there is a release: scaling is in the template only then."""
    return parameters({**setting, "release": LEVERS["release"][1]})


@pytest.mark.parametrize("setting", SETTINGS)
def test_quantities_are_those_of_the_rendered_template(setting: dict[str, Any]) -> None:
    given = released(setting)
    made, lines = render(TEMPLATE, given), estimated(given)

    def there(kind: str) -> int:
        return len(of_type(made, kind))

    assert count(lines, "NAT gateway") == there("EC2::NatGateway")
    assert count(lines, "NAT gateway: address") == there("EC2::EIP")
    balancers = of_type(made, "ElasticLoadBalancingV2::LoadBalancer").values()
    assert count(lines, "load balancer") == len(balancers)
    subnets = sum(len(one["Subnets"]) for one in balancers)
    assert count(lines, "load balancer: addresses") == subnets
    own = there("SecretsManager::Secret")
    assert own == len(STACK_SECRETS)
    managed = [
        one for one in of_type(made, "RDS::DBInstance").values() if one["ManageMasterUserPassword"]
    ]
    assert count(lines, "secrets") == own + len(managed)
    assert there("Logs::LogGroup") == 1
    (group,) = of_type(made, "Logs::LogGroup").values()
    kept = lines["log: kept"].quantity / lines["log: written"].quantity
    assert kept == pytest.approx(float(group["RetentionInDays"]) / (365 / 12))


@pytest.mark.parametrize("setting", SETTINGS)
def test_tasks_are_as_many_as_scaling_keeps_and_lie_on_spot_by_their_weights(
    setting: dict[str, Any],
) -> None:
    given = released(setting)
    made, lines = render(TEMPLATE, given), estimated(given)
    (target,) = of_type(made, "ApplicationAutoScaling::ScalableTarget").values()
    (service,) = of_type(made, "ECS::Service").values()
    (first,) = [
        one
        for one in of_type(made, "ECS::TaskDefinition").values()
        if one["Family"].endswith("-first")
    ]
    tasks = int(target["MinCapacity"])
    arm = "arm-" if first["RuntimePlatform"]["CpuArchitecture"] == "ARM64" else ""
    spot = {"FARGATE": "", "FARGATE_SPOT": "spot-"}
    for one in service["CapacityProviderStrategy"]:
        way = spot[one["CapacityProvider"]]
        words = "tasks on Spot: vCPU" if way else "tasks: vCPU"
        assert lines[words].name == f"fargate-{arm}{way}vcpu"
        assert lines[words].count == pytest.approx(tasks * float(one["Weight"]) / 100 * TASK.vcpu)
    public = service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"]
    if isinstance(public, str):
        assert count(lines, "tasks: addresses") == (tasks if public == "ENABLED" else 0)
    actions = {one["ScheduledActionName"]: one for one in target.get("ScheduledActions", ())}
    hours = HOURS
    if actions:
        assert int(actions["stop"]["ScalableTargetAction"]["MinCapacity"]) == 0
        hours = running_hours(actions["start"]["Schedule"], actions["stop"]["Schedule"])
        assert hours < HOURS
    assert lines["tasks: vCPU"].each == pytest.approx(hours)


@pytest.mark.parametrize("setting", SETTINGS)
def test_database_and_redis_are_those_of_the_rendered_template(setting: dict[str, Any]) -> None:
    given = released(setting)
    made, lines = render(TEMPLATE, given), estimated(given)
    databases = list(of_type(made, "RDS::DBInstance").values())
    if databases:
        (database,) = databases
        copies = 2 if database["MultiAZ"] is True else 1
        assert lines["database"].name == f"rds-{database['DBInstanceClass']}"
        assert lines["database"].count == copies
        storage = int(database["AllocatedStorage"])
        assert lines["database: storage"].quantity == copies * storage
    else:
        assert "database" not in lines
    stores = list(of_type(made, "ElastiCache::ReplicationGroup").values())
    assert count(lines, "Redis") == sum(one["NumCacheClusters"] for one in stores)
    assert [line.name for what, line in lines.items() if what == "Redis"] == [
        f"redis-{one['CacheNodeType']}" for one in stores
    ]


def test_tasks_of_one_who_shares_have_addresses_as_its_host_says() -> None:
    given = released({**SMALL, "shares": "hall"})
    assert count(estimated(given, FargateTask(0.25, 0.5)), "tasks: addresses") == 2
    behind = estimated(given, FargateTask(0.25, 0.5, addressed=False))
    assert "tasks: addresses" not in behind


def test_container_insights_has_no_price_of_its_own() -> None:
    given = {**released(SMALL), "ContainerInsights": "enhanced"}
    assert estimated(given)["Container Insights"].price is None
    assert "Container Insights" not in estimated(released(SMALL))


@pytest.mark.parametrize(
    "settings",
    [
        Monitoring(),
        Monitoring(encrypted=False),
        Monitoring(least_traffic=10, dashboard=False),
        Monitoring(alarms={"latency-p99": AlarmSettings(off=True)}),
        Monitoring(always_on=False),
    ],
)
def test_alarms_are_those_of_the_monitoring_template(settings: Monitoring) -> None:
    names, environment = (
        AwsResourceNames("web", "staging"),
        Environment(platform="ecs", monitoring=settings),
    )
    made = {"Resources": monitoring(MonitoredEnvironment(names, environment))["Resources"]}
    lines = {one.what: one for one in monitoring_lines(names, environment, PriceSheet(PRICES))}
    alarms = of_type(made, "CloudWatch::Alarm").values()
    metrics = [
        sum("MetricStat" in part for part in one["Metrics"]) if "Metrics" in one else 1
        for one in alarms
    ]
    assert lines["alarms"].quantity == sum(metrics)
    composites = of_type(made, "CloudWatch::CompositeAlarm")
    assert lines["composite alarms"].quantity == len(composites)
    counted = of_type(made, "Logs::MetricFilter")
    assert lines["metrics from the log"].quantity == len(counted)
    assert count(lines, "key of the alarms' messages") == len(of_type(made, "KMS::Key"))


def test_images_are_as_many_as_the_account_keeps() -> None:
    given = bootstrap_parameters(config(images=12), HERE)
    made = render(parse(load_template("bootstrap")), given, "web-bootstrap")
    (repository,) = of_type(made, "ECR::Repository").values()
    assert '"countNumber":12' in repository["LifecyclePolicy"]["LifecyclePolicyText"]
    images, bucket = account_lines(given, Usage(image_mb=500), PriceSheet(PRICES))
    assert images.quantity == 6.0  # GB
    assert bucket.count == len(of_type(made, "S3::Bucket"))
