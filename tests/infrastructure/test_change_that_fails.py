"""A change of a stack that fails leaves the release that runs, and its traffic, alone."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from tests.fakes.clock import VirtualClock
from tests.fakes.cloudformation import FakeAccountOfStacks
from tests.infrastructure.levers import HERE, config

from shipway.cli.infra import StackContext, apply_stack, plan_stack
from shipway.cli.terminal import Prompt
from shipway.config.aws import Infrastructure
from shipway.errors import Busy, ConfigError, StackFailed
from shipway.infrastructure.template import load_template

FIRST, SECOND = (
    f"arn:aws:ecs:eu-west-1:123456789012:task-definition/web-staging:{number}" for number in (7, 8)
)
SMALL = Infrastructure()
LARGE = replace(
    SMALL,
    insights="enabled",
    log_days=60,
    max_tasks=9,
    cpu_target=70.0,
    spot=50.0,
    host="w.example.org",
)


def context(account: FakeAccountOfStacks, levers: Infrastructure = SMALL) -> StackContext:
    return StackContext(
        config=config(levers),
        where="staging",
        clients=account,
        account=HERE,
        template=load_template("environment"),
        clock=VirtualClock(),
        person=Prompt(io.StringIO("staging\n")),
    )


def apply(account: FakeAccountOfStacks, levers: Infrastructure = SMALL) -> str:
    here = context(account, levers)
    apply_stack(here, yes=True, allow_destroy=False, json=False)
    return here.stack.status()


def deployed(account: FakeAccountOfStacks, definition: str) -> None:
    """A deploy has ended: the service has another task definition than the stack knows of."""
    account.service.update(taskDefinition=definition, desiredCount=3)
    account.deployed.clear()


def environment(*definitions: str) -> FakeAccountOfStacks:
    """An environment in which these were deployed, each applied afterwards but the last."""
    account = FakeAccountOfStacks()
    apply(account)
    for number, definition in enumerate(definitions):
        if number:
            apply(account)
        deployed(account, definition)
    return account


@pytest.mark.parametrize("definitions", [(FIRST,), (FIRST, SECOND)])
@pytest.mark.parametrize("resource", ["Logs", "Cluster", "Scaling", "ScalingByCpu"])
def test_wherever_it_fails_the_release_that_runs_stays_and_nothing_is_deployed(
    resource: str, definitions: tuple[str, ...]
) -> None:
    account = environment(*definitions)
    levers = replace(LARGE, host="")
    account.fails_on = resource
    with pytest.raises(StackFailed, match="as a test said"):
        apply(account, levers)
    assert account.service == {"taskDefinition": definitions[-1], "desiredCount": 3}
    assert account.deployed == []
    assert apply(account, levers) == "UPDATE_COMPLETE"
    assert account.service == {"taskDefinition": definitions[-1], "desiredCount": 3}
    assert account.deployed == []


def test_applying_again_learns_the_release_and_deploys_nothing() -> None:
    account = environment(FIRST)
    assert apply(account) == "UPDATE_COMPLETE"
    assert context(account).stack.parameters()["LiveTaskDefinition"] == FIRST
    assert account.deployed == []
    assert "Scaling" in account.stacks["web-staging"].resources


def test_a_plan_says_all_of_it_and_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    account = environment(FIRST)
    plan_stack(context(account, replace(SMALL, log_days=60)), json=False)
    shown = capsys.readouterr().out
    assert "Logs" in shown and "Scaling" in shown
    assert context(account).stack.parameters()["LiveTaskDefinition"] == ""


def test_rules_are_not_written_while_green_serves_and_what_to_do_is_said() -> None:
    account = environment(FIRST)
    account.weights = (0, 100)
    with pytest.raises(ConfigError, match="TestRule and ProductionRule again") as e:
        apply(account, LARGE)
    assert "shipway deploy staging" in e.value.remedy
    assert context(account).stack.parameters()["LiveTaskDefinition"] == ""
    assert apply(account, replace(LARGE, host="")) == "UPDATE_COMPLETE"  # no rule is in it


@pytest.mark.parametrize("weights", [(0, 100), (90, 10), (100, 0)])
def test_nothing_is_applied_while_a_deployment_is_in_progress(weights: tuple[int, int]) -> None:
    account = environment(FIRST)
    account.weights = weights
    account.service["deployments"] = [{"rolloutState": "IN_PROGRESS"}]
    with pytest.raises(Busy, match="is not finished") as e:
        apply(account, LARGE)
    assert "shipway status staging" in e.value.remedy
    assert account.deployed == []


class Meanwhile(io.StringIO):
    """A person who answers late: another release has been deployed by then."""

    def __init__(self, account: FakeAccountOfStacks) -> None:
        super().__init__("y\n")
        self.account = account

    def isatty(self) -> bool:
        return True

    def readline(self, size: int | None = -1, /) -> str:
        deployed(self.account, SECOND)
        return super().readline(size)


def test_a_release_that_was_deployed_during_the_question_stays() -> None:
    account = environment(FIRST)
    here = replace(context(account, replace(SMALL, log_days=60)), person=Prompt(Meanwhile(account)))
    with pytest.raises(Busy, match="another release has begun to run"):
        apply_stack(here, yes=False, allow_destroy=False, json=False)
    assert account.service == {"taskDefinition": SECOND, "desiredCount": 3}
    assert account.deployed == []
