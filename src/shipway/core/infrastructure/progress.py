"""What a stack's events say: how far it is, and why it failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.core.infrastructure.kinds import word

_STACK = "AWS::CloudFormation::Stack"
# What CloudFormation says of those that it gave up because another one failed.
_GIVEN_UP = ("resource creation cancelled", "resource update cancelled")


@dataclass(frozen=True)
class Event:
    """One event of a stack. status: CloudFormation's (`CREATE_FAILED`)."""

    key: str
    name: str
    type: str
    status: str
    reason: str = ""


def read_event(row: Mapping[str, Any]) -> Event:
    """An event of DescribeStackEvents."""
    return Event(
        row["EventId"], row["LogicalResourceId"], row["ResourceType"], row["ResourceStatus"],
        " ".join(str(row.get("ResourceStatusReason") or "").split()),
    )  # fmt: skip


def progress_line(event: Event) -> str:
    """`created    database Database`; of the stack itself only what it is doing now."""
    action, _, end = event.status.rpartition("_")
    told = event.status.lower().replace("_", " ")
    if event.type == _STACK:
        return f"stack {event.name}: {told}"
    words = {
        "CREATE_COMPLETE": "created", "UPDATE_COMPLETE": "changed", "DELETE_COMPLETE": "deleted",
        "DELETE_SKIPPED": "kept",
    }.get(event.status, told)  # fmt: skip
    why = f": {event.reason}" if end == "FAILED" and action and event.reason else ""
    return f"{words:<20} {word(event.type)} {event.name}{why}"


def cause(events: Iterable[Event]) -> str:
    """Why it failed: the first resource that did by itself; "" where none did.

    events: oldest first. The others were given up because of it.
    """
    for event in events:
        failed = event.status.endswith("_FAILED") and event.type != _STACK
        if failed and not event.reason.lower().startswith(_GIVEN_UP):
            what = f"{word(event.type)} {event.name}"
            return f"{what}: {event.reason or event.status.lower().replace('_', ' ')}"
    return ""


def over(status: str) -> bool:
    """Whether a stack in this status does nothing any more."""
    return not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS"


def well(status: str) -> bool:
    """Whether it ended as it was meant to."""
    return status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE", "IMPORT_COMPLETE")
