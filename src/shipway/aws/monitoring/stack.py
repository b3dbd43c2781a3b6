"""Applies the monitoring stack by change sets: what would change is known before it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.core.errors import ShipwayError
from shipway.core.ports import Clients, Clock

_POLL = 3.0  # seconds
_PATIENCE = 1800.0
_REMEDY = "Mend what it says, then run it again."
_NOTHING = ("didn't contain changes", "No updates are to be performed")


class StackFailed(ShipwayError):
    """CloudFormation gave up; the message has its first reason."""

    exit_code = 1


class StillGoing(ShipwayError):
    """It takes longer than anybody waits."""

    exit_code = 4


@dataclass(frozen=True)
class Change:
    """What would happen to one resource. action: Add, Modify or Remove."""

    action: str
    id: str
    kind: str
    replaced: bool = False


class MonitoringStack:
    """One stack. `plan` leaves nothing behind; `apply` can be repeated."""

    def __init__(self, clients: Clients, clock: Clock, name: str) -> None:
        self._clients = clients
        self._clock = clock
        self._name = name

    def plan(self, template: str, parameters: Mapping[str, str]) -> tuple[Change, ...]:
        """What `apply` would change. Raises StackFailed."""
        made, new = self._proposed(template, parameters)
        if made is None:
            return ()
        changes = self._changes(made)
        self._client.delete_change_set(ChangeSetName=made)
        if new:  # a stack that was only proposed is one as well
            self._client.delete_stack(StackName=self._name)
        return changes

    def apply(
        self, template: str, parameters: Mapping[str, str], tell: Callable[[str], None]
    ) -> bool:
        """Bring the stack in line; whether there was anything to do.

        tell: gets a line for every resource as it is ready. Raises StackFailed and StillGoing.
        """
        made, new = self._proposed(template, parameters)
        if made is None:
            return False
        begun = self._clock.now()
        self._client.execute_change_set(ChangeSetName=made)
        good = "CREATE_COMPLETE" if new else "UPDATE_COMPLETE"
        seen: set[str] = set()
        while True:
            stack = self._stack()
            status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
            reasons = self._told(begun, seen, tell)
            if status == good:
                return True
            if not status.endswith("_IN_PROGRESS"):
                raise StackFailed(
                    f"{self._name}: {reasons[0] if reasons else status}",
                    _REMEDY,
                )
            self._wait(begun)

    @property
    def _client(self) -> Any:
        return self._clients.client("cloudformation")

    def _stack(self) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        try:
            found: dict[str, Any] = self._client.describe_stacks(StackName=self._name)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            return None
        return found

    def _proposed(self, template: str, parameters: Mapping[str, str]) -> tuple[str | None, bool]:
        """The change set's ARN (None where nothing would change), and whether the stack is new."""
        stack = self._stack()
        # A creation that failed left an empty stack, which cannot be changed.
        if stack and stack["StackStatus"] == "ROLLBACK_COMPLETE":
            self._client.delete_stack(StackName=self._name)
            self._client.get_waiter("stack_delete_complete").wait(StackName=self._name)
            stack = None
        new = stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS"
        made: str = self._client.create_change_set(
            StackName=self._name,
            ChangeSetName=f"shipway-{int(self._clock.now())}",
            ChangeSetType="CREATE" if new else "UPDATE",
            TemplateBody=template,
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM"],  # Slack's role
        )["Id"]
        return (None if self._empty(made) else made), new

    def _empty(self, made: str) -> bool:
        """Whether a change set has nothing in it; waits until it is ready."""
        begun = self._clock.now()
        while True:
            found = self._client.describe_change_set(ChangeSetName=made, StackName=self._name)
            status, reason = found["Status"], found.get("StatusReason", "")
            if status == "CREATE_COMPLETE":
                return False
            if status == "FAILED":
                self._client.delete_change_set(ChangeSetName=made, StackName=self._name)
                if any(words in reason for words in _NOTHING):
                    return True
                raise StackFailed(f"{self._name}: {reason}", _REMEDY)
            self._wait(begun)

    def _changes(self, made: str) -> tuple[Change, ...]:
        pages = self._client.get_paginator("describe_change_set")
        return tuple(
            Change(
                one["Action"], one["LogicalResourceId"], one["ResourceType"],
                one.get("Replacement") in ("True", "Conditional"),
            )
            for page in pages.paginate(ChangeSetName=made, StackName=self._name)
            for one in (change["ResourceChange"] for change in page["Changes"])
        )  # fmt: skip

    def _told(self, begun: float, seen: set[str], tell: Callable[[str], None]) -> list[str]:
        """Tell of new events; the reasons of failures, the first one first."""
        events = self._client.describe_stack_events(StackName=self._name)["StackEvents"]
        mine = [one for one in reversed(events) if one["Timestamp"].timestamp() >= begun - 1]
        for one in mine:
            if one["EventId"] not in seen and not one["ResourceStatus"].endswith("_IN_PROGRESS"):
                status = one["ResourceStatus"].lower().replace("_", " ")
                tell(f"{status}: {one['LogicalResourceId']}")
            seen.add(one["EventId"])
        return [
            f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason', 'no reason given')}"
            for one in mine
            if one["ResourceStatus"].endswith("_FAILED")
        ]

    def _wait(self, begun: float) -> None:
        if self._clock.now() - begun > _PATIENCE:
            raise StillGoing(
                f"{self._name} is still changing after {_PATIENCE / 60:.0f} minutes",
                "Run the same command again later: it goes on from there.",
            )
        self._clock.sleep(_POLL)
