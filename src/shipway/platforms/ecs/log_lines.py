"""The last lines of a task's log, from CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shipway.effects.aws_errors import Refused
from shipway.platforms.ecs.calls import Calls

LINES = 20


class LogLines:
    """Reads what the log driver awslogs has written. What cannot be read is no lines."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def tail(
        self, definition: Mapping[str, Any], container: str, task: str, lines: int = LINES
    ) -> tuple[str, ...]:
        """Of a task (its ARN) by its task definition.

        A stream is called PREFIX/CONTAINER/TASK (ECS developer guide, "Send Amazon ECS logs to
        CloudWatch"). Raises Lost.
        """
        options = _options(definition, container)
        group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
        if not group or not prefix:
            return ()
        stream = f"{prefix}/{container}/{task.rsplit('/', 1)[-1]}"
        try:
            found = self._calls(
                "logs", "get_log_events", logGroupName=group, logStreamName=stream,
                limit=lines, startFromHead=False,
            )  # fmt: skip
        except Refused:  # nothing written yet, or no right to read it: the reason still counts
            return ()
        return tuple(str(one.get("message", "")).rstrip() for one in found.get("events", []))


def _options(definition: Mapping[str, Any], container: str) -> Mapping[str, str]:
    for one in definition.get("containerDefinitions", []):
        configured = one.get("logConfiguration", {})
        if one.get("name") == container and configured.get("logDriver") == "awslogs":
            options: Mapping[str, str] = configured.get("options", {})
            return options
    return {}
