"""The two times when a rollout waits: for the judge, and for a person."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.core.command_line import command_line
from shipway.core.config import Environment
from shipway.core.judge import Decision
from shipway.core.ports import Clock
from shipway.core.rollout import Observation, Rollout
from shipway.core.story import Story
from shipway.platforms.local.guard import Guard
from shipway.platforms.local.lease import Answer

LOOK = 0.25  # seconds between looks
HEALTH_EVERY = 2.0  # seconds between looks at the health of instances that serve
DOUBT_LASTS = 60.0  # seconds at most that a bake is prolonged while the judge doubts


@dataclass
class Waiting:
    """Of one rollout; story is told why it ends otherwise than well."""

    settings: Environment
    guard: Guard
    clock: Clock

    def watch(self, state: Rollout, story: Story) -> Observation:
        """At a share of traffic, until the judge promotes; at all of it, for the bake, which does
        not end while the judge doubts: a rollout that is over quickly leaves it little to go by.

        What hangs answers nothing, and gives the judge no figures: so its health is asked, too.
        """
        bake = self.settings.bake if state.weight >= 100 else self.settings.step_bake
        end = self.clock.monotonic() + bake
        asked = self.clock.monotonic()
        while True:
            if (objection := self.guard.objection(state.stage, story)) is not None:
                return objection
            now = self.clock.monotonic()
            decision = self.guard.judging.decision
            if now >= end or now - asked >= HEALTH_EVERY:
                if self.guard.unwell(story):
                    return Observation.ALARM
                asked = now
            if now >= end and self._enough(state, decision, now - end):
                return Observation.DONE
            if decision is Decision.HOLD and state.weight < 100:
                story.blame(f"the judge holds it: {self.guard.judging.sentence}", self._choices)
                return Observation.HELD
            self.clock.sleep(LOOK)

    def pause(self, state: Rollout, story: Story) -> Observation:
        """Until a person answers, or the pause's time is over."""
        pause = self.settings.pauses[state.stage.value]  # type: ignore[index]  # its names
        end = self.clock.monotonic() + pause.timeout
        self.guard.listener.said(f"paused at {state.stage}. {self._choices}")
        while self.clock.monotonic() < end:
            answer = self.guard.lease.answer()
            if answer is Answer.CONTINUE:
                return Observation.DONE
            self.guard.asked = self.guard.asked or answer is Answer.STOP
            if (objection := self.guard.objection(state.stage, story)) is not None:
                return objection
            self.clock.sleep(LOOK)
        words = f"nobody answered the pause at {state.stage} within {pause.timeout:g} s"
        self.guard.listener.said(f"{words}: {pause.on_timeout}")
        if pause.on_timeout == "roll back":
            name = self.guard.environment
            story.blame(words, f"Roll it out again, and answer: {command_line('resume', name)}.")
        return Observation.TIMED_OUT

    def _enough(self, state: Rollout, decision: Decision, over: float) -> bool:
        """Whether it was watched for long enough, so many seconds after its time was over."""
        if not self.settings.judged or decision is Decision.PROMOTE:
            return True
        return state.weight >= 100 and (not self.guard.judging.doubts or over >= DOUBT_LASTS)

    @property
    def _choices(self) -> str:
        name = self.guard.environment
        return f"Go on: {command_line('resume', name)}. Go back: {command_line('cancel', name)}."
