"""Asks AWS, in words where it refuses, and with new credentials where they have expired."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shipway.aws.errors import (
    POLICY_REMEDY,
    AwsApiError,
    error_code,
    is_access_denied,
    lacking_permission,
    to_shipway_error,
    unanswered,
)
from shipway.aws.retry import may_pass
from shipway.errors import CannotRun
from shipway.ports import AwsService, Clock, RenewableClients

RENEWALS = 3  # of credentials, before they are called gone
_EXPIRED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
}


class AwsUnreachable(CannotRun):
    """AWS cannot be asked any more: what happens there is not known."""

    exit_code = 4
    default_code = "aws-unreachable"


class RenewingClient:
    """Clients (ports.Clients) that renew credentials which have expired, and that raise
    AwsApiError, and AwsUnreachable where AWS cannot be asked.

    How often AWS is asked again is its clients' affair (aws/retry.py). random: gives numbers from
    0 to 1, so that not everybody comes back at once.
    """

    def __init__(
        self, clients: RenewableClients, clock: Clock, random: Callable[[], float]
    ) -> None:
        self._clients = clients
        self._clock = clock
        self._random = random
        self._answered = False

    @property
    def region(self) -> str:
        """Where it asks."""
        return self._clients.region

    def client(self, service: AwsService) -> Any:
        """The client of a service; it is made anew where credentials were renewed."""
        return _RenewingService(self, service)

    def perform(
        self, service: AwsService, operation: str, parameters: Mapping[str, object]
    ) -> object:
        """One operation, by boto3's names."""
        from botocore.exceptions import BotoCoreError, ClientError

        renewals = 0
        while True:
            try:
                answer: object = getattr(self._clients.client(service), operation)(**parameters)
                self._answered = True
                return answer
            except ClientError as error:
                self._answered = True
                problem: Exception = error
                code, text = (
                    error_code(error),
                    str(error.response.get("Error", {}).get("Message", "")),
                )
            except BotoCoreError as error:
                problem, code, text = error, type(error).__name__, str(error)
                if not self._answered and code == "NoCredentialsError":
                    raise to_shipway_error(error) from None  # there are none to be renewed
            if _signed_off(code):
                if renewals == RENEWALS:
                    raise _signed_out(text)
                renewals += 1
                self._clients.renew()
                self._clock.sleep(self.randomized(2.0 ** (renewals - 1)))
            elif may_pass(code):  # its clients have asked again for as long as that makes sense
                silence = unanswered(problem)
                raise AwsUnreachable(silence.message, silence.remedy)
            elif is_access_denied(problem):
                # Where a rollout goes on without it, nothing but the message is shown.
                raise AwsApiError(
                    f"AWS refused {_named(operation)} ({code}): {text} "
                    "(shipway infra policy ENV prints what the role needs)",
                    f"These credentials may not {lacking_permission(problem)}. {POLICY_REMEDY}",
                    code,
                )
            else:
                raise AwsApiError(
                    f"AWS refused {_named(operation)} ({code}): {text}",
                    "Correct what it names, and try again.",
                    code,
                )

    def randomized(self, seconds: float) -> float:
        """A wait of about so long: three quarters to five quarters of it."""
        return seconds * (0.75 + self._random() / 2)


class _RenewingService:
    """One service's client: every attribute is an operation."""

    def __init__(self, calls: RenewingClient, service: AwsService) -> None:
        self._calls = calls
        self._service = service

    def __getattr__(self, operation: str) -> Callable[..., object]:
        return lambda **parameters: self._calls.perform(self._service, operation, parameters)


def _named(operation: str) -> str:
    """As policies have it: DescribeServices."""
    return operation.title().replace("_", "")


def _signed_off(code: str) -> bool:
    """botocore has NoCredentialsError, TokenRetrievalError, SSOTokenLoadError and others."""
    own = code.endswith("Error") and ("Credential" in code or "Token" in code)
    return code in _EXPIRED or own


def _signed_out(text: str) -> AwsUnreachable:
    return AwsUnreachable(
        f"the AWS credentials do not work any more: {text}",
        "Sign in again (aws sso login, or the workflow's role).",
        code="aws-refused",
    )
