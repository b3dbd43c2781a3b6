"""Asking AWS again, where that helps."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from tests.fakes.clock import VirtualClock

from shipway.aws.client import AwsUnreachable, RenewingClient
from shipway.aws.errors import AwsApiError, to_shipway_error
from shipway.errors import CannotRun
from shipway.pipeline.outcome import Verdict


class Clients:
    """Answers with what is next in a list: an error is raised."""

    region = "eu-west-1"

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.renewed = 0

    def client(self, service: str) -> Clients:
        assert service == "ecs"
        return self

    def renew(self) -> None:
        self.renewed += 1

    def describe(self) -> Any:
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(found, Exception):
            raise found
        return found


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "words"}}, "Describe")


def ask(clients: Clients, clock: VirtualClock | None = None) -> Any:
    return RenewingClient(clients, clock or VirtualClock(), lambda: 0.5).client("ecs").describe()


CUT = EndpointConnectionError(endpoint_url="https://ecs")


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (error("ThrottlingException"), "AWS is busy: .*ThrottlingException"),
        (error("ServerException"), "AWS is busy: .*ServerException"),
        (CUT, "AWS does not answer: .*https://ecs"),
    ],
)
def test_what_its_clients_have_given_up_is_lost(problem: Exception, words: str) -> None:
    """They ask again (aws/retry.py): here it would be a second layer."""
    clock = VirtualClock()
    began = clock.now()
    with pytest.raises(AwsUnreachable, match=words) as caught:
        ask(Clients(problem, {"good": True}), clock)
    assert "health.aws.amazon.com" in caught.value.remedy
    assert clock.now() == began


def test_silence_of_aws_is_unknown_to_every_command() -> None:
    """status and rollback ask by RenewingClient, infra and cost by the clients themselves."""
    with pytest.raises(AwsUnreachable) as caught:
        ask(Clients(CUT, {"good": True}))
    direct = to_shipway_error(CUT)
    assert (caught.value.exit_code, direct.exit_code) == (4, 4)
    assert caught.value.exit_code == Verdict.UNKNOWN.exit_code(strict=True)
    assert (caught.value.code, direct.code) == ("aws-unreachable", "aws-unreachable")


def test_no_credentials_are_said_at_once() -> None:
    clients = Clients(NoCredentialsError())
    with pytest.raises(CannotRun, match="AWS: Unable to locate credentials") as caught:
        ask(clients)
    assert "aws configure" in caught.value.remedy
    assert clients.renewed == 0


@pytest.mark.parametrize("problem", [error("ExpiredTokenException"), NoCredentialsError()])
def test_credentials_are_looked_for_anew(problem: Exception) -> None:
    """Also where they are gone in the middle: whoever renews the file writes it anew."""
    clients = Clients({"good": False}, problem, {"good": True})
    ecs = RenewingClient(clients, VirtualClock(), lambda: 0.5).client("ecs")
    ecs.describe()
    assert ecs.describe() == {"good": True}
    assert clients.renewed == 1


def test_credentials_that_stay_expired_are_said() -> None:
    with pytest.raises(AwsUnreachable, match="credentials do not work any more") as caught:
        ask(Clients(error("ExpiredToken")))
    assert "Sign in again" in caught.value.remedy


def test_a_refusal_is_not_asked_again() -> None:
    with pytest.raises(AwsApiError, match=r"refused Describe \(AccessDeniedException\)") as caught:
        ask(Clients(error("AccessDeniedException"), {"good": True}))
    assert "shipway infra policy" in caught.value.remedy
    with pytest.raises(AwsApiError) as caught:
        ask(Clients(error("InvalidParameterException")))
    assert caught.value.aws_code == "InvalidParameterException"
