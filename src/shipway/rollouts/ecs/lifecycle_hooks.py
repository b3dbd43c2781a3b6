"""Answers the pauses of one deployment: by the judge, by smoke tests, or by a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from shipway.config.schema import Environment
from shipway.pipeline.command_line import command_line
from shipway.rollouts.analysis.window import Decision
from shipway.rollouts.ecs.analysis import CanaryAnalysis
from shipway.rollouts.ecs.deployment import Deployment, LifecycleHook
from shipway.rollouts.ecs.deployment_configuration import JUDGED, has_pause
from shipway.rollouts.ecs.failures import FailureReason
from shipway.rollouts.ecs.load_balancer import SmokeTests
from shipway.rollouts.ecs.ports import EcsClients
from shipway.rollouts.events import RolloutListener
from shipway.rollouts.state_machine import Stage

# What is answered at ECS's pauses, and when. Pure.
#
# ECS says that a pause waits, not where (M: no stage before a shift, none with a hook). So a pause
# is known by how many came before it, and by the traffic that has moved.

BEFORE, AFTER = JUDGED
BLIND = 300.0  # seconds without anything to judge by until a person is wanted


class HookAction(StrEnum):
    """What to do about a pause."""

    WAIT = "wait"
    CONTINUE = "go on"
    ROLLBACK = "go back"
    INCONCLUSIVE = "hold"  # the judge wants a person
    ASK_PERSON = "ask"  # a person's pause: wait until somebody answers it


@dataclass(frozen=True)
class HookContext:
    """What is known at a pause.

    waited: seconds since it began. counted: seconds after its beginning up to which all requests
    were counted, negative while it has not come so far. traffic_seen: requests of the new release
    since
    the rollout began. promoted: whether the judge has promoted it at an earlier share. judged:
    whether there are figures to judge by.
    """

    stage: str
    weight: float | None
    waited: float
    counted: float
    traffic_seen: int
    decision: Decision
    promoted: bool = False
    judged: bool = True


def stage_of_hook(number: int, weight: float | None, settings: Environment) -> str:
    """Where a pause is. number: how many of this deployment's came before it.

    Where ECS does not say who has how much, it is taken for one before a shift: there nothing
    goes on that the judge has not promoted.
    """
    first = [str(stage) for stage in Stage if has_pause(settings, stage) or stage in JUDGED]
    first = first[: first.index(BEFORE) + 1]
    if not weight and number < len(first):
        return first[number]
    return AFTER if weight is not None and weight >= 100 else BEFORE


def hook_action(settings: Environment, view: HookContext) -> HookAction:
    """What the judge and the settings want; a person's pause is asked for after the judge's."""
    ours = _judged(settings, view) if view.stage in JUDGED else HookAction.CONTINUE
    person = has_pause(settings, view.stage)
    if ours is not HookAction.CONTINUE or person is None or _in_between(view):
        return ours
    if view.waited < person.timeout:
        return HookAction.ASK_PERSON
    return HookAction.CONTINUE if person.on_timeout == "continue" else HookAction.ROLLBACK


def _in_between(view: HookContext) -> bool:
    """A person is asked before the first shift, not before every later step."""
    return view.stage == BEFORE and bool(view.weight)


def _judged(settings: Environment, view: HookContext) -> HookAction:
    if view.stage == BEFORE and view.weight == 0:
        return HookAction.CONTINUE  # nobody has met the new release yet
    last = view.stage == AFTER
    bake = settings.bake if last else settings.step_bake
    if not settings.judged:
        return HookAction.CONTINUE if view.waited >= bake else HookAction.WAIT
    blind = not view.judged and view.waited >= BLIND
    if blind or (view.decision is Decision.INCONCLUSIVE and not (last and view.promoted)):
        return HookAction.INCONCLUSIVE
    if view.counted < bake:  # figures come minutes late: every share is seen before the next
        return HookAction.WAIT
    enough = view.traffic_seen > 0 if last else view.decision is Decision.PROMOTE
    return HookAction.CONTINUE if enough else HookAction.WAIT


# Gives the answers, and tells people where one of theirs is waited for.


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
