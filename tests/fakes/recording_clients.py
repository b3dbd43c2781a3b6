"""Clients that note what is asked of them: for tests of permissions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shipway.ports import Clients


class RecordingClients:
    """Passes everything on. calls: (service, operation as boto3 names it), of all that were made.

    Real clients and fakes alike: an attribute that is called is an operation, one that is only
    looked at (`meta`, `exceptions`) is not.
    """

    def __init__(self, clients: Clients, calls: set[tuple[str, str]] | None = None) -> None:
        self._clients = clients
        self.calls = set() if calls is None else calls

    @property
    def region(self) -> str:
        """The region."""
        return self._clients.region

    def client(self, service: str) -> Any:
        """A client that notes."""
        return _Recording(self._clients.client(service), service, self.calls)


class _Recording:
    def __init__(self, client: Any, service: str, calls: set[tuple[str, str]]) -> None:
        self._client = client
        self._service = service
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        if not callable(attribute):
            return attribute
        return self._noted(name, attribute)

    def _noted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*arguments: Any, **options: Any) -> Any:
            operation = str(arguments[0]) if name in ("get_paginator", "get_waiter") else name
            self._calls.add((self._service, operation))
            return call(*arguments, **options)

        return noting
