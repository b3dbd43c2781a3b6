"""A creation that failed, wherever it failed, is repeated by the same command; so is one after
everything was destroyed."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from tests.fakes.clock import VirtualClock
from tests.fakes.cloudformation import FakeAccountOfStacks
from tests.infrastructure.levers import GITHUB, HERE, LEVERS, config, parameters
from tests.infrastructure.render import parse, render

from shipway.cli.infra import StackContext, apply_stack, destroy_stack
from shipway.cli.terminal import Prompt
from shipway.errors import StackFailed
from shipway.infrastructure.parameters import account_parameters, bootstrap_parameters
from shipway.infrastructure.template import load_template

CONFIG = replace(
    config(github=GITHUB), aws=replace(config().aws, alerts="ops@example.org", budget=50.0)
)
KINDS = {"bootstrap": "bootstrap", "account": "account", "staging": "environment"}
SMALL = {name: positions[0] for name, positions in LEVERS.items()}
COUNTS = {
    "bootstrap": bootstrap_parameters(CONFIG, HERE),
    "account": account_parameters(CONFIG),
    "staging": parameters({**SMALL, "github": GITHUB}),
}
POINTS = [
    (where, number)
    for where, known in COUNTS.items()
    for number in range(len(render(parse(load_template(KINDS[where])), known)["Resources"]))
]


def context(account: FakeAccountOfStacks, where: str) -> StackContext:
    return StackContext(
        config=CONFIG,
        where=where,
        clients=account,
        account=HERE,
        template=load_template(KINDS[where]),
        clock=VirtualClock(),
        person=Prompt(io.StringIO(f"{where}\n" * 3)),
    )


def apply(account: FakeAccountOfStacks, where: str) -> str:
    here = context(account, where)
    apply_stack(here, yes=True, allow_destroy=False, json=False)
    return here.stack.status()


@pytest.mark.parametrize(("where", "number"), POINTS)
def test_a_creation_that_failed_at_any_resource_can_be_repeated(where: str, number: int) -> None:
    account = FakeAccountOfStacks()
    account.fails_at = number
    with pytest.raises(StackFailed, match="as a test said"):
        apply(account, where)
    assert apply(account, where) == "CREATE_COMPLETE"


@pytest.mark.parametrize("where", KINDS)
def test_after_destroying_it_can_be_made_again_with_what_it_left(where: str) -> None:
    account = FakeAccountOfStacks()
    apply(account, where)
    destroy_stack(context(account, where), allow_destroy=True, json=False)
    kept = set(account.existing)
    assert apply(account, where) == "CREATE_COMPLETE"
    assert kept <= account.existing
    if where == "bootstrap":
        assert ("AWS::ECR::Repository", "web") in kept


def test_a_creation_that_fails_does_not_take_along_what_was_there_before() -> None:
    account = FakeAccountOfStacks()
    apply(account, "bootstrap")
    destroy_stack(context(account, "bootstrap"), allow_destroy=True, json=False)
    kept = set(account.existing)
    account.fails_at = 2
    with pytest.raises(StackFailed):
        apply(account, "bootstrap")
    assert kept <= account.existing


def test_an_account_that_has_what_exists_once_is_used_as_it_is() -> None:
    account = FakeAccountOfStacks()
    account.monitors = ["LINKED_ACCOUNT", "SERVICE"]
    account.existing = {("AWS::IAM::OIDCProvider", "https://token.actions.githubusercontent.com")}
    assert apply(account, "account") == apply(account, "bootstrap") == "CREATE_COMPLETE"
    assert account.monitors == ["LINKED_ACCOUNT", "SERVICE"]
    rows = account.stacks["web-account"].pending["Parameters"]
    assert {"ParameterKey": "MonitorArn", "ParameterValue": "arn:monitor/1"} in rows


def test_a_monitor_of_this_stack_stays_this_stacks() -> None:
    account = FakeAccountOfStacks()
    apply(account, "account")
    assert (
        context(account, "account").parameters(context(account, "account").live())["MonitorArn"]
        == ""
    )


@pytest.mark.parametrize("known", [False, True])
def test_an_account_that_never_used_ecs_gets_its_first_cluster(known: bool) -> None:
    account = FakeAccountOfStacks()
    account.has_service_role = known
    assert apply(account, "staging") == "CREATE_COMPLETE"


def test_nobody_to_tell_of_cost_is_no_failure() -> None:
    account = FakeAccountOfStacks()
    here = replace(context(account, "account"), config=config())
    apply_stack(here, yes=True, allow_destroy=False, json=False)
    assert here.stack.status() == "CREATE_COMPLETE" and account.monitors == []
