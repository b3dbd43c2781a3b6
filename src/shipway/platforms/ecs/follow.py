"""An environment's lines from CloudWatch Logs, as they arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from shipway.core.errors import ConfigError
from shipway.core.ports import Clients, Clock
from shipway.effects.aws_errors import code_of

POLL = 2.0  # seconds between two questions
# Lines may arrive late, and of several streams not in order: the last seconds are asked again.
_OVERLAP = 15.0


@dataclass(frozen=True)
class Line:
    """One line. at: seconds since the epoch. stream: whose it is."""

    at: float
    stream: str
    text: str

    @property
    def task(self) -> str:
        """The beginning of the task's id, of a stream `prefix/container/task`."""
        return self.stream.rpartition("/")[2][:8]


class LogGroup:
    """A log group, read from some time on; each line once."""

    def __init__(self, clients: Clients, group: str, prefix: str = "") -> None:
        self._logs = clients.client("logs")
        self._group = group
        self._prefix = {"logStreamNamePrefix": prefix} if prefix else {}
        self._seen: dict[str, int] = {}  # event's id → its time, of those that may come again

    def since(self, start: float) -> Iterator[Line]:
        """The lines from `start` (seconds since the epoch) that were not shown yet, in order.

        Raises ConfigError where there is no such group.
        """
        events = self._events(max(0, int(start * 1000)))
        fresh = [one for one in events if one["eventId"] not in self._seen]
        for one in sorted(fresh, key=lambda one: (one["timestamp"], one["eventId"])):
            self._seen[one["eventId"]] = one["timestamp"]
            yield Line(
                one["timestamp"] / 1000, one.get("logStreamName", ""), one["message"].rstrip("\n")
            )

    def follow(
        self, clock: Clock, start: float, show: Callable[[Line], None],
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        """Show lines from `start` on, until `stopping`."""
        while True:
            for line in self.since(start):
                show(line)
            if stopping():
                return
            newest = max(self._seen.values(), default=int(start * 1000)) / 1000
            start = max(start, newest - _OVERLAP)
            self._forget(start)
            clock.sleep(POLL)

    def _forget(self, start: float) -> None:
        """Of what lies before the time that is asked for, nothing comes again."""
        limit = int(start * 1000)
        self._seen = {key: at for key, at in self._seen.items() if at >= limit}

    def _events(self, start: int) -> Iterator[dict[str, Any]]:
        """All pages. A page may be empty and the next one not (API reference, FilterLogEvents)."""
        from botocore.exceptions import ClientError

        token: dict[str, str] = {}
        while True:
            try:
                answer = self._logs.filter_log_events(
                    logGroupName=self._group, startTime=start, **self._prefix, **token
                )
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    raise ConfigError(
                        f"there is no log group {self._group}",
                        "Nothing has run there yet; or correct environments.ENV.ecs.log_group.",
                    ) from None
                raise
            yield from answer.get("events", ())
            if not answer.get("nextToken"):
                return
            token = {"nextToken": answer["nextToken"]}
