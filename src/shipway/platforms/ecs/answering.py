"""Answers the pauses of one deployment: by the judge, by smoke tests, or by a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from shipway.core.command_line import command_line
from shipway.core.config import Environment
from shipway.core.watching import RolloutListener
from shipway.platforms.ecs.deployment import Deployment, Hook
from shipway.platforms.ecs.ending import Why
from shipway.platforms.ecs.observing import Observing
from shipway.platforms.ecs.parts import Parts
from shipway.platforms.ecs.pauses import AFTER, BEFORE, Answer, View, answer, stage_of
from shipway.platforms.ecs.smoking import Smoking


class Stand(StrEnum):
    """How it is with a pause after it was looked at."""

    WAITING = "waiting"
    HELD = "held"  # the judge wants a person
    BACK = "back"  # it is to be undone: `why` says why


@dataclass
class Answering:
    """hooks: all pauses so far, in their order. since: when each was first seen. held: the one
    that waits for a person."""

    parts: Parts
    settings: Environment
    environment: str
    arn: str
    observing: Observing
    smoking: Smoking
    listener: RolloutListener
    hooks: list[str] = field(default_factory=list)
    since: dict[str, float] = field(default_factory=dict)
    held: str = ""
    why: Why = field(default_factory=lambda: Why("", ""))

    def note(self, seen: Deployment) -> None:
        """Remember pauses, also those that somebody else has answered already."""
        for hook in seen.hooks:
            if hook.identity not in self.hooks:
                self.hooks.append(hook.identity)

    def stage(self, seen: Deployment, hook: Hook) -> str:
        """Where a pause is."""
        return stage_of(self.hooks.index(hook.identity), seen.weight, self.settings)

    def look(self, seen: Deployment, hook: Hook) -> Stand:
        """Answer a pause, or not yet."""
        stage = self.stage(seen, hook)
        if hook.identity not in self.since:
            self.since[hook.identity] = self.parts.clock.now()
            if wrong := self._smoke(stage, seen):
                return self._back(f"a smoke test failed: {wrong}", "Correct the release.")
        wanted = answer(self.settings, self._view(seen, stage, hook))
        if wanted is Answer.GO_ON:
            self.listener.said(f"{stage}: going on")
            self.parts.service.answer(self.arn, hook.identity, go_on=True)
        elif wanted is Answer.GO_BACK:
            return self._back(
                f"nobody answered the pause at {stage} in time",
                f"Deploy it again, and answer: {command_line('resume', self.environment)}.",
            )
        elif wanted is Answer.HOLD:
            return self._hold(hook)
        elif wanted is Answer.ASK and self.held != hook.identity:
            self.held = hook.identity
            self.listener.said(f"paused at {stage}. {self._choices}")
        return Stand.WAITING

    def _view(self, seen: Deployment, stage: str, hook: Hook) -> View:
        observing, since = self.observing, self.since[hook.identity]
        return View(
            stage, seen.weight, self.parts.clock.now() - since, observing.meter.upto - since,
            observing.got, observing.judging.decision, observing.promoted, observing.judged,
        )  # fmt: skip

    def _smoke(self, stage: str, seen: Deployment) -> str:
        if stage == BEFORE and not seen.weight:
            return self.smoking.test()
        return self.smoking.production() if stage == AFTER else ""

    def _back(self, cause: str, remedy: str) -> Stand:
        self.why = Why(cause, remedy)
        return Stand.BACK

    def _hold(self, hook: Hook) -> Stand:
        self.held = hook.identity
        left = max(0.0, hook.expires - self.parts.clock.now()) / 60
        self.why = Why(
            f"the judge holds it: {self.observing.judging.sentence}",
            f"{self._choices} Unanswered, ECS goes back by itself in {left:.0f} minutes.",
        )
        return Stand.HELD

    @property
    def _choices(self) -> str:
        name = self.environment
        return f"Go on: {command_line('resume', name)}. Go back: {command_line('cancel', name)}."
