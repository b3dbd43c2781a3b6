"""Tasks of the new revision that stopped although nobody wanted them to, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipway.platforms.ecs.log_lines import LogLines
from shipway.platforms.ecs.reasons import Explained, exit_words, explain
from shipway.platforms.ecs.service import Service

# M, TaskStopCode. The scheduler stops an unhealthy task with a code of its own, and a surplus one
# with the same: there the reason tells.
_FAILED = ("TaskFailedToStart", "EssentialContainerExited")
_UNHEALTHY = "health checks"
_PROCESSOR = "exec format error"  # the kernel's word (ENOEXEC); the shell's is in the log only


@dataclass(frozen=True)
class Failure:
    """One task. heals: whether another of the same revision may do better."""

    task: str
    cause: str
    remedy: str
    heals: bool
    log: tuple[str, ...]


class Failures:
    """definition: the new revision's task definition. since: seconds since the epoch; tasks
    made before belong to an earlier deployment."""

    def __init__(
        self, service: Service, logs: LogLines, definition: Mapping[str, Any], since: float
    ) -> None:
        self._service = service
        self._logs = logs
        self.definition = definition
        self.since = since
        self.seen: list[str] = []

    def fresh(self) -> list[Failure]:
        """Those that were not seen yet, the oldest first. Raises Refused and Lost."""
        stopped = [one for one in self._service.tasks("STOPPED") if self._counts(one)]
        stopped.sort(key=_when)
        self.seen += [one["taskArn"] for one in stopped]
        return [self._failure(one) for one in stopped]

    def _counts(self, task: Mapping[str, Any]) -> bool:
        ours = task.get("taskDefinitionArn") == self.definition["taskDefinitionArn"]
        created = task.get("createdAt")
        fresh = created is None or created.timestamp() >= self.since
        failed = task.get("stopCode") in _FAILED or _UNHEALTHY in task.get("stoppedReason", "")
        return ours and fresh and failed and task["taskArn"] not in self.seen

    def _failure(self, task: Mapping[str, Any]) -> Failure:
        container = self._guilty(task)
        log = self._logs.tail(self.definition, container.get("name", ""), task["taskArn"])
        why, code = explained(task, container, log), container.get("exitCode")
        cause = f"{why.cause} ({exit_words(code)})" if code else why.cause
        return Failure(task["taskArn"], cause, why.remedy, why.heals, log)

    def _guilty(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """The container that has something to say; the service's own where several have."""
        containers = task.get("containers", [])
        telling = [one for one in containers if one.get("reason") or one.get("exitCode")]
        own = self._service.place.container
        return next(
            (one for one in (*telling, *containers) if one.get("name") == own),
            next(iter((*telling, *containers)), {}),
        )


def explained(
    task: Mapping[str, Any], container: Mapping[str, Any], log: tuple[str, ...]
) -> Explained:
    """A stopped task in words: by what its container says, its own reason, its log."""
    if any(_PROCESSOR in line for line in log):
        return explain(f"CannotStartContainerError: {_PROCESSOR}")
    reason = " ".join(filter(None, (container.get("reason"), task.get("stoppedReason"))))
    return explain(reason)


def _when(task: Mapping[str, Any]) -> float:
    moment = task.get("stoppedAt") or task.get("createdAt")
    return float(moment.timestamp()) if moment else 0.0
