"""`infra plan` says what a month of the stack costs before and after. moto answers for AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

import boto3
import pytest
from moto import mock_aws
from tests.infrastructure.levers import HERE, config

from shipway.aws.clients import AwsClients
from shipway.cli.cost import stack_estimate
from shipway.cli.infra import StackContext
from shipway.config.aws import Infrastructure
from shipway.cost.estimate import make_estimator
from shipway.infrastructure.parameters import BOOTSTRAP, RunningService, environment_parameters
from shipway.infrastructure.template import load_template


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


def site(levers: Infrastructure, where: str = "staging") -> StackContext:
    given = config(levers)
    return StackContext(
        config=given,
        where=where,
        clients=AwsClients(given.aws),
        account=HERE,
        template=load_template("environment"),
        estimate=stack_estimate(given),
    )


def made(parameters: Mapping[str, str]) -> None:
    """A stack that was made with these parameters, whatever is in it."""
    body = {
        "Parameters": {name: {"Type": "String"} for name in parameters},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    }
    boto3.client("cloudformation", HERE.region).create_stack(
        StackName="web-staging",
        TemplateBody=json.dumps(body),
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ],
    )


def test_before_there_is_a_stack_it_costs_nothing() -> None:
    cost = site(Infrastructure()).cost(RunningService())
    assert cost is not None
    before, after = cost
    assert before == 0
    assert after == pytest.approx(66.75, abs=0.01)


def test_a_lever_that_is_turned_costs_the_difference() -> None:
    made(environment_parameters(config(Infrastructure()), "staging", HERE, RunningService()))
    cost = site(Infrastructure(nat=True)).cost(RunningService())
    assert cost is not None
    before, after = cost
    assert before == pytest.approx(66.75, abs=0.01)
    nat = 730 * (0.045 + 0.005) + 5 * 0.045  # the gateway, its address, what goes through it
    assert after - before == pytest.approx(nat - 2 * 730 * 0.005)  # and no addresses of tasks


def test_the_accounts_stack_costs_its_images_and_its_bucket() -> None:
    cost = site(Infrastructure(), BOOTSTRAP).cost(RunningService())
    assert cost is not None
    images, bucket = 30 * 0.1 * 0.10, 0.023
    assert cost == (0.0, pytest.approx(images + bucket))


def test_a_stack_costs_what_the_whole_does_but_for_what_watches_it() -> None:
    given = config(Infrastructure())
    kinds = stack_estimate(given)
    parameters = environment_parameters(given, "staging", HERE, RunningService())
    lines = make_estimator(given).environment("staging").lines
    watching = ("alarms", "composite alarms", "metrics from the log", "key of the alarms' messages")
    stack = sum(line.usd for line in lines if line.what not in watching)
    assert kinds("environment", parameters) == pytest.approx(stack)
    assert {line.what for line in lines} > set(watching)


def test_without_an_estimate_nothing_is_said() -> None:
    assert replace(site(Infrastructure()), estimate=None).cost(RunningService()) is None
