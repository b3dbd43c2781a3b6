"""What keeps a rollout from going on: a person, the judge, and instances that end or hang."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from shipway.pipeline.command_line import command_line
from shipway.releases.release import Release
from shipway.rollouts.analysis.rollout_analysis import RolloutAnalysis
from shipway.rollouts.analysis.window import Decision
from shipway.rollouts.events import RolloutListener
from shipway.rollouts.local.environment_lock import EnvironmentLock, Signal
from shipway.rollouts.local.instances import Instance
from shipway.rollouts.local.proxy import EnvoyProxy
from shipway.rollouts.local.replica_set import ReplicaSet
from shipway.rollouts.local.traffic_monitor import TrafficMonitor
from shipway.rollouts.report import RolloutNotes
from shipway.rollouts.state_machine import Event, Stage

TRIES = 3  # health checks in a row that fail before an instance counts as unwell


@dataclass(kw_only=True)
class AbortConditions:
    """Of one rollout. stopping: whether everything ends. asked: whether somebody wanted it undone,
    which is not forgotten."""

    environment: str
    candidate: Release
    stable: Release | None
    replicas: ReplicaSet
    proxy: EnvoyProxy
    monitor: TrafficMonitor
    analysis: RolloutAnalysis
    lock: EnvironmentLock
    listener: RolloutListener
    stopping: Callable[[], bool]
    asked: bool = False

    def check(self, stage: Stage, story: RolloutNotes) -> Event | None:
        """Why the next action is not to be begun, told to the story; None where it may be."""
        if stage is Stage.ROLLING_BACK:
            return None
        if self.stop_requested(stage):
            story.fail("somebody stopped it", "Roll it out again when it may go on.")
            return Event.STOP
        if self._condemned(story):
            return Event.ALARM
        self._revive_old(stage)
        return None

    def stop_requested(self, stage: Stage) -> bool:
        """Whether somebody wants it stopped, or everything ends."""
        self.asked = self.asked or self.lock.receive() is Signal.STOP or self.stopping()
        return self.asked and stage is not Stage.ROLLING_BACK

    def is_unhealthy(self, story: RolloutNotes) -> bool:
        """Whether an instance of the new release fails its health check again and again."""
        for instance in self.replicas.instances_of(self.candidate.digest):
            if fault := self._lasting_fault(instance):
                story.fail(
                    f"an instance of {self.candidate.name} is unwell while it serves: {fault}",
                    f"Read its log: {instance.log}",
                    self.replicas.instances.tail(instance),
                )
                return True
        return False

    def _condemned(self, story: RolloutNotes) -> bool:
        """Whether the judge, or the death of a new instance, wants it undone."""
        if self.analysis.decision is Decision.ROLL_BACK:
            story.fail(
                f"the judge rolled it back: {self.analysis.sentence}",
                "Correct the release; its log says more: "
                f"{command_line('logs', self.environment)}.",
            )
            return True
        dead = self.replicas.dead_instance(self.candidate.digest)
        if dead is not None:
            story.fail(
                f"an instance of {self.candidate.name} ended while it served",
                f"Read its log: {dead.log}",
                self.replicas.instances.tail(dead),
            )
        return dead is not None

    def _revive_old(self, stage: Stage) -> None:
        """An instance of the old release that died is replaced: there may be a way back to it.

        Not while new ones have started and not joined: `ReplicaSet.start` would take them for dead.
        """
        dead = self.replicas.dead_instance(self.stable.digest) if self.stable else None
        if (
            dead is None
            or self.stable is None
            or not all(instance.joined for instance in self.replicas.members)
        ):
            return
        self.replicas.terminate([dead], served=False)
        why, _ = self.replicas.start(self.stable, 1, lambda: self.stop_requested(stage))
        self.listener.on_message(why or f"an instance of {self.stable.name} had ended: replaced")
        self.replicas.mark_ready()
        self.monitor.serve(replace(self.proxy.shares, serving=self.replicas.endpoints(())))

    def _lasting_fault(self, instance: Instance) -> str:
        """What its health check says when it fails each time; nothing once it does not.

        Nor when the judge has made up its mind meanwhile: one that hangs must not hold that up.
        """
        fault = ""
        for _ in range(TRIES):
            if self.analysis.decision is Decision.ROLL_BACK:
                return ""
            fault = self.replicas.instances.health(instance)
            if not fault:
                return ""
        return fault
