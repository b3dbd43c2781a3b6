"""A hold in SSM."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws
from tests.rollouts.ecs.environment import Mixed, Refusing

from shipway.aws.errors import AwsApiError
from shipway.rollouts.ecs.freeze_store import SsmFreezeStore


@pytest.fixture
def clients() -> Iterator[Mixed]:
    with mock_aws():
        yield Mixed()


def test_every_machine_sees_it_until_it_is_released(clients: Mixed) -> None:
    holds = SsmFreezeStore(clients, "web")
    assert holds.hold("production") == ""
    holds.put_hold("production", "why")
    holds.put_hold("production", "why now")
    assert SsmFreezeStore(clients, "web").hold("production") == "why now"
    assert holds.hold("staging") == ""
    holds.release_hold("production")
    assert holds.hold("production") == ""


def test_it_is_a_parameter_of_the_environment(clients: Mixed) -> None:
    SsmFreezeStore(clients, "web").put_hold("production", "why")
    (found,) = clients.client("ssm").describe_parameters()["Parameters"]
    assert (found["Name"], found["Type"]) == ("/web/production/hold", "String")


def test_releasing_what_is_not_held_is_fine(clients: Mixed) -> None:
    SsmFreezeStore(clients, "web").release_hold("production")


@pytest.mark.parametrize("call", ["hold", "release_hold"])
def test_who_may_not_ask_does_not_deploy(call: str, clients: Mixed) -> None:
    clients.own["ssm"] = Refusing(clients.client("ssm"))
    with pytest.raises(AwsApiError) as caught:
        getattr(SsmFreezeStore(clients, "web"), call)("production")
    assert "shipway infra policy" in caught.value.remedy
