"""When AWS is asked again, and for how long: the one layer of retries, for every client."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict
from urllib.parse import urlsplit

from shipway.ports import Clock
from shipway.system.network import name_resolves
from shipway.system.retry import Backoff

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse
    from botocore.model import OperationModel
    from botocore.session import Session

_LOG = logging.getLogger(__name__)
_THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "PriorRequestNotComplete",
}
_FAILING = {
    "InternalError",
    "InternalFailure",
    "ServerException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "InternalServerError",
    "RequestTimeout",
    "RequestTimeoutException",
}
_STATUSES = {"429", "500", "502", "503", "504"}  # botocore's code where the body names none
_CUT = ("Connection", "Connect", "Timeout", "HTTPClient", "SSL", "Proxy")
_BEGAN: Final = "shipway_began"


# What botocore's events hand on, as far as it is read here.


class _Context(TypedDict, total=False):
    """Goes with a question through all of its attempts. shipway_began: when it began."""

    shipway_began: float


class _Request(TypedDict):
    context: _Context


class _Error(TypedDict, total=False):
    Code: str


class _Parsed(TypedDict, total=False):
    Error: _Error


@dataclass(frozen=True)
class Patience:
    """Seconds. first_answer: for a service that has answered nothing yet in this command: a person
    waits, and nothing has begun. later: for one question after that: a rollout that goes on
    survives minutes of throttling, or without a network. connect, read: for one attempt.
    first_pause, longest_pause: between attempts."""

    first_answer: float = 15.0
    later: float = 600.0
    connect: float = 3.0
    read: float = 8.0
    first_pause: float = 1.0
    longest_pause: float = 60.0


class Retries:
    """Decides for all clients of a command; botocore's own retries are off.

    random: gives numbers from 0 to 1, so that not everybody comes back at once. resolves: whether
    a host's name is looked up within so many seconds: botocore has no timeout for that.
    """

    def __init__(
        self,
        clock: Clock,
        random: Callable[[], float],
        patience: Patience | None = None,
        resolves: Callable[[str, float], bool] = name_resolves,
    ) -> None:
        self._clock = clock
        self._random = random
        self._resolves = resolves
        self._patience = patience or Patience()
        self._first_asked: dict[str, float] = {}
        self._answered: set[str] = set()
        self._resolved: set[str] = set()

    def asked(self, service: str) -> float:
        """A question begins; when that was."""
        now = self._clock.monotonic()
        self._first_asked.setdefault(service, now)
        return now

    def answered(self, service: str, code: str = "") -> None:
        """It has answered. code: of an error; a proxy's 502 is no answer of AWS."""
        if code not in _FAILING | _STATUSES:
            self._answered.add(service)

    def again(self, service: str, code: str, attempts: int, began: float) -> bool:
        """Whether to ask again, after a wait. attempts: how many there were."""
        if not may_pass(code):
            return False
        patience, now = self._patience, self._clock.monotonic()
        backoff = Backoff(patience.first_pause, patience.longest_pause)
        pause = backoff.pause(attempts, self._random())
        if service in self._answered:
            end = began + patience.later
        else:
            # An attempt that hangs to its end is over in time, too.
            attempt = patience.connect + patience.read
            end = self._first_asked.get(service, began) + patience.first_answer - attempt
        if now + pause > end:
            return False
        _LOG.info("AWS %s (%s) is asked again in %.1f s", service, code, pause)
        self._clock.sleep(pause)
        return True

    def join(self, session: Session) -> None:
        """Have all clients of a botocore session ask again by this, those that fetch credentials
        (STS, SSO) too. For clients that are made after it."""
        # botocore's stubs know no handler that names its arguments, or that answers.
        begins: Callable[..., Any] = self._before_call
        sends: Callable[..., Any] = self._before_send
        retries: Callable[..., Any] = self._needs_retry
        session.register("before-call", begins)
        session.register("before-send", sends)
        session.register("needs-retry", retries)

    def _before_call(self, model: OperationModel, context: _Context, **_: object) -> None:
        context[_BEGAN] = self.asked(model.service_model.service_name)

    def _before_send(self, request: Any, **_: Any) -> None:
        """Raises where nobody resolves the host's name in time. A proxy resolves it itself."""
        from botocore.exceptions import ConnectionError
        from botocore.utils import get_environ_proxies

        host = urlsplit(request.url).hostname or ""
        if host in self._resolved or get_environ_proxies(request.url):
            return
        limit = self._patience.connect
        if not self._resolves(host, limit):
            raise ConnectionError(error=OSError(f"nobody resolved the name {host} for {limit:g} s"))
        self._resolved.add(host)

    def _needs_retry(
        self,
        operation: OperationModel,
        response: tuple[AWSResponse, _Parsed] | None,
        attempts: int,
        caught_exception: Exception | None,
        request_dict: _Request,
        **_: object,
    ) -> float | None:
        """botocore's question: None, or after how many seconds. They have passed here, by the
        clock."""
        service = operation.service_model.service_name
        if response is not None:
            code = _code(*response)
            self.answered(service, code)
            outcome = code or str(response[0].status_code)
        else:
            outcome = code = type(caught_exception).__name__
        began = request_dict["context"].get(_BEGAN, self._clock.monotonic())
        _LOG.info(
            "AWS %s %s %s: %s, attempt %d, %.3f s",
            request_dict.get("method", "POST"),
            service,
            operation.name,
            outcome,
            attempts,
            self._clock.monotonic() - began,
        )
        return 0.0 if self.again(service, code, attempts, began) else None


def may_pass(code: str) -> bool:
    """Throttled, failing there, or never arrived (botocore's own names end in Error)."""
    cut_off = code.endswith("Error") and any(word in code for word in _CUT)
    return code in _THROTTLED | _FAILING | _STATUSES or cut_off


def _code(http: AWSResponse, parsed: _Parsed) -> str:
    """AWS's name of the error; the status where something on the way failed, "" for none."""
    if http.status_code < 300:
        return ""
    code = str(parsed.get("Error", {}).get("Code", ""))
    status = str(http.status_code)
    return status if status in _STATUSES and not may_pass(code) else code
