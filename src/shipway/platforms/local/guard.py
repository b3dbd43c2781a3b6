"""What keeps a rollout from going on: a person, the judge, and instances that end or hang."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from shipway.core.command_line import command_line
from shipway.core.judge import Decision
from shipway.core.release import Release
from shipway.core.rollout import Observation, Stage
from shipway.core.rollout_judging import Judging
from shipway.core.story import Story
from shipway.core.watching import RolloutListener
from shipway.platforms.local.instances import Instance
from shipway.platforms.local.keeper import Keeper
from shipway.platforms.local.lease import Answer, Lease
from shipway.platforms.local.proxy import Proxy
from shipway.platforms.local.team import Team

TRIES = 3  # health checks in a row that fail before an instance counts as unwell


@dataclass
class Guard:
    """Of one rollout. stopping: whether everything ends. asked: whether somebody wanted it undone,
    which is not forgotten."""

    environment: str
    release: Release
    before: Release | None
    team: Team
    proxy: Proxy
    keeper: Keeper
    judging: Judging
    lease: Lease
    listener: RolloutListener
    stopping: Callable[[], bool]
    asked: bool = False

    def objection(self, stage: Stage, story: Story) -> Observation | None:
        """Why the next action is not to be begun, told to the story; None where it may be."""
        if stage is Stage.ROLLING_BACK:
            return None
        if self.stopped(stage):
            story.blame("somebody stopped it", "Roll it out again when it may go on.")
            return Observation.STOP
        if self._condemned(story):
            return Observation.ALARM
        self._revive_old(stage)
        return None

    def stopped(self, stage: Stage) -> bool:
        """Whether somebody wants it stopped, or everything ends."""
        self.asked = self.asked or self.lease.answer() is Answer.STOP or self.stopping()
        return self.asked and stage is not Stage.ROLLING_BACK

    def unwell(self, story: Story) -> bool:
        """Whether an instance of the new release fails its health check again and again."""
        for one in self.team.of(self.release.digest):
            if fault := self._lasting_fault(one):
                story.blame(
                    f"an instance of {self.release.name} is unwell while it serves: {fault}",
                    f"Read its log: {one.log}", self.team.instances.tail(one),
                )  # fmt: skip
                return True
        return False

    def _condemned(self, story: Story) -> bool:
        """Whether the judge, or the death of a new instance, wants it undone."""
        if self.judging.decision is Decision.ROLL_BACK:
            story.blame(
                f"the judge rolled it back: {self.judging.sentence}",
                "Correct the release; its log says more: "
                f"{command_line('logs', self.environment)}.",
            )
            return True
        dead = self.team.dead(self.release.digest)
        if dead is not None:
            story.blame(
                f"an instance of {self.release.name} ended while it served",
                f"Read its log: {dead.log}", self.team.instances.tail(dead),
            )  # fmt: skip
        return dead is not None

    def _revive_old(self, stage: Stage) -> None:
        """An instance of the old release that died is replaced: there may be a way back to it.

        Not while new ones have started and not joined: `Team.start` would take them for dead.
        """
        dead = self.team.dead(self.before.digest) if self.before else None
        if dead is None or self.before is None or not all(one.joined for one in self.team.members):
            return
        self.team.drop([dead], served=False)
        why, _ = self.team.start(self.before, 1, lambda: self.stopped(stage))
        self.listener.said(why or f"an instance of {self.before.name} had ended: replaced")
        self.team.join()
        self.keeper.serve(replace(self.proxy.shares, serving=self.team.serving(())))

    def _lasting_fault(self, instance: Instance) -> str:
        """What its health check says when it fails each time; nothing once it does not.

        Nor when the judge has made up its mind meanwhile: one that hangs must not hold that up.
        """
        fault = ""
        for _ in range(TRIES):
            if self.judging.decision is Decision.ROLL_BACK:
                return ""
            fault = self.team.instances.health(instance)
            if not fault:
                return ""
        return fault
