"""The events of a stack, as CloudFormation keeps them: newest first, over many operations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shipway.core.infrastructure.progress import Event, read_event
from shipway.core.ports import Clients
from shipway.effects.aws_errors import in_words

_BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")


class Events:
    """Those of one stack, by its name."""

    def __init__(self, clients: Clients, name: str) -> None:
        self._clients = clients
        self._name = name

    def newest(self) -> str:
        """The newest one's key, "" before the first."""
        with in_words():
            return next((str(row["EventId"]) for row in self._rows()), "")

    def before_current(self) -> str:
        """The key of the last one before what goes on now began; "" where that was the first."""
        begun = False
        with in_words():
            for row in self._rows():
                if begun:
                    return str(row["EventId"])
                own = row["LogicalResourceId"] == self._name
                begun = own and row["ResourceStatus"] in _BEGINNINGS
        return ""

    def since(self, seen: str, identity: str) -> list[Event]:
        """Those after one, oldest first. identity: the stack's ARN, which outlives its name."""
        rows = []
        for row in self._rows(identity):
            if row["EventId"] == seen:
                break
            rows.append(read_event(row))
        return rows[::-1]

    def _rows(self, identity: str = "") -> Iterator[dict[str, Any]]:
        pages = self._clients.client("cloudformation").get_paginator("describe_stack_events")
        for page in pages.paginate(StackName=identity or self._name):
            yield from page["StackEvents"]
