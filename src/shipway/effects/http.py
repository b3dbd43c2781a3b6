"""HTTP requests to what Shipway started or watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from shipway.core.errors import Unreachable
from shipway.core.ports import Response

if TYPE_CHECKING:
    from ssl import SSLContext


class RealHttp:
    """Asks with httpx, which is imported at the first request: that takes 0.2 s.

    Every request has a client of its own: no connection is held to what is about to stop, and no
    cookie is kept. Certificates are read once: that takes 15 ms of CPU, which servers beside lack.

    Proxies named in the environment are not used: every address asked is the caller's own.
    """

    def get(
        self, url: str, *, timeout: float = 5.0, headers: Mapping[str, str] | None = None
    ) -> Response:
        """GET; a redirect is returned, not followed. Raises Unreachable."""
        import httpx

        end = time.monotonic() + timeout
        body = bytearray()
        try:
            with httpx.stream(
                "GET", url, timeout=timeout, headers=dict(headers or {}), trust_env=False,
                verify=self._certificates,
            ) as answer:  # fmt: skip
                for data in answer.iter_bytes():  # httpx's own limit is for each read anew
                    body += data
                    if time.monotonic() > end:
                        raise Unreachable(
                            f"{url} did not end within {timeout:g} s",
                            "Ask for something that ends.",
                        )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(
                f"{url} does not answer: {error or type(error).__name__}",
                "Look at the log of what should answer there.",
            ) from error
        return Response(answer.status_code, dict(answer.headers), bytes(body))

    @cached_property
    def _certificates(self) -> SSLContext:
        import httpx

        return httpx.create_ssl_context(trust_env=False)


class ScriptedHttp:
    """A fake for tests: `answer` is asked for each URL and may raise Unreachable."""

    def __init__(self, answer: Callable[[str], Response]) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def get(
        self, url: str, *, timeout: float = 5.0, headers: Mapping[str, str] | None = None
    ) -> Response:
        """What `answer` says."""
        self.asked.append(url)
        return self.answer(url)
