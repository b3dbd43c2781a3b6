"""The policy is exactly what the code asks for, no more and no less."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel
from moto import mock_aws
from tests.fakes.clock import VirtualClock
from tests.fakes.cloudwatch import Traffic
from tests.fakes.recording_clients import RecordingClients
from tests.rollouts.ecs.environment import ACCOUNT, NAMES, Mixed, Standing
from tests.rollouts.ecs.fake_environment import Place
from tests.rollouts.ecs.fake_tasks import DEFINITION, OneTask

import shipway
from shipway.aws.clients import identify_account
from shipway.config.aws import Aws, Ecs
from shipway.config.schema import Environment
from shipway.images.ecr import EcrRegistry
from shipway.infrastructure.iam_policy import (
    EXCEPTIONS,
    REGISTRY,
    ApiOperation,
    PolicyScope,
    deploy_operations,
    deploy_policy,
    iam_actions,
    needed_actions,
)
from shipway.rollouts.ecs.freeze_store import SsmFreezeStore
from shipway.rollouts.ecs.logs import LogTail
from shipway.rollouts.ecs.one_off_task import run_task, running_ecs_service
from shipway.rollouts.ecs.preflight.checklist import run_preflight
from shipway.rollouts.ecs.preview import deploy_preview

SECRET = ACCOUNT.arn("secretsmanager", "secret:web/production/KEY-AbCdEf")
PARAMETER = ACCOUNT.arn("ssm", "parameter/web/production/TOKEN")
EVERYTHING = Environment(
    platform="ecs",
    strategy="canary",
    ecs=Ecs(secrets={"KEY": f"{SECRET}:a::", "TOKEN": PARAMETER}, alarms=("web-5xx",)),
)
ROOT = Path(shipway.__file__).parent
# Where a deploy's calls are made: what the policy is for.
SOURCES = (
    *sorted((ROOT / "rollouts" / "ecs").rglob("*.py")),
    ROOT / "aws" / "clients.py",
    ROOT / "images" / "ecr.py",
)


def model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"))


def operation_names(service: str) -> dict[str, str]:
    """boto3's name of each operation → the API's."""
    return {xform_name(name): name for name in model(service).operation_names}


ASKED = {one for one in deploy_operations(EVERYTHING) if one.service != REGISTRY}
SERVICES = {one.service for one in ASKED} | {service for service, _ in EXCEPTIONS} - {REGISTRY}
# What a push does where there is no repository yet. The bootstrap stack makes it, so that the
# deploying role need not be able to.
SET_UP = {ApiOperation("ecr", "CreateRepository"), ApiOperation("ecr", "PutLifecyclePolicy")}
# Whoever has the job's token may: the role's trust policy says so, and no policy of a caller.
BY_TRUST = {ApiOperation("sts", "AssumeRoleWithWebIdentity")}
NAMED = {service: operation_names(service) for service in SERVICES}


def of_sdk(calls: set[tuple[str, str]]) -> set[ApiOperation]:
    """What was recorded, by the API's names. What is no operation (a paginator) is none."""
    return {
        ApiOperation(service, NAMED[service][name])
        for service, name in calls
        if name in NAMED.get(service, {})
    }


# -- what the tests observe ---------------------------------------------------------------


def checks(clients: RecordingClients, folder: Path) -> None:
    standing = Standing(folder)
    standing.role("web-production-deploy", "ec2.amazonaws.com")
    subject = standing.subject()
    session = f"arn:aws:sts::{ACCOUNT.number}:assumed-role/web-production-deploy/run-1"
    told = RecordingClients(standing.clients, clients.calls)
    account = replace(identify_account(told, Aws()), caller=session)
    assert run_preflight(replace(subject, clients=told, account=account)) == ()
    extra = standing.ecs.services[0]["loadBalancers"][0]["advancedConfiguration"]
    extra["testListenerRule"] = standing.listener
    assert run_preflight(replace(subject, clients=told, account=account)) == ()


def holds(clients: RecordingClients, folder: Path) -> None:
    kept = SsmFreezeStore(RecordingClients(Mixed(), clients.calls), "web")
    kept.put_hold("production", "why")
    assert kept.hold("production") == "why"
    kept.release_hold("production")


def lines(clients: RecordingClients, folder: Path) -> None:
    mixed = Mixed()
    mixed.client("logs").create_log_group(logGroupName="/web")
    assert list(LogTail(RecordingClients(mixed, clients.calls), "/web").since(0)) == []


