"""A service deployment as ECS describes it: where it is, who has how much, what it waits for.

Source: botocore's model of ECS, ServiceDeployment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shipway.core.rollout import Stage, share

GOING = ("PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
ENDED = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
_BACK = ("STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
_FINAL = {
    "SUCCESSFUL": Stage.SUCCEEDED, "ROLLBACK_SUCCESSFUL": Stage.ROLLED_BACK,
    "STOPPED": Stage.NEEDS_PERSON, "ROLLBACK_FAILED": Stage.NEEDS_PERSON,
}  # fmt: skip


@dataclass(frozen=True)
class Hook:
    """A pause. expires: seconds since the epoch, 0 where ECS does not say."""

    identity: str
    status: str
    expires: float = 0.0

    @property
    def waits(self) -> bool:
        """Whether it wants an answer."""
        return self.status == "AWAITING_ACTION"


@dataclass(frozen=True)
class Deployment:
    """weight: percent of production traffic for the new revision, None where ECS does not say.

    running, wanted: tasks of the new revision; old: those of the revisions that it replaces.
    target, sources: revisions' ARNs. alarms: the status of ECS's check of alarms; triggered:
    alarms that fired. created: seconds since the epoch.
    """

    arn: str
    status: str
    reason: str
    lifecycle: str
    weight: float | None
    running: int
    wanted: int
    old: int
    target: str
    sources: tuple[str, ...]
    hooks: tuple[Hook, ...]
    alarms: str
    triggered: tuple[str, ...]
    created: float

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return self.status in ENDED

    @property
    def going_back(self) -> bool:
        """Whether it is being undone."""
        return self.status in _BACK

    @property
    def waiting(self) -> Hook | None:
        """The pause that wants an answer: the stage does not tell (M has no value for the stage
        before a shift), a hook's own status does."""
        return next((hook for hook in self.hooks if hook.waits), None)

    @property
    def stage(self) -> str:
        """In the words of core.rollout.Stage; RECONCILE_SERVICE is ECS's own."""
        if self.over:
            return str(_FINAL[self.status])
        if self.going_back:
            return str(Stage.ROLLING_BACK)
        return self.lifecycle or str(Stage.PRE_SCALE_UP if not self.running else Stage.SCALE_UP)

    @property
    def by_tasks(self) -> float:
        """Percent of the requests for the new revision, where every task gets as many."""
        return share(self.running, self.old)


def deployment_from(raw: Mapping[str, Any]) -> Deployment:
    """What DescribeServiceDeployments says of one."""
    target: Mapping[str, Any] = raw.get("targetServiceRevision") or {}
    sources: Sequence[Mapping[str, Any]] = raw.get("sourceServiceRevisions") or ()
    alarms: Mapping[str, Any] = raw.get("alarms") or {}
    rollback: Mapping[str, Any] = raw.get("rollback") or {}
    created = raw.get("createdAt") or raw.get("startedAt")
    return Deployment(
        raw["serviceDeploymentArn"], raw["status"],
        rollback.get("reason") or raw.get("statusReason") or "",
        raw.get("lifecycleStage") or "", target.get("requestedProductionTrafficWeight"),
        int(target.get("runningTaskCount") or 0), int(target.get("requestedTaskCount") or 0),
        sum(int(one.get("runningTaskCount") or 0) for one in sources),
        target.get("arn") or "", tuple(one["arn"] for one in sources if one.get("arn")),
        tuple(map(_hook, raw.get("lifecycleHookDetails") or ())),
        alarms.get("status") or "", tuple(alarms.get("triggeredAlarmNames") or ()),
        created.timestamp() if created else 0.0,
    )  # fmt: skip


def _hook(raw: Mapping[str, Any]) -> Hook:
    expires = raw.get("expiresAt")
    return Hook(raw["hookId"], raw["status"], expires.timestamp() if expires else 0.0)
