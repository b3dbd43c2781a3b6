"""Tasks of the new revision that stopped although nobody wanted them to, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shipway.pipeline.outcome import Verdict
from shipway.rollouts.ecs.deployment import Deployment
from shipway.rollouts.ecs.failure_reasons import FailureExplanation, exit_code_text, explain_reason
from shipway.rollouts.ecs.logs import LogLines
from shipway.rollouts.ecs.service import EcsService

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import ContainerTypeDef, TaskDefinitionTypeDef, TaskTypeDef

# M, TaskStopCode. The scheduler stops an unhealthy task with a code of its own, and a surplus one
# with the same: there the reason tells.
_FAILED = ("TaskFailedToStart", "EssentialContainerExited")
_UNHEALTHY = "health checks"
_PROCESSOR = "exec format error"  # the kernel's word (ENOEXEC); the shell's is in the log only


_SILENT: ContainerTypeDef = {}  # of a task without containers


@dataclass(frozen=True)
class TaskFailure:
    """One task. heals: whether another of the same revision may do better."""

    task: str
    cause: str
    remedy: str
    heals: bool
    log: tuple[str, ...]


class TaskFailures:
    """definition: the new revision's task definition. since: seconds since the epoch; tasks
    made before belong to an earlier deployment."""

    def __init__(
        self, service: EcsService, logs: LogLines, definition: TaskDefinitionTypeDef, since: float
    ) -> None:
        self._service = service
        self._logs = logs
        self.definition = definition
        self.since = since
        self.seen: list[str] = []

    def fresh(self) -> list[TaskFailure]:
        """Those that were not seen yet, the oldest first. Raises AwsApiError and AwsUnreachable."""
        stopped = [task for task in self._service.tasks("STOPPED") if self._counts(task)]
        stopped.sort(key=_when)
        self.seen += [task["taskArn"] for task in stopped]
        return [self._failure(task) for task in stopped]

    def _counts(self, task: TaskTypeDef) -> bool:
        ours = task.get("taskDefinitionArn") == self.definition["taskDefinitionArn"]
        created = task.get("createdAt")
        fresh = created is None or created.timestamp() >= self.since
        failed = task.get("stopCode") in _FAILED or _UNHEALTHY in task.get("stoppedReason", "")
        return ours and fresh and failed and task["taskArn"] not in self.seen

    def _failure(self, task: TaskTypeDef) -> TaskFailure:
        container = self._guilty(task)
        log = self._logs.tail(self.definition, container.get("name", ""), task["taskArn"])
        why, code = explain_stopped_task(task, container, log), container.get("exitCode")
        cause = f"{why.cause} ({exit_code_text(code)})" if code else why.cause
        return TaskFailure(task["taskArn"], cause, why.remedy, why.heals, log)

    def _guilty(self, task: TaskTypeDef) -> ContainerTypeDef:
        """The container that has something to say; the service's own where several have."""
        containers = task.get("containers", [])
        telling = [
            container
            for container in containers
            if container.get("reason") or container.get("exitCode")
        ]
        own = self._service.place.container
        candidates = [*telling, *containers, _SILENT]
        return next(
            (container for container in candidates if container.get("name") == own), candidates[0]
        )


def explain_stopped_task(
    task: TaskTypeDef, container: ContainerTypeDef, log: tuple[str, ...]
) -> FailureExplanation:
    """A stopped task in words: by what its container says, its own reason, its log."""
    if any(_PROCESSOR in line for line in log):
        return explain_reason(f"CannotStartContainerError: {_PROCESSOR}")
    reason = " ".join(filter(None, (container.get("reason"), task.get("stoppedReason"))))
    return explain_reason(reason)


def _when(task: TaskTypeDef) -> float:
    moment = task.get("stoppedAt") or task.get("createdAt")
    return float(moment.timestamp()) if moment else 0.0


# How a deployment ended, in a verdict and in words. Pure.

_VERDICTS = {
    "SUCCESSFUL": Verdict.PASSED,
    "ROLLBACK_SUCCESSFUL": Verdict.ROLLED_BACK,
    "STOPPED": Verdict.FAILED,
    "ROLLBACK_FAILED": Verdict.ACTION_REQUIRED,
}


@dataclass(frozen=True)
class FailureReason:
    """A cause, what to do about it, and the last lines of what failed."""

    cause: str
    remedy: str
    log: tuple[str, ...] = ()


def deployment_verdict(deployment: Deployment) -> Verdict:
    """Of a deployment that is over."""
    return _VERDICTS[deployment.status]


def failure_reason(deployment: Deployment, failure: TaskFailure | None) -> FailureReason:
    """Why ECS itself undid or stopped a deployment: what is most particular wins."""
    if deployment.status == "STOPPED":
        return FailureReason(
            "another deployment took its place before it had ended",
            "See whose it is (shipway status ENV), wait for its end, and deploy again.",
        )
    if deployment.triggered:
        names = ", ".join(deployment.triggered)
        return FailureReason(
            f"an alarm fired: {names}", "Look at what the alarm measures before you deploy again."
        )
    if any(hook.status == "TIMED_OUT" for hook in deployment.hooks):
        return FailureReason(
            "nobody answered a pause in time, so ECS went back by itself",
            "Deploy it again, and let the command run to its end.",
        )
    if failure is not None:
        return FailureReason(failure.cause, failure.remedy, failure.log)
    explanation = explain_reason(deployment.reason)
    return FailureReason(explanation.cause, explanation.remedy)


def rollback_failed_reason(cause: str) -> FailureReason:
    """On top of why it was to go back."""
    first = f"{cause}; and " if cause else ""
    return FailureReason(
        f"{first}ECS could not go back: the rollback itself failed",
        "Look at what runs (shipway status ENV), then shipway rollback ENV, or deploy a good "
        "release.",
    )
