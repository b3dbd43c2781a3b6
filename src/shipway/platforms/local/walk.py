"""Carries out one rollout on this machine: asks the state machine, does what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shipway.core.config import Environment
from shipway.core.errors import RecordError, ShipwayError
from shipway.core.judge import Decision
from shipway.core.ports import Clock, Http
from shipway.core.release import Release
from shipway.core.rollout import Action, Do, Observation, Rollout, Stage, advance, rollout_from
from shipway.core.rollout_judging import Judging
from shipway.core.story import Story
from shipway.core.watching import RolloutListener
from shipway.effects.smoking import first_fault
from shipway.platforms.local.envoy import RELEASE_HEADER
from shipway.platforms.local.instances import Instance, cluster_of
from shipway.platforms.local.keeper import Keeper
from shipway.platforms.local.lease import Answer, Lease
from shipway.platforms.local.meter import Meter
from shipway.platforms.local.probing import Prober
from shipway.platforms.local.proxy import Proxy
from shipway.platforms.local.team import Team

LOOK = 0.25  # seconds between looks while waiting
HEALTH_EVERY = 2.0  # seconds between looks at the health of instances that serve
TRIES = 3  # health checks in a row that fail before an instance counts as unwell


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
    asked: bool = False
    story: Story = field(default_factory=Story)

    def __post_init__(self) -> None:
        self.keeper = Keeper(
            self.proxy, cluster_of(self.release.digest), self.meter, self.judging, self.prober,
            self.listener,
        )  # fmt: skip

    def go(self, observation: Observation | None) -> Rollout:
        """To the end, or until a person is needed. None: do again what had been begun.

        Raises RecordError where nothing can be written any more: what was moved stays as it is.
        """
        with self.keeper.watching():
            while True:
                if observation is not None:
                    if observation not in (Observation.BEGIN, Observation.DONE):
                        self._count()
                    self.state, _ = advance(self.state, observation)
                    self._note()
                    self.save()
                if self.state.stage.final or self.state.held:
                    return self.state
                observation = self._between() or self._carry_out(self.state.last)

    def _count(self) -> None:
        """Who is really there: an action that did not get to its end may have done a part."""
        old = len(self.team.of(self.before.digest)) if self.before else 0
        new = len(self.team.of(self.release.digest))
        self.state = replace(self.state, old=old, new=new)

    def _between(self) -> Observation | None:
        """What keeps the next action from being begun."""
        if self.state.stage is Stage.ROLLING_BACK:
            return None
        if self._stopped():
            self.story.blame("somebody stopped it", "Roll it out again when it may go on.")
            return Observation.STOP
        if self._condemned():
            return Observation.ALARM
        self._revive_old()
        return None

    def _revive_old(self) -> None:
        """An instance of the old release that died is replaced: there may be a way back to it.

        Not while new ones have started and not joined: `Team.start` would take them for dead.
        """
        dead = self.team.dead(self.before.digest) if self.before else None
        if dead is None or self.before is None or not all(one.joined for one in self.team.members):
            return
        self.team.drop([dead], served=False)
        why, _ = self.team.start(self.before, 1, self._stopped)
        self.listener.said(why or f"an instance of {self.before.name} had ended: replaced")
        self.team.join()
        self.keeper.serve(replace(self.proxy.shares, serving=self.team.serving(())))

    def _condemned(self) -> bool:
        """Whether the judge, or the death of a new instance, wants it undone."""
        if self.judging.decision is Decision.ROLL_BACK:
            self.story.blame(
                f"the judge rolled it back: {self.judging.sentence}",
                f"Correct the release; its log says more: shipway logs {self.environment}.",
            )
            return True
        dead = self.team.dead(self.release.digest)
        if dead is not None:
            self.story.blame(
                f"an instance of {self.release.name} ended while it served",
                f"Read its log: {dead.log}", self.team.instances.tail(dead),
            )  # fmt: skip
        return dead is not None

    def _carry_out(self, action: Action) -> Observation:
        try:
            return self._do(action)
        except RecordError:
            raise
        except KeyboardInterrupt:
            if self.state.stage is Stage.ROLLING_BACK:
                raise
            self.story.blame("it was interrupted", "Roll it out again when it may go on.")
            self.listener.said("interrupted: going back; once more leaves it as it is")
            return Observation.STOP
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
            return self._watch(self.settings.step_bake if action.weight < 100
                               else self.settings.bake)  # fmt: skip
        if action.do is Do.PAUSE:
            return self._pause()
        if action.do is not Do.NOTHING:
            self._move(action)
        return Observation.DONE

    def _start(self, release: Release | None, action: Action) -> Observation:
        if release is None:
            return Observation.FAILED
        why, sick = self.team.start(release, action.count, self._stopped)
        if sick is None:
            return Observation.DONE
        self.story.blame(why, f"Read its log: {sick.log}", self.team.instances.tail(sick))
        self.listener.said(why)
        return Observation.FAILED

    def _stopped(self) -> bool:
        """Whether somebody wants it stopped, or everything ends."""
        self.asked = self.asked or self.lease.answer() is Answer.STOP or self.stopping()
        return self.asked and self.state.stage is not Stage.ROLLING_BACK

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

    def _watch(self, seconds: float) -> Observation:
        """At a share of traffic, until the judge promotes; at all of it, for so many seconds.

        What hangs answers nothing, and gives the judge no figures: so its health is asked, too.
        """
        end = self.clock.monotonic() + seconds
        asked = self.clock.monotonic()
        while True:
            if (between := self._between()) is not None:
                return between
            decision = self.judging.decision
            over = self.clock.monotonic() >= end
            if over or self.clock.monotonic() - asked >= HEALTH_EVERY:
                if self._unwell():
                    return Observation.ALARM
                asked = self.clock.monotonic()
            if over and (
                decision is Decision.PROMOTE or self.state.weight >= 100 or not self.settings.judged
            ):
                return Observation.DONE
            if decision is Decision.HOLD and self.state.weight < 100:
                self.story.blame(f"the judge holds it: {self.judging.sentence}", self._choices)
                return Observation.HELD
            self.clock.sleep(LOOK)

    def _unwell(self) -> bool:
        """Whether an instance of the new release fails its health check again and again."""
        for one in self.team.of(self.release.digest):
            if fault := self._lasting_fault(one):
                self.story.blame(
                    f"an instance of {self.release.name} is unwell while it serves: {fault}",
                    f"Read its log: {one.log}", self.team.instances.tail(one),
                )  # fmt: skip
                return True
        return False

    def _lasting_fault(self, instance: Instance) -> str:
        """What its health check says when it fails each time; nothing once it does not."""
        fault = ""
        for _ in range(TRIES):
            fault = self.team.instances.health(instance)
            if not fault:
                break
        return fault

    def _pause(self) -> Observation:
        pause = self.settings.pauses[self.state.stage.value]  # type: ignore[index]  # its names
        end = self.clock.monotonic() + pause.timeout
        self.listener.said(f"paused at {self.state.stage}. {self._choices}")
        while self.clock.monotonic() < end:
            answer = self.lease.answer()
            if answer is Answer.CONTINUE:
                return Observation.DONE
            self.asked = self.asked or answer is Answer.STOP
            if (between := self._between()) is not None:
                return between
            self.clock.sleep(LOOK)
        words = f"nobody answered the pause at {self.state.stage} within {pause.timeout:g} s"
        self.listener.said(f"{words}: {pause.on_timeout}")
        if pause.on_timeout == "roll back":
            self.story.blame(
                words, f"Roll it out again, and answer: shipway resume {self.environment}."
            )
        return Observation.TIMED_OUT

    @property
    def _choices(self) -> str:
        name = self.environment
        return f"Go on: shipway resume {name}. Go back: shipway cancel {name}."

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
