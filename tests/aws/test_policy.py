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
from tests.platforms.ecs.environment import ACCOUNT, NAMES, Mixed, Standing
from tests.platforms.ecs.place import Place
from tests.platforms.ecs.tasks import DEFINITION, OneTask

import shipway
from shipway.aws.actions import EXCEPTIONS, REGISTRY, actions
from shipway.aws.operations import Operation, operations
from shipway.aws.policy import Scope, needed, policy
from shipway.core.config import Environment
from shipway.core.settings.aws import Aws, Ecs
from shipway.effects.account import identify
from shipway.effects.clock import VirtualClock
from shipway.effects.recording_clients import RecordingClients
from shipway.images.ecr import Ecr
from shipway.platforms.ecs.fake_cloudwatch import Traffic
from shipway.platforms.ecs.follow import LogGroup
from shipway.platforms.ecs.holds import SsmHolds
from shipway.platforms.ecs.oneoff import run_task, serving
from shipway.platforms.ecs.preflight import preflight
from shipway.platforms.ecs.preview import preview

SECRET = ACCOUNT.arn("secretsmanager", "secret:web/production/KEY-AbCdEf")
PARAMETER = ACCOUNT.arn("ssm", "parameter/web/production/TOKEN")
EVERYTHING = Environment(
    platform="ecs", strategy="canary",
    ecs=Ecs(secrets={"KEY": f"{SECRET}:a::", "TOKEN": PARAMETER}, alarms=("web-5xx",)),
)  # fmt: skip
ROOT = Path(shipway.__file__).parent
# Where a deploy's calls are made: what the policy is for.
SOURCES = (
    *sorted((ROOT / "platforms" / "ecs").rglob("*.py")), ROOT / "effects" / "account.py",
    ROOT / "images" / "ecr.py",
)  # fmt: skip


def model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"))


def operation_names(service: str) -> dict[str, str]:
    """boto3's name of each operation → the API's."""
    return {xform_name(name): name for name in model(service).operation_names}


ASKED = {one for one in operations(EVERYTHING) if one.service != REGISTRY}
SERVICES = {one.service for one in ASKED} | {service for service, _ in EXCEPTIONS} - {REGISTRY}
# What a push does where there is no repository yet. The bootstrap stack makes it, so that the
# deploying role need not be able to.
SET_UP = {Operation("ecr", "CreateRepository"), Operation("ecr", "PutLifecyclePolicy")}
NAMED = {service: operation_names(service) for service in SERVICES}


def of_sdk(calls: set[tuple[str, str]]) -> set[Operation]:
    """What was recorded, by the API's names. What is no operation (a paginator) is none."""
    return {
        Operation(service, NAMED[service][name])
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
    account = replace(identify(told, Aws()), caller=session)
    assert preflight(replace(subject, clients=told, account=account)) == ()
    extra = standing.ecs.services[0]["loadBalancers"][0]["advancedConfiguration"]
    extra["testListenerRule"] = standing.listener
    assert preflight(replace(subject, clients=told, account=account)) == ()


def holds(clients: RecordingClients, folder: Path) -> None:
    kept = SsmHolds(RecordingClients(Mixed(), clients.calls), "web")
    kept.put_hold("production", "why")
    assert kept.hold("production") == "why"
    kept.release_hold("production")


def lines(clients: RecordingClients, folder: Path) -> None:
    mixed = Mixed()
    mixed.client("logs").create_log_group(logGroupName="/web")
    assert list(LogGroup(RecordingClients(mixed, clients.calls), "/web").since(0)) == []


def tasks(clients: RecordingClients, folder: Path) -> None:
    for stops in (20.0, 1e9):
        task = OneTask(VirtualClock(), stops=stops, lines=[(6, "one")])
        told = RecordingClients(task, clients.calls)
        service = serving(told, Environment(), NAMES)
        run_task(told, task.clock, service, DEFINITION, "web", ["true"], lambda line: None)


def previews(clients: RecordingClients, folder: Path) -> None:
    task = OneTask(VirtualClock())
    told = RecordingClients(task, clients.calls)
    release = Standing(folder).release
    preview(told, Environment(), NAMES, release, None, account=ACCOUNT, health="")


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
    ecr = Ecr(RecordingClients(mixed, clients.calls), VirtualClock())
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
    checks, holds, lines, tasks, previews, rollouts, publishes,
)  # fmt: skip


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> set[Operation]:
    """Every call that was made while everything was done once."""
    clients = RecordingClients(Mixed())
    for number, act in enumerate(OBSERVED):
        with mock_aws():
            act(clients, tmp_path_factory.mktemp(f"part{number}"))
    return of_sdk(clients.calls)