def tasks(clients: RecordingClients, folder: Path) -> None:
    for stops in (20.0, 1e9):
        task = OneTask(VirtualClock(), stops=stops, lines=[(6, "one")])
        told = RecordingClients(task, clients.calls)
        service = running_ecs_service(told, Environment(), NAMES)
        run_task(told, task.clock, service, DEFINITION, "web", ["true"], lambda line: None)


def previews(clients: RecordingClients, folder: Path) -> None:
    task = OneTask(VirtualClock())
    told = RecordingClients(task, clients.calls)
    release = Standing(folder).release
    deploy_preview(told, Environment(), NAMES, release, None, account=ACCOUNT, health="")


def rollouts(clients: RecordingClients, folder: Path) -> None:
    """A good one and the way back; one that is cancelled at a pause, one while it goes on."""
    for name, traffic in (
        ("good", Traffic()),
        ("bad", Traffic(errors={"2.0+3f2a91c.202020": 0.2})),
    ):
        place = Place(folder / name)
        place.cloudwatch.traffic = traffic
        place.deploy()
        if name == "good":
            place.platform().rollback("", place.listener)
        clients.calls |= {(service, operation) for service, operation, _ in place.account.asked}
    crashing = Place(folder / "crashing", "blue-green")
    crashing.ecs.scenario = replace(
        crashing.ecs.scenario, stop_reason="Essential container in task exited", exit_code=3
    )
    crashing.deploy()
    clients.calls |= {(service, operation) for service, operation, _ in crashing.account.asked}


def publishes(clients: RecordingClients, folder: Path) -> None:
    mixed = Mixed()
    mixed.own["ecr"] = Scanned(mixed.real.client("ecr"))
    ecr = EcrRegistry(RecordingClients(mixed, clients.calls), VirtualClock())
    assert ecr.ensure("web", ["production"], 5)[2]
    ecr.credentials()
    ecr.scanned("web", "sha256:" + "a" * 64, 10.0, lambda: False)


