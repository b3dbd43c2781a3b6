"""Where a container's lines arrive, and reading them as they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.core.ports import Clients
from shipway.effects.aws_errors import code_of


@dataclass(frozen=True)
class LogPlace:
    """A log group, and what its streams begin with: streams are `prefix/container/task`.

    Source: developer guide, "Send Amazon ECS logs to CloudWatch" (awslogs-stream-prefix).
    """

    group: str
    prefix: str
    container: str

    def stream(self, task_arn: str) -> str:
        """The stream of one task."""
        return f"{self.prefix}/{self.container}/{task_arn.rpartition('/')[2]}"


def log_place(task_definition: Mapping[str, Any], container: str) -> LogPlace | None:
    """Where a container's lines go; None where it is not CloudWatch, or not by streams of tasks."""
    for one in task_definition.get("containerDefinitions", ()):
        log = one.get("logConfiguration", {})
        options = log.get("options", {})
        named = one.get("name") == container and log.get("logDriver") == "awslogs"
        if named and options.get("awslogs-group") and options.get("awslogs-stream-prefix"):
            return LogPlace(options["awslogs-group"], options["awslogs-stream-prefix"], container)
    return None


class LogStream:
    """One stream, read from its beginning; each line once."""

    def __init__(self, clients: Clients, place: LogPlace, task_arn: str) -> None:
        self._logs = clients.client("logs")
        self._asked = {"logGroupName": place.group, "logStreamName": place.stream(task_arn)}
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
                if code_of(error) == "ResourceNotFoundException":
                    return  # the first line has not arrived yet
                raise
            for event in answer["events"]:
                yield event["message"].rstrip("\n")
            token = answer.get("nextForwardToken", "")
            if token == self._token or not token:
                return
            self._token = token
