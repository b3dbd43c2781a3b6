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
from tests.fakes.denying_clients import NAMELESS, DenyingClients
from tests.fakes.recording_clients import RecordingClients
from tests.rollouts.ecs.environment import ACCOUNT, NAMES, Mixed, Standing
from tests.rollouts.ecs.fake_environment import Place, bad_errors
from tests.rollouts.ecs.fake_tasks import DEFINITION, OneTask

import shipway
from shipway.aws.clients import identify_account
from shipway.aws.errors import translate_aws_errors
from shipway.config.aws import Aws, Ecs
from shipway.config.schema import Environment
from shipway.errors import ShipwayError
from shipway.images.ecr import EcrRegistry
from shipway.infrastructure.iam_policy import (
    EVERYWHERE,
    EXCEPTIONS,
    REGISTRY,
    ApiOperation,
    PolicyScope,
    deploy_operations,
    deploy_policy,
    iam_actions,
    needed_actions,
)
from shipway.ports import Clients
from shipway.releases.release import Release
from shipway.rollouts.ecs.freeze_store import SsmFreezeStore
from shipway.rollouts.ecs.logs import LogTail
from shipway.rollouts.ecs.one_off_task import run_task, running_ecs_service
from shipway.rollouts.ecs.preflight.checklist import run_preflight
from shipway.rollouts.ecs.preview import deploy_preview
from shipway.rollouts.ecs.task_definition import render_task_definition

SECRET = ACCOUNT.arn("secretsmanager", "secret:web/production/KEY-AbCdEf")
PARAMETER = ACCOUNT.arn("ssm", "parameter/web/production/TOKEN")
EVERYTHING = Environment(
    platform="ecs",
    strategy="canary",
    ecs=Ecs(secrets={"KEY": f"{SECRET}:a::", "TOKEN": PARAMETER}, alarms=("web-5xx",)),
)
RENDERED = render_task_definition(
    EVERYTHING,
    NAMES,
    Release(
        application="web",
        version="1.2",
        commit="abc1234",
        digest="d" * 64,
        lock="",
        migrations=(),
        path="",
        python="",
        image="image@sha256:" + "d" * 64,
    ),
    None,
    account=ACCOUNT,
)
SCOPE = PolicyScope(ACCOUNT, NAMES, EVERYTHING, "releases", definition=RENDERED)
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


ASKED = {one for one in deploy_operations(SCOPE) if one.service != REGISTRY}
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


class Allowed:
    """A role that may do everything; calls: what was asked."""

    def __init__(self) -> None:
        self.calls: set[tuple[str, str]] = set()

    def clients(self, clients: Clients) -> Clients:
        return RecordingClients(clients, self.calls)

    def deploy(self, place: Place) -> list[str]:
        """Deploy there; what people are told."""
        self.limit(place)
        receipt = place.deploy()
        self.note(place)
        return [place.text, receipt.cause, receipt.remedy]

    def limit(self, place: Place) -> None:
        """From now on only what the role may."""

    def note(self, place: Place) -> None:
        """What was asked there."""
        self.calls |= {(service, operation) for service, operation, _ in place.account.asked}


class Lacking(Allowed):
    """A role that lacks one action."""

    def __init__(self, action: str, resource: str) -> None:
        super().__init__()
        self.action, self.resource = action, resource

    def clients(self, clients: Clients) -> Clients:
        return DenyingClients(clients, self.action, self.resource)

    def limit(self, place: Place) -> None:
        place.account.lacking = {self.action: self.resource}


def checks(role: Allowed, folder: Path) -> list[str]:
    standing = Standing(folder)
    standing.role("web-production-deploy", "ec2.amazonaws.com")
    subject = standing.subject()
    session = f"arn:aws:sts::{ACCOUNT.number}:assumed-role/web-production-deploy/run-1"
    clients = role.clients(standing.clients)
    account = replace(identify_account(clients, Aws()), caller=session)
    subject = replace(subject, clients=clients, account=account)
    problems = [*run_preflight(subject)]
    extra = standing.ecs.services[0]["loadBalancers"][0]["advancedConfiguration"]
    extra["testListenerRule"] = standing.listener
    problems += run_preflight(subject)
    return [f"{problem.description} {problem.remedy}" for problem in problems]


