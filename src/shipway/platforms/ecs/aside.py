"""What happens beside a deployment's own state: tasks that stop, the service's events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shipway.effects.aws_errors import Refused
from shipway.platforms.ecs.ending import Why
from shipway.platforms.ecs.failures import Failure, Failures
from shipway.platforms.ecs.parts import Parts

EVERY = 15.0  # seconds between looks
_SHOWN = 5  # events, and lines of a log, at once


class Aside:
    """say: a line that the receipt keeps; show: one that it does not."""

    def __init__(
        self, parts: Parts, failures: Failures, limit: int, say: Callable[[str], None],
        show: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._parts = parts
        self._failures = failures
        self._limit = limit
        self._say = say
        self._show = show
        self._looked = 0.0
        self._events: set[str] = set()
        self._refused: set[str] = set()
        self.failed: list[Failure] = []

    def look(self, *, over: bool) -> None:
        """Tell what is new, now and then; at the end in any case. What AWS refuses to tell of it
        ends nothing. Raises Lost."""
        now = self._parts.clock.now()
        if now - self._looked < EVERY and not over:
            return
        self._looked = now
        try:
            self._tell_events(self._parts.service.describe().get("events", []))
            for failure in self._failures.fresh():
                self.failed.append(failure)
                self._say(f"a task stopped: {failure.cause}")
                for line in failure.log[-_SHOWN:]:
                    self._show(f"  | {line}")
        except Refused as problem:
            if problem.message not in self._refused:
                self._refused.add(problem.message)
                self._show(problem.message)

    def verdict(self) -> Why | None:
        """Why it makes no sense to go on: a failure that cannot heal, or too many."""
        hopeless = next((one for one in self.failed if not one.heals), None)
        if hopeless is not None:
            return Why(hopeless.cause, hopeless.remedy, hopeless.log)
        if len(self.failed) < self._limit:
            return None
        last = self.failed[-1]
        return Why(f"{len(self.failed)} tasks failed: {last.cause}", last.remedy, last.log)

    def _tell_events(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Newest first, as ECS gives them; those before the deployment are known."""
        fresh = [
            one for one in events
            if one.get("id") not in self._events
            and one["createdAt"].timestamp() >= self._failures.since
        ]  # fmt: skip
        self._events |= {one["id"] for one in fresh}
        for one in reversed(fresh[:_SHOWN]):
            self._show(f"ECS: {one['message']}")
