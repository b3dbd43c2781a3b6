"""Answers the pauses of one deployment: by the judge, by smoke tests, or by a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from shipway.config.schema import Environment
from shipway.pipeline.command_line import command_line
from shipway.rollouts.ecs.analysis import CanaryAnalysis
from shipway.rollouts.ecs.deployment import Deployment, LifecycleHook
from shipway.rollouts.ecs.deployment_configuration import (
    AFTER,
    BEFORE,
    HookAction,
    HookContext,
    hook_action,
    stage_of_hook,
)
from shipway.rollouts.ecs.failures import FailureReason
from shipway.rollouts.ecs.load_balancer import SmokeTests
from shipway.rollouts.ecs.ports import EcsClients
from shipway.rollouts.events import RolloutListener


class HookStatus(StrEnum):
    """How it is with a pause after it was looked at."""

    WAITING = "waiting"
    AWAITING_APPROVAL = "held"  # the judge wants a person
    ROLLBACK = "back"  # it is to be undone: `why` says why


@dataclass(kw_only=True)
class HookResponder:
    """hooks: all pauses so far, in their order. since: when each was first seen.
    awaiting_approval: the one that waits for a person."""

    parts: EcsClients
    settings: Environment
    environment: str
    arn: str
    observing: CanaryAnalysis
    smoking: SmokeTests
    listener: RolloutListener
    hooks: list[str] = field(default_factory=list)
    since: dict[str, float] = field(default_factory=dict)
    awaiting_approval: str = ""
    reason: FailureReason = field(default_factory=lambda: FailureReason("", ""))

    def note(self, deployment: Deployment) -> None:
        """Remember pauses, also those that somebody else has answered already."""
        for hook in deployment.hooks:
            if hook.identity not in self.hooks:
                self.hooks.append(hook.identity)

    def stage(self, deployment: Deployment, hook: LifecycleHook) -> str:
        """Where a pause is."""
        return stage_of_hook(self.hooks.index(hook.identity), deployment.weight, self.settings)

    def poll(self, deployment: Deployment, hook: LifecycleHook) -> HookStatus:
        """Answer a pause, or not yet."""
        stage = self.stage(deployment, hook)
        if hook.identity not in self.since:
            self.since[hook.identity] = self.parts.clock.now()
            if wrong := self._smoke(stage, deployment):
                return self._back(f"a smoke test failed: {wrong}", "Correct the release.")
        decision = hook_action(self.settings, self._view(deployment, stage, hook))
        if decision is HookAction.CONTINUE:
            self.listener.on_message(f"{stage}: going on")
            self.parts.service.answer(self.arn, hook.identity, go_on=True)
        elif decision is HookAction.ROLLBACK:
            return self._back(
                f"nobody answered the pause at {stage} in time",
                f"Deploy it again, and answer: {command_line('resume', self.environment)}.",
            )
        elif decision is HookAction.INCONCLUSIVE:
            return self._hold(hook)
        elif decision is HookAction.ASK_PERSON and self.awaiting_approval != hook.identity:
            self.awaiting_approval = hook.identity
            self.listener.on_message(f"paused at {stage}. {self._choices}")
        return HookStatus.WAITING

    def _view(self, deployment: Deployment, stage: str, hook: LifecycleHook) -> HookContext:
        observing, since = self.observing, self.since[hook.identity]
        return HookContext(
            stage=stage,
            weight=deployment.weight,
            waited=self.parts.clock.now() - since,
            counted=observing.meter.read_until - since,
            traffic_seen=observing.has_traffic,
            decision=observing.judging.decision,
            promoted=observing.promoted,
            judged=observing.judged,
        )

    def _smoke(self, stage: str, deployment: Deployment) -> str:
        if stage == BEFORE and not deployment.weight:
            return self.smoking.test()
        return self.smoking.production() if stage == AFTER else ""

    def _back(self, cause: str, remedy: str) -> HookStatus:
        self.reason = FailureReason(cause, remedy)
        return HookStatus.ROLLBACK

    def _hold(self, hook: LifecycleHook) -> HookStatus:
        self.awaiting_approval = hook.identity
        left = max(0.0, hook.expires - self.parts.clock.now()) / 60
        self.reason = FailureReason(
            f"the judge holds it: {self.observing.judging.sentence}",
            f"{self._choices} Unanswered, ECS goes back by itself in {left:.0f} minutes.",
        )
        return HookStatus.AWAITING_APPROVAL

    @property
    def _choices(self) -> str:
        name = self.environment
        return f"Go on: {command_line('resume', name)}. Go back: {command_line('cancel', name)}."
