"""Smoke tests through the load balancer."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from shipway.core.config import Environment
from shipway.core.ports import Http
from shipway.core.watching import Lines
from shipway.effects.smoking import first_fault


class Smoking:
    """address: what people open; "" where there is none, and then nothing is asked. say: told of
    every test."""

    def __init__(
        self, settings: Environment, address: str, http: Http, say: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._address = address
        self._http = http
        self._say = say

    def production(self) -> str:
        """What is wrong with the first that is not as it should be; "" where all are."""
        return self._ask(self._address)

    def test(self) -> str:
        """The same by the test listener, where one is configured: nobody else is there yet."""
        if not self._settings.test_port or not self._address:
            return ""
        found = urlsplit(self._address)
        return self._ask(f"{found.scheme}://{found.hostname}:{self._settings.test_port}")

    def _ask(self, address: str) -> str:
        tests = self._settings.smoke if address else ()
        return first_fault(tests, address, {}, self._http, Lines(self._say))
