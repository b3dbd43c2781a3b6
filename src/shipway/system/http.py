"""HTTP requests to what Shipway started or watches."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from shipway.errors import Unreachable
from shipway.ports import Clock, Response
from shipway.system.retry import Attempts, call_within, retry_after

if TYPE_CHECKING:
    from ssl import SSLContext

    from httpx import Client


_LOG = logging.getLogger(__name__)
_GRACE = 1.0  # seconds: httpx knows more of what is overdue, all but the lookup of a name


class RealHttp:
    """Asks with httpx, which is imported at the first request: that takes 0.2 s.

    Every request has a client of its own: no connection is held to what is about to stop, and no
    cookie is kept. Certificates are read once: that takes 15 ms of CPU, which servers beside lack.

    Proxies named in the environment are not used: every address asked is the caller's own.
    """

    def get(
        self, url: str, *, timeout: float = 5.0, headers: Mapping[str, str] | None = None
    ) -> Response:
        """GET; a redirect is returned, not followed. Raises Unreachable.

        With a header `host`, TLS is spoken with that name, and its certificate is checked: so a
        server can be asked that its public name does not lead to, yet.
        `http+unix://PATH/…`, the path of a Unix socket percent-encoded, is asked there.
        """
        try:
            return call_within(timeout + _GRACE, lambda: self._get(url, timeout, headers or {}))
        except TimeoutError:
            raise _overdue(url, timeout) from None

    def _get(self, url: str, timeout: float, headers: Mapping[str, str]) -> Response:
        import httpx

        began = time.monotonic()
        end = began + timeout
        body = bytearray()
        socket_path, address = _socket_and_address(url)
        try:
            with (
                self._client(socket_path, timeout) as client,
                client.stream(
                    "GET", address, headers=dict(headers), extensions=_server_name(headers)
                ) as answer,
            ):
                for data in answer.iter_bytes():  # so that the thread ends, too
                    body += data
                    if time.monotonic() > end:
                        raise Unreachable(
                            f"{url} did not end within {timeout:g} s",
                            "Ask for something that ends.",
                            code="timed-out",
                        )
        except httpx.TimeoutException:
            raise _overdue(url, timeout) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            _LOG.debug("GET %s: %s", public_part(url), type(error).__name__)
            raise Unreachable(
                f"{url} does not answer: {error or type(error).__name__}",
                "Look at the log of what should answer there.",
            ) from error
        seconds = time.monotonic() - began
        _LOG.debug("GET %s: %d in %.3f s", public_part(url), answer.status_code, seconds)
        return Response(answer.status_code, dict(answer.headers), bytes(body))

    def _client(self, socket_path: str, timeout: float) -> Client:
        import httpx

        transport = httpx.HTTPTransport(uds=socket_path) if socket_path else None
        return httpx.Client(
            timeout=timeout, trust_env=False, verify=self._certificates, transport=transport
        )

    @cached_property
    def _certificates(self) -> SSLContext:
        import httpx

        return httpx.create_ssl_context(trust_env=False)


def _socket_and_address(url: str) -> tuple[str, str]:
    """The path of the socket where a URL is asked, empty for TCP; and the URL to ask for."""
    scheme, separator, rest = url.partition("://")
    if scheme != "http+unix":
        return "", url
    socket_path, _, path = rest.partition("/")
    return unquote(socket_path), f"http{separator}localhost/{path}"


def _server_name(headers: Mapping[str, str]) -> dict[str, str]:
    """httpx's extension for the name that TLS is spoken with, where a header says who is asked."""
    name = next((value for key, value in headers.items() if key.lower() == "host"), "")
    return {"sni_hostname": name.rpartition(":")[0] or name} if name else {}


def _overdue(url: str, seconds: float) -> Unreachable:
    return Unreachable(
        f"{url} did not answer for {seconds:g} s",
        "Look at the log of what should answer there.",
        code="timed-out",
    )


def public_part(url: str) -> str:
    """A URL for a log: without what may be secret, that is its query, fragment, user and
    password."""
    scheme, separator, rest = url.partition("://")
    rest = rest.partition("#")[0].partition("?")[0]
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


# What a registry's client needs of HTTP: requests whose body may be a file.


class RequestBody(Protocol):
    """A body that can be read more than once."""

    @property
    def size(self) -> int: ...

    def pieces(self) -> Iterator[bytes]:
        """Its bytes from the start, piece by piece."""
        ...