def written() -> set[Operation]:
    """Every operation that the sources name, by an attribute or a word."""
    found: set[Operation] = set()
    for path in SOURCES:
        nodes = list(ast.walk(ast.parse(path.read_text())))
        words = {one.value for one in nodes if isinstance(one, ast.Constant)}
        names = {one.attr for one in nodes if isinstance(one, ast.Attribute)} | words
        for service in SERVICES & words:
            found |= {Operation(service, NAMED[service][n]) for n in NAMED[service].keys() & names}
    return found


def test_every_operation_of_the_policy_is_in_the_code_and_the_other_way_round() -> None:
    assert written() == ASKED | SET_UP


def test_every_operation_of_the_policy_is_observed_and_the_other_way_round(
    observed: set[Operation],
) -> None:
    assert observed == ASKED | SET_UP


# -- the policy itself --------------------------------------------------------------------


def statements(settings: Environment = EVERYTHING) -> Iterator[dict[str, Any]]:
    yield from policy(Scope(ACCOUNT, NAMES, settings, "releases"))["Statement"]


def allowed(settings: Environment = EVERYTHING) -> list[str]:
    return [action for one in statements(settings) for action in one["Action"]]


def on(action: str, settings: Environment = EVERYTHING) -> dict[str, Any]:
    (found,) = [one for one in statements(settings) if action in one["Action"]]
    return found


def test_the_policy_is_exactly_what_its_operations_need() -> None:
    assert sorted(allowed()) == list(needed(operations(EVERYTHING)))
    assert len(allowed()) == len(set(allowed()))


def test_nothing_is_allowed_by_a_pattern() -> None:
    assert not [action for action in allowed() if "*" in action]


def test_what_is_not_configured_is_not_allowed() -> None:
    least = Environment(platform="ecs", strategy="rolling")
    without = set(allowed()) - set(allowed(least))
    assert without == {
        "cloudwatch:DescribeAlarms", "ecs:ContinueServiceDeployment",
        "elasticloadbalancing:DescribeRules",
        "secretsmanager:DescribeSecret", "ssm:DescribeParameters",
    }  # fmt: skip
    assert ACCOUNT.role("web-production-traffic") not in on("iam:PassRole", least)["Resource"]


def test_another_registry_needs_nothing_of_ecr() -> None:
    elsewhere = Scope(ACCOUNT, NAMES, EVERYTHING, "releases", ecr=False)
    actions = [action for one in policy(elsewhere)["Statement"] for action in one["Action"]]
    assert not [action for action in actions if action.startswith("ecr:")]


def test_a_repository_of_another_name_is_the_one_that_counts() -> None:
    scope = Scope(ACCOUNT, NAMES, EVERYTHING, "releases", repository="shop")
    (found,) = [one for one in policy(scope)["Statement"] if "ecr:PutImage" in one["Action"]]
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
        "ecs-tasks.amazonaws.com", "ecs.amazonaws.com",
    ]  # fmt: skip


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
    text = json.dumps(policy(Scope(ACCOUNT, NAMES, EVERYTHING, "releases")), separators=(",", ":"))
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
    assert actions(service, operation) == wanted


@pytest.mark.parametrize(("service", "operation"), sorted(EXCEPTIONS))
def test_every_exception_is_about_an_operation_that_exists(service: str, operation: str) -> None:
    assert service == REGISTRY or operation in NAMED[service].values()
