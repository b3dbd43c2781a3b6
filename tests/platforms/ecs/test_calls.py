"""Asking AWS again, where that helps."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from shipway.effects.aws_errors import Refused
from shipway.effects.clock import VirtualClock
from shipway.platforms.ecs.calls import PATIENCE, Calls, Lost


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
    return Calls(clients, clock or VirtualClock(), lambda: 0.5)("ecs", "describe")


@pytest.mark.parametrize(
    "problem",
    [
        error("ThrottlingException"), error("ServerException"),
        EndpointConnectionError(endpoint_url="https://ecs"),
    ],
)  # fmt: skip
def test_what_may_pass_is_asked_again(problem: Exception) -> None:
    assert ask(Clients(problem, problem, {"good": True})) == {"good": True}


def test_the_waits_grow_and_end() -> None:
    clock = VirtualClock()
    began = clock.now()
    with pytest.raises(Lost, match=r"did not answer Describe for 600 s \(ThrottlingException\)"):
        ask(Clients(error("ThrottlingException")), clock)
    assert 0.8 * PATIENCE < clock.now() - began <= PATIENCE


@pytest.mark.parametrize("problem", [error("ExpiredTokenException"), NoCredentialsError()])
def test_credentials_are_looked_for_anew(problem: Exception) -> None:
    clients = Clients(problem, {"good": True})
    assert ask(clients) == {"good": True}
    assert clients.renewed == 1


def test_credentials_that_stay_expired_are_said() -> None:
    with pytest.raises(Lost, match="credentials do not work any more") as caught:
        ask(Clients(error("ExpiredToken")))
    assert "Sign in again" in caught.value.remedy


def test_a_refusal_is_not_asked_again() -> None:
    with pytest.raises(Refused, match=r"refused Describe \(AccessDeniedException\)") as caught:
        ask(Clients(error("AccessDeniedException"), {"good": True}))
    assert "shipway infra policy" in caught.value.remedy
    with pytest.raises(Refused) as caught:
        ask(Clients(error("InvalidParameterException")))
    assert caught.value.code == "InvalidParameterException"