@dataclass(frozen=True)
class RegistryRequest:
    """One request. data: a small body; content: a large one instead."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes = b""
    content: RequestBody | None = None

    @property
    def size(self) -> int:
        """Bytes of the body, where it is not small."""
        return self.content.size if self.content is not None else 0

    @contextmanager
    def body(self) -> Iterator[Any]:
        """The body from its start."""
        yield self.content.pieces() if self.content is not None else self.data


@dataclass(frozen=True)
class RegistryResponse:
    """An answer. headers: names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class RegistryTransport(Protocol):
    """Asks; raises Unreachable when nobody answers, also after several tries."""

    def ask(self, request: RegistryRequest) -> RegistryResponse: ...


# HTTP with all its methods, for registries: tried again where trying again is safe.

_ATTEMPT, _CONNECT = 60.0, 10.0  # seconds without a byte, and until there is a connection
_SLOWEST = 128 << 10  # bytes of a body each second: what is slower has stopped
_AGAIN = (408, 429, 500, 502, 503, 504)  # what may be well in a moment
_CUT = 16 << 20  # bytes of an answer: a manifest has 4 MB at most (distribution-spec)


@dataclass
class HttpRegistryTransport:
    """Asks by httpx, which is imported at the first request.

    Proxies and certificates are those that the surroundings name (httpx: trust_env), but for
    this machine's own addresses. transport: what carries requests, for tests.

    A request and all its attempts end by one deadline. first_answer: seconds, of a host that has
    answered nothing yet: a person waits, and its name may be wrong. later: seconds after that. A
    large body has the time that it takes on top.
    """

    clock: Clock
    transport: Any = None
    jitter: Callable[[], float] = random.random
    first_answer: float = 15.0
    later: float = 120.0

    def __post_init__(self) -> None:
        self._clients: dict[bool, Any] = {}
        self._answered: set[str] = set()

    def ask(self, request: RegistryRequest) -> RegistryResponse:
        """The answer, whatever its status; a redirect is returned. Raises Unreachable.

        A body that is read from a file is opened anew for every try.
        """
        host = _host(request.url)
        patience = self.later if host in self._answered else self.first_answer
        attempts = Attempts(self.clock, patience + request.size / _SLOWEST, self.jitter)
        while True:
            try:
                answer = self._once(request, attempts.left)
            except Unreachable as error:
                if not attempts.again():
                    raise _unanswered(host, attempts, error) from error
                continue
            self._answered.add(host)
            delay = retry_after(answer.headers.get("retry-after", ""), self.clock.now())
            if answer.status not in _AGAIN or not attempts.again(delay):
                return answer

    def _once(self, request: RegistryRequest, left: float) -> RegistryResponse:
        import httpx

        address = public_part(request.url)
        began = time.monotonic()
        try:
            response = call_within(left, lambda: self._exchange(request, left))
        except TimeoutError as error:
            _LOG.info("%s %s: %s", request.method, address, error)
            raise Unreachable(str(error)) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            _LOG.info("%s %s: %s", request.method, address, type(error).__name__)
            raise Unreachable(str(error) or type(error).__name__) from error
        seconds = time.monotonic() - began
        _LOG.info("%s %s: %d in %.3f s", request.method, address, response.status, seconds)
        return response

    def _exchange(self, request: RegistryRequest, left: float) -> RegistryResponse:
        import httpx

        with request.body() as content:
            answer = self._client(request.url).request(
                request.method,
                request.url,
                headers=_headers(request),
                content=content,
                timeout=httpx.Timeout(min(_ATTEMPT, left), connect=min(_CONNECT, left)),
            )
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return RegistryResponse(answer.status_code, headers, answer.content[:_CUT])

    def _client(self, url: str) -> Any:
        import httpx

        is_local = is_this_machine(_host(url))
        if is_local not in self._clients:
            self._clients[is_local] = httpx.Client(
                transport=self.transport,
                trust_env=not is_local,
            )
        return self._clients[is_local]


def _unanswered(host: str, attempts: Attempts, last: Unreachable) -> Unreachable:
    count = "one attempt" if attempts.count == 1 else f"{attempts.count} attempts"
    return Unreachable(
        f"{host} did not answer for {attempts.spent:.0f} s ({count}): {last.message}",
        "Look whether the registry runs and its name is right: image.registry.",
    )


def _headers(request: RegistryRequest) -> Mapping[str, str]:
    length = {"content-length": str(request.size)} if request.size else {}
    return {**length, **request.headers}


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def is_this_machine(host: str) -> bool:
    """Whether a host (with or without port) is this machine: asked without TLS and proxies."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return name in ("localhost", "[::1]") or name.startswith("127.")
