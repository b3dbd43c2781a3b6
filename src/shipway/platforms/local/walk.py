"""Carries out one rollout on this machine: asks the state machine, does what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shipway.core.config import Environment
from shipway.core.errors import RecordError, ShipwayError
from shipway.core.ports import Clock, Http
from shipway.core.release import Release
from shipway.core.rollout import Action, Do, Observation, Rollout, Stage, advance, rollout_from
from shipway.core.rollout_judging import Judging
from shipway.core.story import Story
from shipway.core.watching import RolloutListener
from shipway.effects.smoking import first_fault
from shipway.platforms.local.envoy import RELEASE_HEADER
from shipway.platforms.local.guard import Guard
from shipway.platforms.local.instances import Instance, cluster_of
from shipway.platforms.local.keeper import Keeper
from shipway.platforms.local.lease import Lease
from shipway.platforms.local.meter import Meter
from shipway.platforms.local.probing import Prober
from shipway.platforms.local.proxy import Proxy
from shipway.platforms.local.team import Team
from shipway.platforms.local.waiting import Waiting


@dataclass
class Walk:
    """One rollout. Everything is saved before it is done: `save` is called with what a later
    command needs to go on."""

    release: Release
    before: Release | None
    state: Rollout
    environment: str
    settings: Environment
    address: str
    team: Team
    proxy: Proxy
    meter: Meter
    judging: Judging
    prober: Prober
    http: Http
    clock: Clock
    lease: Lease
    listener: RolloutListener
    save: Callable[[], None]
    stopping: Callable[[], bool] = lambda: False
    story: Story = field(default_factory=Story)

    def __post_init__(self) -> None:
        self.keeper = Keeper(
            self.proxy, cluster_of(self.release.digest), self.meter, self.judging, self.prober,
            self.listener,
        )  # fmt: skip
        self._guard = Guard(
            self.environment, self.release, self.before, self.team, self.proxy, self.keeper,
            self.judging, self.lease, self.listener, self.stopping,
        )  # fmt: skip
        self._waiting = Waiting(self.settings, self._guard, self.clock)

    def go(self, observation: Observation | None) -> Rollout:
        """To the end, or until a person is needed. None: do again what had been begun.

        Raises RecordError where nothing can be written any more: what was moved stays as it is.
        """
        with self.keeper.watching():
            while True:
                try:
                    if observation is not None:
                        if observation not in (Observation.BEGIN, Observation.DONE):
                            self._count()
                        self.state, _ = advance(self.state, observation)
                        self._note()
                        self.save()
                    if self.state.stage.final or self.state.held:
                        return self.state
                    objection = self._guard.objection(self.state.stage, self.story)
                    observation = objection or self._carry_out(self.state.last)
                except KeyboardInterrupt:  # in whatever it does, between two actions, too
                    observation = self._interrupted()

    def _interrupted(self) -> Observation:
        """Going back; raises where that goes on already, or there is nothing to go back from."""
        stage = self.state.stage
        if stage is Stage.ROLLING_BACK or stage.final or self.state.held:
            raise KeyboardInterrupt
        self.story.blame("it was interrupted", "Roll it out again when it may go on.")
        self.listener.said("interrupted: going back; once more leaves it as it is")
        return Observation.STOP

    def _count(self) -> None:
        """Who is really there: an action that did not get to its end may have done a part."""
        old = len(self.team.of(self.before.digest)) if self.before else 0
        new = len(self.team.of(self.release.digest))
        self.state = replace(self.state, old=old, new=new)

    def _carry_out(self, action: Action) -> Observation:
        try:
            return self._do(action)
        except RecordError:
            raise
        except (ShipwayError, OSError) as problem:
            self.story.blame(str(problem), getattr(problem, "remedy", ""))
            self.listener.said(str(problem))
            return Observation.FAILED

    def _do(self, action: Action) -> Observation:
        if action.do in (Do.START_NEW, Do.START_OLD):
            return self._start(self.release if action.do is Do.START_NEW else self.before, action)
        if action.do is Do.SMOKE:
            return self._smoke()
        if action.do is Do.WATCH:
            return self._waiting.watch(self.state, self.story)
        if action.do is Do.PAUSE:
            return self._waiting.pause(self.state, self.story)
        if action.do is not Do.NOTHING:
            self._move(action)
        return Observation.DONE

    def _start(self, release: Release | None, action: Action) -> Observation:
        if release is None:
            return Observation.FAILED
        stage = self.state.stage
        why, sick = self.team.start(release, action.count, lambda: self._guard.stopped(stage))
        if sick is None:
            return Observation.DONE
        self.story.blame(why, f"Read its log: {sick.log}", self.team.instances.tail(sick))
        self.listener.said(why)
        return Observation.FAILED

    def _move(self, action: Action) -> None:
        """Who serves, as it will be when this action is done."""
        after, _ = advance(self.state, Observation.DONE)
        new, old = self.release.digest, self.before.digest if self.before else ""
        if action.do in (Do.JOIN_NEW, Do.JOIN_OLD):
            self.team.join()
        leaving: list[Instance] = []
        if action.do is Do.RETIRE_OLD:
            leaving = self.team.surplus(old, after.old)
        elif action.do is Do.RETIRE_NEW:
            leaving = self.team.surplus(new, after.new)
        tested = cluster_of(new if after.test_weight else old) if self.before else ""
        shares = self.team.shares(leaving, new, after.weight, tested if after.new else "")
        self.keeper.serve(shares)
        self.save()
        self.team.drop(leaving)

    def _smoke(self) -> Observation:
        """The new release's test traffic before it serves anybody; its requests afterwards."""
        testing = self.state.stage is Stage.POST_TEST_TRAFFIC_SHIFT
        address = self.proxy.inside if testing else self.address
        named = {RELEASE_HEADER: cluster_of(self.release.digest)} if testing else {}
        wrong = first_fault(self.settings.smoke, address, named, self.http, self.listener)
        if not wrong:
            return Observation.DONE
        self.story.blame(f"a smoke test failed: {wrong}", "Correct the release.")
        return Observation.FAILED

    def _note(self) -> None:
        state, now = self.state, self.clock.now()
        text = "" if state.last.do is Do.NOTHING else state.last.words
        text = "held" if state.held else "" if state.stage.final else text
        self.story.timeline.append({"at": now, "stage": str(state.stage), "text": text})
        self.listener.staged(now, str(state.stage), text)

    def to_dict(self) -> dict[str, Any]:
        """What another command needs to go on."""
        return {
            "state": self.state.to_dict(), "meter": self.meter.to_dict(),
            "judging": self.judging.to_dict(), "story": {**vars(self.story)},
            "synthetic": self.prober.sent,
        }  # fmt: skip

    def load(self, data: Mapping[str, Any]) -> None:
        """What `to_dict` gave."""
        self.state = rollout_from(data["state"])
        self.meter.load(data["meter"])
        self.judging.load(data["judging"])
        self.story = Story(**{**data["story"], "log": tuple(data["story"]["log"])})
        self.prober.sent = data["synthetic"]