def holds(role: Allowed, folder: Path) -> list[str]:
    kept = SsmFreezeStore(role.clients(Mixed()), "web")
    kept.put_hold("production", "why")
    assert kept.hold("production") == "why"
    kept.release_hold("production")
    return []


def lines(role: Allowed, folder: Path) -> list[str]:
    mixed = Mixed()
    mixed.client("logs").create_log_group(logGroupName="/web")
    return list(LogTail(role.clients(mixed), "/web").since(0))


def tasks(role: Allowed, folder: Path) -> list[str]:
    shown: list[str] = []
    for stops in (20.0, 1e9):
        task = OneTask(VirtualClock(), stops=stops, lines=[(6, "one")])
        clients = role.clients(task)
        service = running_ecs_service(clients, Environment(), NAMES)
        result = run_task(clients, task.clock, service, DEFINITION, "web", ["true"], shown.append)
        shown += [result.reason, result.remedy]
    return shown


def previews(role: Allowed, folder: Path) -> list[str]:
    clients = role.clients(OneTask(VirtualClock()))
    release = Standing(folder).release
    deploy_preview(clients, Environment(), NAMES, release, None, account=ACCOUNT, health=None)
    return []


def good_rollout(role: Allowed, folder: Path) -> list[str]:
    return role.deploy(Place(folder))


def way_back(role: Allowed, folder: Path) -> list[str]:
    place = Place(folder)
    place.deploy()
    role.limit(place)
    receipt = place.platform().rollback("", place.listener)
    role.note(place)
    return [place.text, receipt.cause, receipt.remedy]


def bad_rollout(role: Allowed, folder: Path) -> list[str]:
    """One that the judge answers at a pause."""
    place = Place(folder)
    bad_errors(place)
    return role.deploy(place)


def crashing_rollout(role: Allowed, folder: Path) -> list[str]:
    """One that is stopped while it goes on."""
    place = Place(folder, "blue-green")
    place.ecs.scenario = replace(
        place.ecs.scenario, stop_reason="Essential container in task exited", exit_code=3
    )
    return role.deploy(place)


def publishes(role: Allowed, folder: Path) -> list[str]:
    mixed = Mixed()
    mixed.own["ecr"] = Scanned(mixed.real.client("ecr"))
    ecr = EcrRegistry(role.clients(mixed), VirtualClock())
    assert ecr.ensure("web", ["production"], 5)[2]
    ecr.credentials()
    ecr.scanned("web", "sha256:" + "a" * 64, 10.0, lambda: False)
    return []


