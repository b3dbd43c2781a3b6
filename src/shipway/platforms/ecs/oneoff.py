"""One task, once: migrations, and a person's own commands in an environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shipway.core.command_line import command_line
from shipway.core.config import Environment
from shipway.core.errors import CannotRun, ConfigError
from shipway.core.naming import Names
from shipway.core.ports import Clients, Clock
from shipway.platforms.ecs.log_streams import LogPlace, LogStream, log_place
from shipway.platforms.ecs.reasons import Explained, exit_words, explain

POLL = 3.0  # seconds between two looks at a task
# awslogs sends in batches of up to 5 s: as long as lines may come after their task has stopped.
_LAST_LINES = 6.0
_UNSEEN = 30.0  # seconds that a task which was just started may be unknown: ECS says so itself
_PATIENCE = 3600.0


@dataclass(frozen=True)
class Ended:
    """How it went. code: the container's exit code; None where it never ran to an end.

    reason: why, in words; "" where it ended with 0. task: its ARN.
    """

    code: int | None
    reason: str = ""
    remedy: str = ""
    task: str = ""


def run_task(
    clients: Clients, clock: Clock, service: Mapping[str, Any], task_definition_arn: str,
    container: str, command: Sequence[str], on_line: Callable[[str], None],
) -> Ended:  # fmt: skip
    """Run a command in a task of its own, in the service's network, and wait for its end.

    service: as DescribeServices answers. Its lines go to `on_line` as they arrive. Interrupted
    (KeyboardInterrupt), the task is told to stop. Raises CannotRun where ECS starts none;
    botocore's own errors pass.
    """
    ecs = clients.client("ecs")
    cluster = service["clusterArn"]
    place = log_place(
        ecs.describe_task_definition(taskDefinition=task_definition_arn)["taskDefinition"],
        container,
    )
    if place is None:
        on_line("(its lines do not go to CloudWatch Logs: they cannot be shown here)")
    task = _start(ecs, service, task_definition_arn, container, command)
    try:
        return _Watch(clients, clock, cluster, task, place, on_line).to_the_end(container)
    except KeyboardInterrupt:
        ecs.stop_task(cluster=cluster, task=task, reason="interrupted in shipway")
        raise


def _start(
    ecs: Any, service: Mapping[str, Any], definition: str, container: str, command: Sequence[str]
) -> str:
    """The ARN of the task that was started."""
    where = {
        key: service[key]
        for key in ("networkConfiguration", "platformVersion", "capacityProviderStrategy")
        if service.get(key)
    }
    if "capacityProviderStrategy" not in where:  # RunTask takes one of the two
        where["launchType"] = service.get("launchType") or "FARGATE"
    answer = ecs.run_task(
        cluster=service["clusterArn"], taskDefinition=definition, count=1, startedBy="shipway",
        overrides={"containerOverrides": [{"name": container, "command": list(command)}]},
        **where,
    )  # fmt: skip
    for failure in answer.get("failures", ()):
        said = explain(f"{failure.get('reason', '')} {failure.get('detail', '')}".strip())
        raise CannotRun(f"ECS did not start the task: {said.cause}", said.remedy)
    if not answer.get("tasks"):
        raise CannotRun("ECS did not start the task, and gave no reason", "Try again.")
    return str(answer["tasks"][0]["taskArn"])


def serving(clients: Clients, settings: Environment, names: Names) -> Mapping[str, Any]:
    """The environment's service. Raises ConfigError where there is none; botocore's errors pass."""
    cluster = settings.ecs.cluster or names.cluster
    name = settings.ecs.service or names.service
    answer = clients.client("ecs").describe_services(cluster=cluster, services=[name])
    for one in answer["services"]:
        if one.get("status") == "ACTIVE":
            found: Mapping[str, Any] = one
            return found
    raise ConfigError(
        f"the cluster {cluster} has no service {name}",
        f"Make it: {command_line('infra', 'apply', names.environment)}.",
    )


class _Watch:
    """One task, watched until it has stopped."""

    def __init__(
        self, clients: Clients, clock: Clock, cluster: str, task: str, place: LogPlace | None,
        on_line: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._ecs = clients.client("ecs")
        self._clock = clock
        self._cluster = cluster
        self._task = task
        self._stream = LogStream(clients, place, task) if place else None
        self._on_line = on_line

    def to_the_end(self, container: str) -> Ended:
        """Show its lines until it has stopped; how it went."""
        started = self._clock.monotonic()
        status = ""
        while True:
            waited = self._clock.monotonic() - started
            found = self._look()
            if found is None and waited > _UNSEEN:
                return self._lost("ECS does not know it any more")
            now = (found or {}).get("lastStatus", "")
            if now != status and now in ("PROVISIONING", "PENDING", "RUNNING"):
                self._on_line(f"(task {now.lower()})")
            status = now or status
            self._show()
            if found is not None and now == "STOPPED":
                self._show_last()
                return self._ended(found, container)
            if waited > _PATIENCE:
                self._ecs.stop_task(
                    cluster=self._cluster, task=self._task, reason="longer than shipway waits"
                )
                return self._lost(f"it did not end within {_PATIENCE:g} s, and was stopped")
            self._clock.sleep(POLL)

    def _look(self) -> Mapping[str, Any] | None:
        tasks = self._ecs.describe_tasks(cluster=self._cluster, tasks=[self._task])["tasks"]
        found: Mapping[str, Any] | None = tasks[0] if tasks else None
        return found

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

    def _lost(self, why: str) -> Ended:
        return Ended(None, why, "Look at it in the ECS console.", self._task)

    def _ended(self, task: Mapping[str, Any], container: str) -> Ended:
        mine: Mapping[str, Any] = next(
            (one for one in task.get("containers", ()) if one.get("name") == container), {}
        )
        code = mine.get("exitCode")
        if code == 0:
            return Ended(0, task=self._task)
        said = _why(task, mine)
        reason = said.cause if code is None else f"{exit_words(code)}"
        if code is not None and mine.get("reason"):
            reason = f"{reason}; {said.cause}"
        return Ended(code, reason, said.remedy, self._task)


def _why(task: Mapping[str, Any], container: Mapping[str, Any]) -> Explained:
    """The container's own reason says more than the task's, which says more than its code."""
    for text in (container.get("reason"), task.get("stoppedReason"), task.get("stopCode")):
        if text:
            return explain(text)
    return explain("")
