"""An environment is written for a service that Shipway did not make, whatever people have."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from tests.fakes.aws_account import FakeAccount
from tests.fakes.clock import VirtualClock
from tests.fakes.http import ScriptedHttp
from tests.fakes.running_services import ACCOUNT, REGION, FakeRegion, ServiceSample
from tests.scaffold import ecs_services
from tests.scaffold.ecs_services import ALL, ECR, ROLE, container, definition, sample

from shipway.aws.errors import AwsApiError
from shipway.aws.names import Account, AwsResourceNames
from shipway.config.schema import Config
from shipway.config.validation import validate
from shipway.errors import ConfigError
from shipway.infrastructure.iam_policy import PolicyScope, deploy_policy
from shipway.pipeline.outcome import Verdict
from shipway.ports import Response
from shipway.releases.release import Release
from shipway.rollouts.ecs.platform import EcsPlatform
from shipway.rollouts.ecs.ports import TaskDefinitionOps
from shipway.rollouts.ecs.task_definition import READ_ONLY, render_task_definition
from shipway.rollouts.events import LineListener
from shipway.scaffold.from_ecs import EnvironmentProposal, propose_environment, read_service
from shipway.scaffold.generated_files import tables_text
from shipway.system.record import SqliteRecord

REQUEST = ServiceModel(Loader().load_service_model("ecs", "service-2")).shape_for(
    "RegisterTaskDefinitionRequest"
)
RELEASE = Release(
    application="shop",
    version="2.0",
    commit="3f2a91c",
    digest="d" * 64,
    lock="",
    migrations=(),
    path="/nowhere",
    python="python",
    image=f"{ECR}/shop/web@sha256:{'d' * 64}",
)


def proposed(service: ServiceSample, environment: str = "", **region: Any) -> EnvironmentProposal:
    return propose_environment(
        read_service(FakeRegion((service,), **region), service.reference), environment
    )


def said(proposal: EnvironmentProposal, level: str) -> str:
    return "\n".join(row.sentence for row in proposal.remarks if row.level == level)


def configured(proposal: EnvironmentProposal) -> Config:
    """The proposal as shipway.toml has it, read again and validated."""
    text = '[application]\nname = "shop"\n' + tables_text(proposal.settings())
    return validate(tomllib.loads(text), "shipway.toml")


@pytest.mark.parametrize("name", ALL)
def test_whatever_runs_what_is_written_is_valid_and_nothing_is_changed(name: str) -> None:
    service = ALL[name]()
    region = FakeRegion((service,))
    proposal = propose_environment(read_service(region, service.reference))
    environment = configured(proposal).environments[proposal.name]
    assert environment.platform == "ecs"
    assert (environment.ecs.cluster, environment.ecs.service) == tuple(service.reference.split("/"))
    assert {operation.partition("_")[0] for operation in region.asked} <= {"describe", "list"}
    assert said(proposal, "is")


def test_a_service_of_terraform_is_carried_on_as_it_is() -> None:
    proposal = proposed(ecs_services.terraform())
    config = configured(proposal)
    ecs = config.environments["production"].ecs
    assert (ecs.container, ecs.container_port, ecs.cpu, ecs.memory) == ("app", 8080, 512, 1024)
    assert ecs.task_role == f"{ROLE}/service-roles/shop-task"
    assert (ecs.log_group, ecs.stop_timeout) == ("/ecs/shop", 30)
    assert (config.image.registry, config.image.repository) == ("ecr", "shop/web")
    assert (config.aws.region, config.aws.account) == (REGION, ACCOUNT)
    assert "FARGATE_SPOT (weight 4), FARGATE (weight 1)" in said(proposal, "is")
    assert "autoscaling from 2 to 10 tasks" in said(proposal, "stays")
    assert "2 variables and 1 secret of the container" in said(proposal, "stays")
    assert "shop-5xx, shop-cpu" in said(proposal, "without")
    assert "TargetTracking" not in said(proposal, "without")
    assert said(proposal, "first") == ""


def test_a_password_by_value_is_named_and_its_value_is_not() -> None:
    proposal = proposed(ecs_services.terraform())
    assert "protection of DATABASE_URL" in said(proposal, "without")
    everything = tables_text(proposal.settings()) + repr(proposal.remarks)
    assert "open-sesame" not in everything and "LOG_LEVEL" not in everything


def test_a_service_of_cdk_keeps_its_percentages_alarms_and_architecture() -> None:
    proposal = proposed(ecs_services.cdk())
    config = configured(proposal)
    environment = config.environments["production"]
    assert (environment.minimum_healthy, environment.batch) == (50, 4)
    assert environment.ecs.architecture == "arm64"
    assert environment.ecs.alarms == ("town-errors",)
    assert config.image.repository == ""
    assert "CDK's assets" in said(proposal, "first")


def test_a_service_of_copilot_is_the_container_behind_its_proxy() -> None:
    proposal = proposed(ecs_services.copilot())
    assert proposal.name == "test"
    ecs = configured(proposal).environments["test"].ecs
    assert (ecs.container, ecs.container_port) == ("api", 5000)
    assert "nginx, xray, firelens_log_router" in said(proposal, "stays")
    for kept in ("volumes", "Cloud Map", "Service Connect", "2 secrets"):
        assert kept in said(proposal, "stays")
    assert "host-header api.isles.example, path-pattern /*" in said(proposal, "is")
    assert "logs by awsfirelens" in said(proposal, "without")


@pytest.mark.parametrize(
    ("name", "controller"), [("code_deploy", "CODE_DEPLOY"), ("external", "EXTERNAL")]
)
def test_another_controller_is_named_as_what_has_to_change_first(
    name: str, controller: str
) -> None:
    proposal = proposed(ALL[name]())
    assert f"deployed by {controller}" in said(proposal, "first")
    assert "behind the application load balancer" in said(proposal, "is")
    assert proposal.tables[""]["strategy"] == "rolling"


def test_what_runs_on_instances_is_read_and_refused_in_words() -> None:
    proposal = proposed(ecs_services.ec2())
    assert proposal.name == "development"
    ecs = configured(proposal).environments["development"].ecs
    assert (ecs.cpu, ecs.memory, ecs.task_role) == (512, 1024, "none")
    first = said(proposal, "first")
    assert "Fargate only" in first and "no execution role" in first and "Docker Hub" in first


def test_what_can_shift_traffic_keeps_its_strategy() -> None:
    proposal = proposed(ecs_services.ready())
    environment = configured(proposal).environments["staging"]
    assert (environment.strategy, environment.canary_percent) == ("canary", 5.0)
    assert "1 lifecycle hook of the service" in said(proposal, "changes")


def test_what_the_judge_cannot_see_is_named() -> None:
    without = said(proposed(ecs_services.two_groups()), "without")
    assert "Network Load Balancer" in without and "1 of its 2 target groups" in without
    assert "no load balancer" in said(proposed(ecs_services.worker()), "first")


def test_what_may_not_be_read_is_named_and_the_rest_is_written() -> None:
    denied = frozenset(
        {
            "describe_target_groups",
            "describe_target_group_attributes",
            "describe_scalable_targets",
            "describe_alarms_for_metric",
        }
    )
    proposal = proposed(ecs_services.terraform(), denied=denied)
    without = said(proposal, "without")
    for what in ("the target groups", "autoscaling", "the alarms"):
        assert f"could not be read: {what}: AccessDenied" in without
    assert configured(proposal).environments["production"].ecs.service == "shop"


@pytest.mark.parametrize("operation", ["describe_services", "describe_task_definition"])
def test_without_the_service_itself_nothing_is_written(operation: str) -> None:
    with pytest.raises(AwsApiError, match="may not"):
        proposed(ecs_services.terraform(), denied=frozenset({operation}))


@pytest.mark.parametrize(
    ("reference", "message", "remedy"),
    [
        ("shop", "CLUSTER/SERVICE is wanted", "list-clusters"),
        ("/shop", "CLUSTER/SERVICE is wanted", "list-clusters"),
        ("a/b/c", "CLUSTER/SERVICE is wanted", "list-clusters"),
        ("nowhere/shop", "there is no cluster nowhere", "shop-cluster"),
        ("shop-cluster/web", "there is no service shop-cluster/web", "There are: shop."),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(
    reference: str, message: str, remedy: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read_service(FakeRegion((ecs_services.terraform(),)), reference)
    assert remedy in caught.value.remedy


def test_a_service_by_its_arn_is_the_same() -> None:
    service = ecs_services.terraform()
    region = FakeRegion((service,))
    for kind in ("service", "cluster"):
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:{kind}/shop-cluster/shop"
        assert read_service(region, arn) == read_service(region, service.reference)


def test_a_service_without_a_task_definition_or_an_application_is_refused() -> None:
    empty = ecs_services.external()
    del empty.service["taskSets"]
    with pytest.raises(ConfigError, match="no task definition"):
        proposed(empty)
    proxies = sample("main", "edge", definition("edge", container("nginx", "nginx:1", 80)))
    with pytest.raises(ConfigError, match="no container of an application"):
        proposed(proxies)


@pytest.mark.parametrize("name", ["a b", "../x", "-x", "x\n"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="no name of an environment"):
        proposed(ecs_services.terraform(), name)


def test_an_environment_can_be_named() -> None:
    proposal = proposed(ecs_services.terraform(), "eu.live")
    assert "eu.live" in configured(proposal).environments


@pytest.mark.parametrize(
    ("image", "registry", "repository"),
    [
        (f"{ECR}/a/b:1", "ecr", "a/b"),
        (f"{ECR}/a@sha256:{'a' * 64}", "ecr", "a"),
        (
            "999999999999.dkr.ecr.us-east-1.amazonaws.com/a:1",
            "999999999999.dkr.ecr.us-east-1.amazonaws.com",
            "a",
        ),
        ("ghcr.io/town/web", "ghcr.io", "town/web"),
        ("registry.example:5000/web:1.2", "registry.example:5000", "web"),
        ("town/web:1", "", ""),
        ("python", "", ""),
    ],
)
def test_where_the_image_is_published_is_read_from_its_name(
    image: str, registry: str, repository: str
) -> None:
    config = configured(proposed(sample("c", "s", definition("s", container("app", image, 80)))))
    assert (config.image.registry, config.image.repository) == (registry, repository)


def _rendered(service: ServiceSample) -> dict[str, Any]:
    """The task definition that `deploy` registers there."""
    proposal = proposed(service)
    settings = configured(proposal).environments[proposal.name]
    made = render_task_definition(
        settings,
        AwsResourceNames("shop", proposal.name),
        RELEASE,
        service.definition,
        account=Account(ACCOUNT, REGION),
    )
    report = ParamValidator().validate(made, REQUEST)
    assert not report.has_errors(), report.generate_report()
    return dict(made)


@pytest.mark.parametrize("name", sorted(ALL.keys() - {"ec2"}))
def test_a_release_changes_the_image_and_what_is_shipways_and_nothing_else(name: str) -> None:
    service = ALL[name]()
    made = _rendered(service)
    for key in ("family", "cpu", "memory", "networkMode", "executionRoleArn", "volumes"):
        assert made.get(key) == service.definition.get(key), key
    assert made.get("taskRoleArn", "") == service.definition["taskRoleArn"]
    own = proposed(service).tables["ecs"]["container"]
    for before, after in zip(
        service.definition["containerDefinitions"], made["containerDefinitions"], strict=True
    ):
        if before["name"] != own:
            assert after == before
            continue
        assert after["image"] == RELEASE.image
        for key in ("secrets", "mountPoints"):
            assert after.get(key, []) == sorted(
                before.get(key, []), key=lambda row: str(row.get("name", ""))
            )
        assert {row["name"]: row["value"] for row in before.get("environment", ())}.items() <= {
            row["name"]: row["value"] for row in after["environment"]
        }.items()
        if "logConfiguration" in before:
            assert after["logConfiguration"] == before["logConfiguration"]


def test_a_task_without_a_role_gets_none_and_the_policy_passes_none() -> None:
    service = ecs_services.ready()
    assert "taskRoleArn" not in _rendered(service)
    settings = configured(proposed(service)).environments["staging"]
    scope = PolicyScope(
        Account(ACCOUNT, REGION), AwsResourceNames("shop", "staging"), settings, "bucket"
    )
    passed = [
        row["Resource"]
        for row in deploy_policy(scope)["Statement"]
        if "iam:PassRole" in row["Action"]
    ]
    assert passed == [[f"{ROLE}/pay-execution", f"{ROLE}/shop-staging-traffic"]]


def test_deploy_works_there_without_a_stack_of_shipways(tmp_path: Path) -> None:
    service = ecs_services.terraform()
    config = configured(proposed(service))
    settings = replace(config.environments["production"], judged=False)
    config = replace(config, environments={"production": settings})
    clock = VirtualClock(1_700_000_000.0)
    account = FakeAccount(clock, service.cluster)
    account.ecs.name = service.service["serviceName"]
    account.ecs.arn = account.ecs.arn.rpartition("/")[0] + "/" + account.ecs.name
    account.ecs.serve(
        **{key: value for key, value in service.definition.items() if key not in READ_ONLY}
    )
    account.s3.missing = True  # nobody made a bucket

    def render(*given: Any) -> Any:
        return render_task_definition(*given, account=Account(ACCOUNT, REGION))

    said: list[str] = []
    report = EcsPlatform(
        config,
        "production",
        account,
        clock,
        ScriptedHttp(lambda url: Response(200, {}, b"")),
        SqliteRecord(str(tmp_path / "record.sqlite3")),
        TaskDefinitionOps(render, lambda *given: (), _no_task, lambda: 0.5),
    ).deploy(RELEASE, LineListener(said.append))
    assert report.verdict is Verdict.PASSED, said
    updates = [given for _, name, given in account.asked if name == "update_service"]
    assert {(row["cluster"], row["service"]) for row in updates} == {("shop-cluster", "shop")}
    current = account.ecs.definitions[account.ecs.revisions[account.ecs.current]["definition"]]
    assert [row["name"] for row in current["containerDefinitions"]] == ["app", "otel"]
    assert current["containerDefinitions"][0]["image"] == RELEASE.image


def _no_task(*given: Any) -> Any:
    raise AssertionError("nothing is to be migrated")