class Scanned:
    """ECR with a scan that has ended."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def describe_image_scan_findings(self, **_: Any) -> dict[str, Any]:
        return {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {"findings": []}}


Act = Callable[[Allowed, Path], list[str]]
OBSERVED: tuple[Act, ...] = (
    checks,
    holds,
    lines,
    tasks,
    previews,
    good_rollout,
    way_back,
    bad_rollout,
    crashing_rollout,
    publishes,
)


@pytest.fixture(scope="module")
def acts(tmp_path_factory: pytest.TempPathFactory) -> dict[Act, set[ApiOperation]]:
    """What each act asks of AWS, done once by a role that may do everything."""
    asked = {}
    for act in OBSERVED:
        role = Allowed()
        with mock_aws():
            shown = act(role, tmp_path_factory.mktemp(act.__name__))
        assert "not authorized" not in " ".join(shown)
        asked[act] = of_sdk(role.calls)
    return asked


@pytest.fixture(scope="module")
def observed(acts: dict[Act, set[ApiOperation]]) -> set[ApiOperation]:
    """Every call that was made while everything was done once."""
    return set().union(*acts.values())


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


# -- one action less ----------------------------------------------------------------------

ACTIONS = sorted(
    {
        (action, call)
        for call in deploy_operations(SCOPE)
        if call.service != REGISTRY
        for action in iam_actions(call.service, call.name)
    }
)


@pytest.mark.parametrize(("action", "call"), ACTIONS, ids=lambda value: str(value))
def test_without_an_action_people_read_which_on_what_and_the_command_that_prints_the_policy(
    action: str, call: ApiOperation, acts: dict[Act, set[ApiOperation]], tmp_path: Path
) -> None:
    act = next(act for act, asked in acts.items() if call in asked)
    resource = on(action)["Resource"][0]
    with mock_aws():
        shown = " ".join(read(act, Lacking(action, resource), tmp_path))
    assert action in shown
    assert resource in shown or call.service in NAMELESS
    assert "shipway infra policy" in shown


def read(act: Act, role: Allowed, folder: Path) -> list[str]:
    """What people are told."""
    try:
        with translate_aws_errors():
            return act(role, folder)
    except ShipwayError as problem:
        return [problem.message, problem.remedy]


# -- the policy itself --------------------------------------------------------------------


def statements(settings: Environment = EVERYTHING) -> Iterator[dict[str, Any]]:
    definition = RENDERED if settings is EVERYTHING else {**RENDERED, "containerDefinitions": []}
    scope = PolicyScope(ACCOUNT, NAMES, settings, "releases", definition=definition)
    yield from deploy_policy(scope)["Statement"]


def allowed(settings: Environment = EVERYTHING) -> list[str]:
    return [action for one in statements(settings) for action in one["Action"]]


def on(action: str, settings: Environment = EVERYTHING) -> dict[str, Any]:
    (found,) = [one for one in statements(settings) if action in one["Action"]]
    return found


def test_the_policy_is_exactly_what_its_operations_need() -> None:
    assert sorted(allowed()) == list(needed_actions(deploy_operations(SCOPE)))
    assert len(allowed()) == len(set(allowed()))


def test_what_is_granted_on_everything_has_its_reason_and_nothing_else_is() -> None:
    wide = {action for one in statements() if one["Resource"] == ["*"] for action in one["Action"]}
    assert wide == EVERYWHERE.keys() & set(allowed())
    assert EVERYWHERE.keys() <= set(allowed())


def test_a_deployment_is_granted_together_with_its_service() -> None:
    service = ACCOUNT.arn("ecs", "service/web-production/web")
    for action, kind in (
        ("ecs:StopServiceDeployment", "service-deployment"),
        ("ecs:DescribeServiceDeployments", "service-deployment"),
        ("ecs:ContinueServiceDeployment", "service-deployment"),
        ("ecs:DescribeServiceRevisions", "service-revision"),
    ):
        assert on(action)["Resource"] == [
            service,
            ACCOUNT.arn("ecs", f"{kind}/web-production/web/*"),
        ]


def test_roles_and_secrets_are_those_of_the_task_definition_that_is_rendered() -> None:
    other = ACCOUNT.arn("secretsmanager", "secret:elsewhere/TOKEN-AbCdEf")
    definition: Any = {
        "executionRoleArn": ACCOUNT.role("team/starts"),
        "taskRoleArn": ACCOUNT.role("runs"),
        "containerDefinitions": [
            {"name": "web"},
            {"name": "proxy", "secrets": [{"name": "T", "valueFrom": f"{other}:key::"}]},
        ],
    }
    least = Environment(platform="ecs", strategy="canary")
    scope = PolicyScope(
        ACCOUNT, NAMES, least, "b", definition=definition, traffic_role=ACCOUNT.role("shifts")
    )
    rows = {tuple(row["Action"]): row["Resource"] for row in deploy_policy(scope)["Statement"]}
    assert rows["iam:PassRole",] == [
        ACCOUNT.role(name) for name in ("runs", "shifts", "team/starts")
    ]
    assert rows["secretsmanager:DescribeSecret",] == [other]


def test_where_nobody_could_look_the_environments_own_secrets_can_be_looked_for() -> None:
    scope = PolicyScope(ACCOUNT, NAMES, Environment(platform="ecs"), "b")
    rows = {tuple(row["Action"]): row["Resource"] for row in deploy_policy(scope)["Statement"]}
    assert rows["secretsmanager:DescribeSecret",] == [
        ACCOUNT.arn("secretsmanager", "secret:web/production/*")
    ]


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
