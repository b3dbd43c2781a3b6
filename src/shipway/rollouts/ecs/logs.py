"""The last lines of a task's log, from CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.aws.client import RenewingClient
from shipway.aws.errors import AwsApiError, error_code
from shipway.errors import ConfigError
from shipway.ports import Clients, Clock

LINES = 20


class LogLines:
    """Reads what the log driver awslogs has written. What cannot be read is no lines."""

    def __init__(self, calls: RenewingClient) -> None:
        self._calls = calls

    def tail(
        self, definition: Mapping[str, Any], container: str, task: str, lines: int = LINES
    ) -> tuple[str, ...]:
        """Of a task (its ARN) by its task definition.

        A stream is called PREFIX/CONTAINER/TASK (ECS developer guide, "Send Amazon ECS logs to
        CloudWatch"). Raises AwsUnreachable.
        """
        options = _options(definition, container)
        group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
        if not group or not prefix:
            return ()
        stream = f"{prefix}/{container}/{task.rsplit('/', 1)[-1]}"
        try:
            answer = self._calls(
                "logs",
                "get_log_events",
                logGroupName=group,
                logStreamName=stream,
                limit=lines,
                startFromHead=False,
            )
        except AwsApiError:  # nothing written yet, or no right to read it: the reason still counts
            return ()
        return tuple(str(event.get("message", "")).rstrip() for event in answer.get("events", []))


def _options(definition: Mapping[str, Any], container: str) -> Mapping[str, str]:
    for candidate in definition.get("containerDefinitions", []):
        configured = candidate.get("logConfiguration", {})
        if candidate.get("name") == container and configured.get("logDriver") == "awslogs":
            options: Mapping[str, str] = configured.get("options", {})
            return options
    return {}


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


def log_location(task_definition: Mapping[str, Any], container: str) -> LogLocation | None:
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
        self._asked = {"logGroupName": location.group, "logStreamName": location.stream(task_arn)}
        self._token = ""

    def fresh(self) -> Iterator[str]:
        """The lines that have arrived since the last time. A stream that is not there has none.

        GetLogEvents answers the same token again at the end of what there is (API reference).
        """
        from botocore.exceptions import ClientError

        while True:
            more = {"nextToken": self._token} if self._token else {}
            try:
                answer = self._logs.get_log_events(**self._asked, startFromHead=True, **more)
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundException":
                    return  # the first line has not arrived yet
                raise
            for event in answer["events"]:
                yield event["message"].rstrip("\n")
            token = answer.get("nextForwardToken", "")
            if token == self._token or not token:
                return
            self._token = token


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
        self._prefix = {"logStreamNamePrefix": prefix} if prefix else {}
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
            token = {"nextToken": answer["nextToken"]}
