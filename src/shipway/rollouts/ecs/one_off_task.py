"""One task, once: migrations, and a person's own commands in an environment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shipway.aws.names import AwsResourceNames
from shipway.config.schema import Environment
from shipway.errors import CannotRun, ConfigError
from shipway.pipeline.command_line import command_line
from shipway.ports import Clients, Clock
from shipway.rollouts.ecs.failure_reasons import FailureExplanation, exit_code_text, explain_reason
from shipway.rollouts.ecs.logs import LogLocation, LogStream, log_location

if TYPE_CHECKING:
    from types_boto3_ecs import ECSClient
    from types_boto3_ecs.type_defs import (
        ContainerTypeDef,
        RunTaskRequestTypeDef,
        ServiceTypeDef,
        TaskTypeDef,
    )

POLL = 3.0  # seconds between two looks at a task
# awslogs sends in batches of up to 5 s: as long as lines may come after their task has stopped.
_LAST_LINES = 6.0
_UNSEEN = 30.0  # seconds that a task which was just started may be unknown: ECS says so itself
_PATIENCE = 3600.0


@dataclass(frozen=True)
class TaskResult:
    """How it went. code: the container's exit code; None where it never ran to an end.

    reason: why, in words; "" where it ended with 0. task: its ARN.
    """

    code: int | None
    reason: str = ""
    remedy: str = ""
    task: str = ""


def run_task(
    clients: Clients,
    clock: Clock,
    service: ServiceTypeDef,
    task_definition_arn: str,
    container: str,
    command: Sequence[str],
    on_line: Callable[[str], None],
) -> TaskResult:
    """Run a command in a task of its own, in the service's network, and wait for its end.

    service: as DescribeServices answers. Its lines go to `on_line` as they arrive. Interrupted
    (KeyboardInterrupt), the task is told to stop. Raises CannotRun where ECS starts none;
    botocore's own errors pass.
    """
    ecs = clients.client("ecs")
    cluster = service["clusterArn"]
    location = log_location(
        ecs.describe_task_definition(taskDefinition=task_definition_arn)["taskDefinition"],
        container,
    )
    if location is None:
        on_line("(its lines do not go to CloudWatch Logs: they cannot be shown here)")
    task = _start(ecs, service, task_definition_arn, container, command)
    try:
        return _Watch(clients, clock, cluster, task, location, on_line).to_the_end(container)
    except KeyboardInterrupt:
        ecs.stop_task(cluster=cluster, task=task, reason="interrupted in shipway")
        raise


def _start(
    ecs: ECSClient,
    service: ServiceTypeDef,
    definition: str,
    container: str,
    command: Sequence[str],
) -> str:
    """The ARN of the task that was started."""
    request: RunTaskRequestTypeDef = {
        "cluster": service["clusterArn"],
        "taskDefinition": definition,
        "count": 1,
        "startedBy": "shipway",
        "overrides": {"containerOverrides": [{"name": container, "command": list(command)}]},
    }
    if network := service.get("networkConfiguration"):
        request["networkConfiguration"] = network
    if version := service.get("platformVersion"):
        request["platformVersion"] = version
    if providers := service.get("capacityProviderStrategy"):  # RunTask takes one of the two
        request["capacityProviderStrategy"] = providers
    else:
        request["launchType"] = service.get("launchType") or "FARGATE"
    answer = ecs.run_task(**request)
    for failure in answer.get("failures", ()):
        explanation = explain_reason(
            f"{failure.get('reason', '')} {failure.get('detail', '')}".strip()
        )
        raise CannotRun(
            f"ECS did not start the task: {explanation.cause}",
            explanation.remedy,
            code="task-failed",
        )
    if not answer.get("tasks"):
        raise CannotRun(
            "ECS did not start the task, and gave no reason", "Try again.", code="task-failed"
        )
    return str(answer["tasks"][0]["taskArn"])


def running_ecs_service(
    clients: Clients, settings: Environment, names: AwsResourceNames
) -> ServiceTypeDef:
    """The environment's service. Raises ConfigError where there is none; botocore's errors pass."""
    cluster = settings.ecs.cluster or names.cluster
    name = settings.ecs.service or names.service
    answer = clients.client("ecs").describe_services(cluster=cluster, services=[name])
    for service in answer["services"]:
        if service.get("status") == "ACTIVE":
            return service
    raise ConfigError(
        f"the cluster {cluster} has no service {name}",
        f"Make it: {command_line('infra', 'apply', names.environment)}.",
        code="no-stack",
    )


class _Watch:
    """One task, watched until it has stopped."""

    def __init__(
        self,
        clients: Clients,
        clock: Clock,
        cluster: str,
        task: str,
        location: LogLocation | None,
        on_line: Callable[[str], None],
    ) -> None:
        self._ecs = clients.client("ecs")
        self._clock = clock
        self._cluster = cluster
        self._task = task
        self._stream = LogStream(clients, location, task) if location else None
        self._on_line = on_line

    def to_the_end(self, container: str) -> TaskResult:
        """Show its lines until it has stopped; how it went."""
        started = self._clock.monotonic()
        status = ""
        while True:
            waited = self._clock.monotonic() - started
            task = self._look()
            if task is None and waited > _UNSEEN:
                return self._lost("ECS does not know it any more")
            now = (task or {}).get("lastStatus", "")
            if now != status and now in ("PROVISIONING", "PENDING", "RUNNING"):
                self._on_line(f"(task {now.lower()})")
            status = now or status
            self._show()
            if task is not None and now == "STOPPED":
                self._show_last()
                return self._ended(task, container)
            if waited > _PATIENCE:
                self._ecs.stop_task(
                    cluster=self._cluster, task=self._task, reason="longer than shipway waits"
                )
                return self._lost(f"it did not end within {_PATIENCE:g} s, and was stopped")
            self._clock.sleep(POLL)

    def _look(self) -> TaskTypeDef | None:
        tasks = self._ecs.describe_tasks(cluster=self._cluster, tasks=[self._task])["tasks"]
        return tasks[0] if tasks else None

    def _show(self) -> bool:
        """Whether there was a new line."""
        some = False
        for line in self._stream.fresh() if self._stream else ():
            some = True
            self._on_line(line)
        return some

    def _show_last(self) -> None:
        """What arrives after its end: until nothing has come for a while."""
        quiet = 0.0
        while self._stream and quiet < _LAST_LINES:
            self._clock.sleep(POLL)
            quiet = 0.0 if self._show() else quiet + POLL

    def _lost(self, why: str) -> TaskResult:
        return TaskResult(None, why, "Look at it in the ECS console.", self._task)

    def _ended(self, task: TaskTypeDef, container: str) -> TaskResult:
        containers = task.get("containers", [])
        nothing: ContainerTypeDef = {}
        mine = next((each for each in containers if each.get("name") == container), nothing)
        code = mine.get("exitCode")
        if code == 0:
            return TaskResult(0, task=self._task)
        explanation = _why(task, mine)
        reason = explanation.cause if code is None else f"{exit_code_text(code)}"
        if code is not None and mine.get("reason"):
            reason = f"{reason}; {explanation.cause}"
        return TaskResult(code, reason, explanation.remedy, self._task)


def _why(task: TaskTypeDef, container: ContainerTypeDef) -> FailureExplanation:
    """The container's own reason says more than the task's, which says more than its code."""
    for text in (container.get("reason"), task.get("stoppedReason"), task.get("stopCode")):
        if text:
            return explain_reason(text)
    return explain_reason("")
