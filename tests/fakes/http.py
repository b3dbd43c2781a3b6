"""HTTP that answers what a test says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from shipway.ports import Response
from shipway.system.http import RegistryRequest, RegistryResponse


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


class ScriptedRegistryTransport:
    """A fake for tests: `answer` is asked for each request and may raise Unreachable."""

    def __init__(self, answer: Callable[[RegistryRequest], RegistryResponse]) -> None:
        self.answer = answer
        self.asked: list[RegistryRequest] = []

    def ask(self, request: RegistryRequest) -> RegistryResponse:
        """What `answer` says. The body is read, as a real one would be."""
        self.asked.append(request)
        if request.content is not None:
            list(request.content.pieces())
        return self.answer(request)