class Scanned:
    """ECR with a scan that has ended."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def describe_image_scan_findings(self, **_: Any) -> dict[str, Any]:
        return {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {"findings": []}}


OBSERVED: tuple[Callable[[RecordingClients, Path], None], ...] = (
    checks,
    holds,
    lines,
    tasks,
    previews,
    rollouts,
    publishes,
)


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> set[ApiOperation]:
    """Every call that was made while everything was done once."""
    clients = RecordingClients(Mixed())
    for number, act in enumerate(OBSERVED):
        with mock_aws():
            act(clients, tmp_path_factory.mktemp(f"part{number}"))
    return of_sdk(clients.calls)


def written() -> set[ApiOperation]:
    """Every operation that the sources name, by an attribute or a word."""
    found: set[ApiOperation] = set()
    for path in SOURCES:
        nodes = list(ast.walk(ast.parse(path.read_text())))
        words = {one.value for one in nodes if isinstance(one, ast.Constant)}
        names = {one.attr for one in nodes if isinstance(one, ast.Attribute)} | words
        for service in SERVICES & words:
            found |= {
                ApiOperation(service, NAMED[service][n]) for n in NAMED[service].keys() & names
            }
    return found


def test_every_operation_of_the_policy_is_in_the_code_and_the_other_way_round() -> None:
    assert written() == ASKED | SET_UP | BY_TRUST


def test_every_operation_of_the_policy_is_observed_and_the_other_way_round(
    observed: set[ApiOperation],
) -> None:
    assert observed == ASKED | SET_UP


# -- the policy itself --------------------------------------------------------------------


def statements(settings: Environment = EVERYTHING) -> Iterator[dict[str, Any]]:
    yield from deploy_policy(PolicyScope(ACCOUNT, NAMES, settings, "releases"))["Statement"]


def allowed(settings: Environment = EVERYTHING) -> list[str]:
    return [action for one in statements(settings) for action in one["Action"]]


def on(action: str, settings: Environment = EVERYTHING) -> dict[str, Any]:
    (found,) = [one for one in statements(settings) if action in one["Action"]]
    return found


def test_the_policy_is_exactly_what_its_operations_need() -> None:
    assert sorted(allowed()) == list(needed_actions(deploy_operations(EVERYTHING)))
    assert len(allowed()) == len(set(allowed()))


def test_nothing_is_allowed_by_a_pattern() -> None:
    assert not [action for action in allowed() if "*" in action]


def test_what_is_not_configured_is_not_allowed() -> None:
    least = Environment(platform="ecs", strategy="rolling")
    without = set(allowed()) - set(allowed(least))
    assert without == {
        "cloudwatch:DescribeAlarms",
        "ecs:ContinueServiceDeployment",
        "elasticloadbalancing:DescribeRules",
        "secretsmanager:DescribeSecret",
        "ssm:DescribeParameters",
    }
    assert ACCOUNT.role("web-production-traffic") not in on("iam:PassRole", least)["Resource"]


def test_another_registry_needs_nothing_of_ecr() -> None:
    elsewhere = PolicyScope(ACCOUNT, NAMES, EVERYTHING, "releases", ecr=False)
    actions = [action for one in deploy_policy(elsewhere)["Statement"] for action in one["Action"]]
    assert not [action for action in actions if action.startswith("ecr:")]


def test_a_repository_of_another_name_is_the_one_that_counts() -> None:
    scope = PolicyScope(ACCOUNT, NAMES, EVERYTHING, "releases", repository="shop")
    (found,) = [one for one in deploy_policy(scope)["Statement"] if "ecr:PutImage" in one["Action"]]
    assert found["Resource"] == [ACCOUNT.arn("ecr", "repository/shop")]


def test_no_secret_can_be_read() -> None:
    reads = {"secretsmanager:GetSecretValue", "ssm:GetParameters", "kms:Decrypt"}
    assert not reads & set(allowed())
    assert on("ssm:GetParameter")["Resource"] == [
        ACCOUNT.arn("ssm", "parameter/web/production/hold")
    ]


def test_a_secret_is_named_without_its_key() -> None:
    assert on("secretsmanager:DescribeSecret")["Resource"] == [SECRET]


def test_only_the_services_own_roles_can_be_passed_and_to_ecs_only() -> None:
    found = on("iam:PassRole")
    assert found["Resource"] == [
        ACCOUNT.role(f"web-production-{name}") for name in ("execution", "task", "traffic")
    ]
    assert found["Condition"]["StringEquals"]["iam:PassedToService"] == [
        "ecs-tasks.amazonaws.com",
        "ecs.amazonaws.com",
    ]


def test_another_environments_service_cannot_be_touched() -> None:
    assert on("ecs:UpdateService")["Resource"] == [ACCOUNT.arn("ecs", "service/web-production/web")]
    assert on("ecs:StopTask")["Resource"] == [ACCOUNT.arn("ecs", "task/web-production/*")]
    assert on("ecs:RunTask")["Condition"]["ArnEquals"]["ecs:cluster"] == ACCOUNT.arn(
        "ecs", "cluster/web-production"
    )


def test_whatever_changes_something_is_limited_to_this_environment() -> None:
    wide = {action for one in statements() if one["Resource"] == ["*"] for action in one["Action"]}
    changing = ("Put", "Delete", "Update", "Stop", "Run", "Pass", "Continue")
    names = {action.partition(":")[2] for action in wide}
    assert not [name for name in names if name.startswith(changing)]


def test_it_is_json_and_short_enough_for_iam() -> None:
    text = json.dumps(
        deploy_policy(PolicyScope(ACCOUNT, NAMES, EVERYTHING, "releases")), separators=(",", ":")
    )
    assert len(text) <= 6144  # characters of a managed policy: IAM User Guide, "quotas"


def test_statements_have_names_of_their_own() -> None:
    names = [one["Sid"] for one in statements()]
    assert len(names) == len(set(names))
    assert all(name.isalnum() for name in names)


@pytest.mark.parametrize(
    ("service", "operation", "wanted"),
    [
        ("ecs", "RunTask", ("ecs:RunTask", "iam:PassRole")),
        ("elbv2", "DescribeRules", ("elasticloadbalancing:DescribeRules",)),
        ("sts", "GetCallerIdentity", ()),
        ("s3", "ListObjectsV2", ("s3:ListBucket",)),
        ("logs", "FilterLogEvents", ("logs:FilterLogEvents",)),
    ],
)
def test_a_call_needs_the_action_of_its_name_with_few_exceptions(
    service: str, operation: str, wanted: tuple[str, ...]
) -> None:
    assert iam_actions(service, operation) == wanted


@pytest.mark.parametrize(("service", "operation"), sorted(EXCEPTIONS))
def test_every_exception_is_about_an_operation_that_exists(service: str, operation: str) -> None:
    assert service == REGISTRY or operation in NAMED[service].values()
