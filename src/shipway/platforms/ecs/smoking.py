"""Smoke tests through the load balancer."""

from __future__ import annotations

from urllib.parse import urlsplit

from shipway.core.config import Environment
from shipway.core.errors import Unreachable
from shipway.core.ports import Http
from shipway.core.smoke import fault
from shipway.core.watching import RolloutListener

TIMEOUT = 10.0  # seconds


class Smoking:
    """address: what people open; "" where there is none, and then nothing is asked."""

    def __init__(
        self, settings: Environment, address: str, http: Http, listener: RolloutListener
    ) -> None:
        self._settings = settings
        self._address = address
        self._http = http
        self._listener = listener

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
        for smoke in self._settings.smoke if address else ():
            try:
                wrong = fault(smoke, self._http.get(address + smoke.path, timeout=TIMEOUT))
            except Unreachable as problem:
                wrong = problem.message
            self._listener.said(f"smoke {smoke.path}: {wrong or 'as it should be'}")
            if wrong:
                return wrong
        return ""
