"""One stack of CloudFormation: asked, prepared, followed. Nothing here decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.aws.events import Events
from shipway.aws.template import LIMIT
from shipway.core.errors import ShipwayError, StackFailed, StillGoing
from shipway.core.infrastructure.change import Change, read_changes
from shipway.core.infrastructure.drift import Drift, read_drifts
from shipway.core.infrastructure.progress import Event, cause, over, progress_line
from shipway.core.ports import Clients, Clock
from shipway.effects.aws_errors import code_of, in_words

Say = Callable[[str], None]
_EVERY = 3.0  # seconds between two looks
# A database with a standby is up after half an hour; CloudFormation itself never gives up.
_PATIENCE = 7200.0
_UNCHANGED = ("didn't contain changes", "No updates are to be performed")
_UNBORN = ("", "REVIEW_IN_PROGRESS")  # nothing was ever created


@dataclass(frozen=True)
class ChangeSet:
    """A change set that can be executed, and what it changes. creates: there was no stack."""

    name: str
    changes: tuple[Change, ...]
    creates: bool


class Stack:
    """A stack, by its name. every: seconds between two looks."""

    def __init__(self, clients: Clients, name: str, clock: Clock, every: float = _EVERY) -> None:
        self.name = name
        self._clients = clients
        self._clock = clock
        self._every = every
        self._events = Events(clients, name)

    def status(self) -> str:
        """CloudFormation's status; "" where there is no such stack."""
        return str(self._described().get("StackStatus", ""))

    def outputs(self) -> dict[str, str]:
        """What it says of itself."""
        found = self._described().get("Outputs", ())
        return {one["OutputKey"]: one["OutputValue"] for one in found}

    def parameters(self) -> dict[str, str]:
        """What it was made with."""
        found = self._described().get("Parameters", ())
        return {one["ParameterKey"]: one.get("ParameterValue", "") for one in found}

    def physical(self, name: str) -> str:
        """What a resource of the template is called in AWS; "" where there is none."""
        try:
            with in_words():
                found = self._formation.describe_stack_resource(
                    StackName=self.name, LogicalResourceId=name
                )
        except ShipwayError as error:
            if _unknown(error):
                return ""
            raise
        return str(found["StackResourceDetail"].get("PhysicalResourceId", ""))

    def prepare(
        self, template: str, parameters: Mapping[str, str], tags: Mapping[str, str]
    ) -> ChangeSet | None:
        """A change set; None where nothing would change. Raises StackFailed with the reason."""
        size = len(template.encode())
        if size > LIMIT:
            raise StackFailed(
                f"{self.name}: its template has {size} bytes, CloudFormation takes {LIMIT}",
                "This is a fault of Shipway's: report it.",
            )
        creates = self.status() in _UNBORN
        name = f"shipway-{int(self._clock.now() * 1000)}"
        with in_words():
            self._formation.create_change_set(
                StackName=self.name, ChangeSetName=name, TemplateBody=template,
                ChangeSetType="CREATE" if creates else "UPDATE",
                Capabilities=["CAPABILITY_NAMED_IAM"],
                Parameters=[{"ParameterKey": key, "ParameterValue": value}
                            for key, value in parameters.items()],
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )  # fmt: skip
            pages = self._change_set(name)
        if pages[0]["Status"] == "FAILED":
            reason = str(pages[0].get("StatusReason", ""))
            self.discard(ChangeSet(name, (), creates))
            if any(words in reason for words in _UNCHANGED):
                return None
            raise StackFailed(
                f"{self.name}: CloudFormation cannot work out the change: {reason}",
                "Correct what it names, and ask again: shipway infra plan.",
            )
        return ChangeSet(name, read_changes(pages), creates)

    def discard(self, change_set: ChangeSet) -> None:
        """Take a change set away, and the empty stack that it was the first of."""
        with in_words():
            self._formation.delete_change_set(StackName=self.name, ChangeSetName=change_set.name)
            if change_set.creates and self.status() == "REVIEW_IN_PROGRESS":
                self._formation.delete_stack(StackName=self.name)

    def execute(self, change_set: ChangeSet, say: Say) -> str:
        """Do it and follow it to its end; the status. Raises StackFailed, StillGoing."""
        seen = self._events.newest()
        with in_words():
            self._formation.execute_change_set(StackName=self.name, ChangeSetName=change_set.name)
        return self._follow(say, seen)

    def follow(self, say: Say) -> str:
        """Follow what somebody else began; the status in which it ends. Raises StillGoing."""
        return self._follow(say, self._events.before_current())

    def delete(self, say: Say) -> str:
        """Delete it and follow that; the status. Raises as `execute`."""
        identity, seen = str(self._described()["StackId"]), self._events.newest()
        with in_words():
            self._formation.delete_stack(StackName=self.name)
        return self._follow(say, seen, identity)

    def go_on_rolling_back(self, say: Say) -> str:
        """What could not be rolled back is tried again; the status."""
        seen = self._events.newest()
        with in_words():
            self._formation.continue_update_rollback(StackName=self.name)
        return self._follow(say, seen)

    def drifts(self) -> tuple[Drift, ...]:
        """What is not as it was made. Raises StackFailed where it cannot be found out."""
        with in_words():
            asked = self._formation.detect_stack_drift(StackName=self.name)
            for _ in self._looks():
                found = self._formation.describe_stack_drift_detection_status(
                    StackDriftDetectionId=asked["StackDriftDetectionId"]
                )
                if found["DetectionStatus"] != "DETECTION_IN_PROGRESS":
                    break
            if found["DetectionStatus"] == "DETECTION_FAILED":
                reason = found.get("DetectionStatusReason", "no reason is given")
                raise StackFailed(
                    f"{self.name}: what drifted cannot be found out: {reason}", "Ask again."
                )
            return read_drifts(self._drifted())

    @property
    def _formation(self) -> Any:
        return self._clients.client("cloudformation")

    def _described(self, identity: str = "") -> dict[str, Any]:
        try:
            with in_words():
                found = self._formation.describe_stacks(StackName=identity or self.name)
        except ShipwayError as error:
            if _unknown(error):
                return {}
            raise
        described: dict[str, Any] = found["Stacks"][0]
        return described

    def _looks(self) -> Iterator[None]:
        """Look again and again, until time is up. Raises StillGoing."""
        until = self._clock.monotonic() + _PATIENCE
        while self._clock.monotonic() < until:
            yield
            self._clock.sleep(self._every)
        raise StillGoing(
            f"{self.name} is not ready after {_PATIENCE / 3600:g} hours: it goes on",
            "Follow it: shipway infra apply takes up what is in progress.",
        )

    def _change_set(self, name: str) -> list[dict[str, Any]]:
        """The pages of a change set, once it is ready or has failed."""
        asked = {"StackName": self.name, "ChangeSetName": name, "IncludePropertyValues": True}
        for _ in self._looks():
            found = self._formation.describe_change_set(**asked)
            if found["Status"] in ("CREATE_COMPLETE", "FAILED"):
                break
        pages = [found]
        while token := pages[-1].get("NextToken"):
            pages.append(self._formation.describe_change_set(**asked, NextToken=token))
        return pages

    def _drifted(self) -> Iterator[dict[str, Any]]:
        asked: dict[str, Any] = {
            "StackName": self.name, "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]
        }  # fmt: skip
        while True:
            found = self._formation.describe_stack_resource_drifts(**asked)
            yield from found["StackResourceDrifts"]
            if not found.get("NextToken"):
                return
            asked["NextToken"] = found["NextToken"]

    def _follow(self, say: Say, seen: str, identity: str = "") -> str:
        identity = identity or str(self._described().get("StackId", self.name))
        told: set[str] = set()
        for _ in self._looks():
            with in_words():
                status = str(self._described(identity).get("StackStatus", "DELETE_COMPLETE"))
                events = self._events.since(seen, identity)
            for event in events:
                if event.key not in told and _worth_telling(event):
                    say(progress_line(event))
                told.add(event.key)
            if over(status):
                break
        self.failure = cause(events)
        return status

    failure = ""  # why what was followed last failed


def _unknown(error: ShipwayError) -> bool:
    """Whether CloudFormation says that there is no such stack or resource."""
    cause = error.__cause__
    return isinstance(cause, Exception) and code_of(cause) == "ValidationError"


def _worth_telling(event: Event) -> bool:
    """Of every resource only how it ended; of the stack everything."""
    return not event.status.endswith("_IN_PROGRESS") or "ROLLBACK" in event.status
