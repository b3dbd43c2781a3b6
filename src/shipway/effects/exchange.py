"""HTTP with all its methods, for registries: tried again where trying again is safe."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.core.errors import Unreachable
from shipway.core.images.exchange import Answer, Request
from shipway.core.ports import Clock

ATTEMPTS = 5
_FIRST, _LONGEST = 0.5, 20.0  # seconds between tries
_AGAIN = (408, 429, 500, 502, 503, 504)  # what may be well in a moment
_CUT = 16 << 20  # bytes of an answer: a manifest has 4 MB at most (distribution-spec)


@dataclass
class HttpExchange:
    """Asks by httpx, which is imported at the first request.

    Proxies and certificates are those that the surroundings name (httpx: trust_env), but for
    this machine's own addresses. transport: what carries requests, for tests.
    """

    clock: Clock
    transport: Any = None
    attempts: int = ATTEMPTS
    jitter: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        self._clients: dict[bool, Any] = {}

    def ask(self, request: Request) -> Answer:
        """The answer, whatever its status; a redirect is returned. Raises Unreachable.

        A body that is read from a file is opened anew for every try.
        """
        problem = ""
        for number in range(self.attempts):
            if number:
                self.clock.sleep(self._pause(number, problem))
            try:
                answer = self._once(request)
            except Unreachable as error:
                if number + 1 == self.attempts:
                    raise
                problem = error.message
                continue
            if answer.status not in _AGAIN or number + 1 == self.attempts:
                return answer
            problem = answer.headers.get("retry-after", "")
        raise AssertionError("a loop of at least one try")  # pragma: no cover

    def _pause(self, number: int, said: str) -> float:
        if said.isdigit():  # Retry-After, in seconds (RFC 9110, 10.2.3)
            return min(float(said), _LONGEST)
        return float(min(_FIRST * 2 ** (number - 1), _LONGEST)) * (0.5 + self.jitter() / 2)

    def _once(self, request: Request) -> Answer:
        import httpx

        try:
            with request.body() as content:
                answer = self._client(request.url).request(
                    request.method, request.url, headers=_headers(request), content=content
                )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(
                f"{_host(request.url)} does not answer: {error or type(error).__name__}",
                "Look whether the registry runs and its name is right: image.registry.",
            ) from error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status_code, headers, answer.content[:_CUT])

    def _client(self, url: str) -> Any:
        import httpx

        here = is_here(_host(url))
        if here not in self._clients:
            self._clients[here] = httpx.Client(
                transport=self.transport, trust_env=not here,
                timeout=httpx.Timeout(60.0, connect=10.0),
            )  # fmt: skip
        return self._clients[here]


def _headers(request: Request) -> Mapping[str, str]:
    length = {"content-length": str(request.size)} if request.size else {}
    return {**length, **request.headers}


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def is_here(host: str) -> bool:
    """Whether a host (with or without port) is this machine: asked without TLS and proxies."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return name in ("localhost", "[::1]") or name.startswith("127.")


class ScriptedExchange:
    """A fake for tests: `answer` is asked for each request and may raise Unreachable."""

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self.answer = answer
        self.asked: list[Request] = []

    def ask(self, request: Request) -> Answer:
        """What `answer` says. The body is read, as a real one would be."""
        self.asked.append(request)
        if request.content is not None:
            list(request.content.pieces())
        return self.answer(request)
