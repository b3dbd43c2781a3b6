"""The last lines of a task's log, from CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shipway.aws.errors import AwsApiError, error_code
from shipway.errors import ConfigError
from shipway.ports import Clients, Clock

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import TaskDefinitionTypeDef
    from types_boto3_logs.type_defs import (
        FilteredLogEventTypeDef,
        FilterLogEventsRequestTypeDef,
        GetLogEventsRequestTypeDef,
    )

LINES = 20


class LogLines:
    """Reads what the log driver awslogs has written. What cannot be read is no lines.

    calls: clients that raise AwsApiError and AwsUnreachable (aws/client.py).
    """

    def __init__(self, calls: Clients) -> None:
        self._logs = calls.client("logs")

    def tail(
        self, definition: TaskDefinitionTypeDef, container: str, task: str, lines: int = LINES
    ) -> tuple[str, ...]:
        """Of a task (its ARN) by its task definition. Raises AwsUnreachable."""
        location = log_location(definition, container)
        if location is None:
            return ()
        try:
            answer = self._logs.get_log_events(
                logGroupName=location.group,
                logStreamName=location.stream(task),
                limit=lines,
                startFromHead=False,
            )
        except AwsApiError:  # nothing written yet, or no right to read it: the reason still counts
            return ()
        return tuple(str(event.get("message", "")).rstrip() for event in answer.get("events", []))


# Where a container's lines arrive, and reading them as they come.


@dataclass(frozen=True)
class LogLocation:
    """A log group, and what its streams begin with: streams are `prefix/container/task`.

    Source: developer guide, "Send Amazon ECS logs to CloudWatch" (awslogs-stream-prefix).
    """

    group: str
    prefix: str
    container: str

    def stream(self, task_arn: str) -> str:
        """The stream of one task."""
        return f"{self.prefix}/{self.container}/{task_arn.rpartition('/')[2]}"


def log_location(task_definition: TaskDefinitionTypeDef, container: str) -> LogLocation | None:
    """Where a container's lines go; None where it is not CloudWatch, or not by streams of tasks."""
    for candidate in task_definition.get("containerDefinitions", ()):
        log = candidate.get("logConfiguration", {})
        options = log.get("options", {})
        matches = candidate.get("name") == container and log.get("logDriver") == "awslogs"
        if matches and options.get("awslogs-group") and options.get("awslogs-stream-prefix"):
            return LogLocation(
                options["awslogs-group"], options["awslogs-stream-prefix"], container
            )
    return None


class LogStream:
    """One stream, read from its beginning; each line once."""

    def __init__(self, clients: Clients, location: LogLocation, task_arn: str) -> None:
        self._logs = clients.client("logs")
        self._request: GetLogEventsRequestTypeDef = {
            "logGroupName": location.group,
            "logStreamName": location.stream(task_arn),
            "startFromHead": True,
        }

    def fresh(self) -> Iterator[str]:
        """The lines that have arrived since the last time. A stream that is not there has none.

        GetLogEvents answers the same token again at the end of what there is (API reference).
        """
        from botocore.exceptions import ClientError

        while True:
            try:
                answer = self._logs.get_log_events(**self._request)
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundException":
                    return  # the first line has not arrived yet
                raise
            for event in answer["events"]:
                yield event["message"].rstrip("\n")
            token = answer.get("nextForwardToken", "")
            if token == self._request.get("nextToken") or not token:
                return
            self._request["nextToken"] = token


# An environment's lines from CloudWatch Logs, as they arrive.

POLL = 2.0  # seconds between two questions
# Lines may arrive late, and of several streams not in order: the last seconds are asked again.
_OVERLAP = 15.0


@dataclass(frozen=True)
class LogLine:
    """One line. at: seconds since the epoch. stream: whose it is."""

    at: float
    stream: str
    text: str

    @property
    def task(self) -> str:
        """The beginning of the task's id, of a stream `prefix/container/task`."""
        return self.stream.rpartition("/")[2][:8]


class LogTail:
    """A log group, read from some time on; each line once."""

    def __init__(self, clients: Clients, group: str, prefix: str = "") -> None:
        self._logs = clients.client("logs")
        self._group = group
        self._prefix = prefix
        self._seen: dict[str, int] = {}  # event's id → its time, of those that may come again

    def since(self, start: float) -> Iterator[LogLine]:
        """The lines from `start` (seconds since the epoch) that were not shown yet, in order.

        Raises ConfigError where there is no such group.
        """
        events = self._events(max(0, int(start * 1000)))
        fresh = [event for event in events if event["eventId"] not in self._seen]
        for event in sorted(fresh, key=lambda event: (event["timestamp"], event["eventId"])):
            self._seen[event["eventId"]] = event["timestamp"]
            yield LogLine(
                event["timestamp"] / 1000,
                event.get("logStreamName", ""),
                event["message"].rstrip("\n"),
            )

    def follow(
        self,
        clock: Clock,
        start: float,
        show: Callable[[LogLine], None],
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
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

    def _events(self, start: int) -> Iterator[FilteredLogEventTypeDef]:
        """All pages. A page may be empty and the next one not (API reference, FilterLogEvents)."""
        from botocore.exceptions import ClientError

        request: FilterLogEventsRequestTypeDef = {"logGroupName": self._group, "startTime": start}
        if self._prefix:
            request["logStreamNamePrefix"] = self._prefix
        while True:
            try:
                answer = self._logs.filter_log_events(**request)
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundException":
                    raise ConfigError(
                        f"there is no log group {self._group}",
                        "Nothing has run there yet; or correct environments.ENV.ecs.log_group.",
                        code="no-stack",
                    ) from None
                raise
            yield from answer.get("events", ())
            if not answer.get("nextToken"):
                return
            request["nextToken"] = answer["nextToken"]
