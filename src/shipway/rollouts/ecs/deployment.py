"""A service deployment as ECS describes it: where it is, who has how much, what it waits for.

Source: botocore's model of ECS, ServiceDeployment.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shipway.rollouts.platform import InstanceStatus
from shipway.rollouts.state_machine import Stage, rolling_share

if TYPE_CHECKING:
    from types_boto3_ecs.literals import ServiceDeploymentStatusType
    from types_boto3_ecs.type_defs import (
        DeploymentLifecycleHookDetailTypeDef,
        ServiceDeploymentTypeDef,
        TaskTypeDef,
    )

GOING: tuple[ServiceDeploymentStatusType, ...] = (
    "PENDING",
    "IN_PROGRESS",
    "STOP_REQUESTED",
    "ROLLBACK_REQUESTED",
    "ROLLBACK_IN_PROGRESS",
)
ENDED = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
_BACK = ("STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
_FINAL = {
    "SUCCESSFUL": Stage.SUCCEEDED,
    "ROLLBACK_SUCCESSFUL": Stage.ROLLED_BACK,
    "STOPPED": Stage.NEEDS_PERSON,
    "ROLLBACK_FAILED": Stage.NEEDS_PERSON,
}


@dataclass(frozen=True)
class LifecycleHook:
    """A pause. expires: seconds since the epoch, 0 where ECS does not say."""

    identity: str
    status: str
    expires: float = 0.0

    @property
    def waits(self) -> bool:
        """Whether it wants an answer."""
        return self.status == "AWAITING_ACTION"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """weight: percent of production traffic for the new revision, None where ECS does not say.

    running, desired: tasks of the new revision; stable: those of the revisions that it replaces.
    target, stables: revisions' ARNs. alarms: the status of ECS's check of alarms; triggered:
    alarms that fired. created: seconds since the epoch.
    """

    arn: str
    status: str
    reason: str
    lifecycle: str
    weight: float | None
    running: int
    desired: int
    stable: int
    candidate: str
    stables: tuple[str, ...]
    hooks: tuple[LifecycleHook, ...]
    alarms: str
    triggered: tuple[str, ...]
    created: float

    @property
    def is_final(self) -> bool:
        """Whether nothing more comes."""
        return self.status in ENDED

    @property
    def is_rolling_back(self) -> bool:
        """Whether it is being undone."""
        return self.status in _BACK

    @property
    def waiting_hooks(self) -> LifecycleHook | None:
        """The pause that wants an answer: the stage does not tell (M has no value for the stage
        before a shift), a hook's own status does."""
        return next((hook for hook in self.hooks if hook.waits), None)

    @property
    def stage(self) -> str:
        """In the words of core.rollout.Stage; RECONCILE_SERVICE is ECS's own."""
        if self.is_final:
            return str(_FINAL[self.status])
        if self.is_rolling_back:
            return str(Stage.ROLLING_BACK)
        return self.lifecycle or str(Stage.PRE_SCALE_UP if not self.running else Stage.SCALE_UP)

    @property
    def by_tasks(self) -> float:
        """Percent of the requests for the new revision, where every task gets as many."""
        return rolling_share(self.running, self.stable)


def deployment_from(raw: ServiceDeploymentTypeDef) -> Deployment:
    """What DescribeServiceDeployments says of one."""
    target = raw.get("targetServiceRevision") or {}
    sources = raw.get("sourceServiceRevisions") or []
    alarms = raw.get("alarms") or {}
    rollback = raw.get("rollback") or {}
    created = raw.get("createdAt") or raw.get("startedAt")
    return Deployment(
        arn=raw["serviceDeploymentArn"],
        status=raw["status"],
        reason=rollback.get("reason") or raw.get("statusReason") or "",
        lifecycle=raw.get("lifecycleStage") or "",
        weight=target.get("requestedProductionTrafficWeight"),
        running=int(target.get("runningTaskCount") or 0),
        desired=int(target.get("requestedTaskCount") or 0),
        stable=sum(int(source.get("runningTaskCount") or 0) for source in sources),
        candidate=target.get("arn") or "",
        stables=tuple(source["arn"] for source in sources if source.get("arn")),
        hooks=tuple(map(_hook, raw.get("lifecycleHookDetails") or ())),
        alarms=alarms.get("status") or "",
        triggered=tuple(alarms.get("triggeredAlarmNames") or ()),
        created=created.timestamp() if created else 0.0,
    )


def _hook(raw: DeploymentLifecycleHookDetailTypeDef) -> LifecycleHook:
    expires = raw.get("expiresAt")
    return LifecycleHook(raw["hookId"], raw["status"], expires.timestamp() if expires else 0.0)


# Tasks as `shipway status` shows instances. Pure.


def task_statuses(tasks: Iterable[TaskTypeDef]) -> list[InstanceStatus]:
    """One for every task. A container without a health check is well while it runs (M:
    healthStatus is UNKNOWN)."""
    return [
        InstanceStatus(
            release=task["taskDefinitionArn"].rsplit("/", 1)[-1],
            address=task["taskArn"].rsplit("/", 1)[-1],
            alive=task.get("lastStatus") == "RUNNING",
            health=_health(task),
        )
        for task in tasks
    ]


def _health(task: TaskTypeDef) -> str:
    status = task.get("lastStatus", "")
    if status != "RUNNING":
        return str(status).lower()
    return "unhealthy" if task.get("healthStatus") == "UNHEALTHY" else "ok"
