"""Follows one deployment on ECS to its end; a success is looked at once more afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shipway.aws.client import AwsUnreachable
from shipway.aws.errors import AwsApiError
from shipway.pipeline.command_line import command_line
from shipway.pipeline.outcome import Verdict
from shipway.rollouts.analysis.window import Decision
from shipway.rollouts.ecs.deployment import Deployment
from shipway.rollouts.ecs.failures import (
    FailureReason,
    TaskFailure,
    TaskFailures,
    deployment_verdict,
    failure_reason,
    rollback_failed_reason,
)
from shipway.rollouts.ecs.lifecycle_hooks import HookResponder, HookStatus
from shipway.rollouts.ecs.ports import EcsClients
from shipway.rollouts.ecs.state import WatcherState
from shipway.rollouts.events import RolloutListener
from shipway.rollouts.report import RolloutNotes

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import ServiceEventTypeDef

# What happens beside a deployment's own state: tasks that stop, the service's events.

EVERY = 15.0  # seconds between looks
_SHOWN = 5  # events, and lines of a log, at once


class StoppedTaskMonitor:
    """say: a line that the receipt keeps; show: one that it does not."""

    def __init__(
        self,
        parts: EcsClients,
        failures: TaskFailures,
        limit: int,
        say: Callable[[str], None],
        show: Callable[[str], None],
    ) -> None:
        self._parts = parts
        self._failures = failures
        self._limit = limit
        self._say = say
        self._show = show
        self._looked = 0.0
        self._events: set[str] = set()
        self._refused: set[str] = set()
        self.failed: list[TaskFailure] = []

    def poll(self, *, over: bool) -> None:
        """Tell what is new, now and then; at the end in any case. What AWS refuses to tell of it
        ends nothing. Raises AwsUnreachable."""
        now = self._parts.clock.now()
        if now - self._looked < EVERY and not over:
            return
        self._looked = now
        try:
            self._tell_events(self._parts.service.describe().get("events", []))
            for failure in self._failures.fresh():
                self.failed.append(failure)
                self._say(f"a task stopped: {failure.cause}")
                for line in failure.log[-_SHOWN:]:
                    self._show(f"  | {line}")
        except AwsApiError as problem:
            if problem.message not in self._refused:
                self._refused.add(problem.message)
                self._show(problem.message)

    def verdict(self) -> FailureReason | None:
        """Why it makes no sense to go on: a failure that cannot heal, or too many."""
        hopeless = next((failure for failure in self.failed if not failure.heals), None)
        if hopeless is not None:
            return FailureReason(hopeless.cause, hopeless.remedy, hopeless.log)
        if len(self.failed) < self._limit:
            return None
        last = self.failed[-1]
        return FailureReason(
            f"{len(self.failed)} tasks failed: {last.cause}", last.remedy, last.log
        )

    def _tell_events(self, events: Sequence[ServiceEventTypeDef]) -> None:
        """Newest first, as ECS gives them; those before the deployment are known."""
        fresh = [
            event
            for event in events
            if event.get("id") not in self._events
            and event["createdAt"].timestamp() >= self._failures.since
        ]
        self._events |= {event["id"] for event in fresh}
        for event in reversed(fresh[:_SHOWN]):
            self._show(f"ECS: {event['message']}")


LOOK = 5.0  # seconds between looks at a deployment
STEADY = 30.0  # seconds that a success is given to have all its tasks


class PostDeploymentCheck:
    """Of one deployment. definition: the ARN of the task definition that it was to bring.

    smoked: whether production is asked now: rolling has no pause for it.
    """

    def __init__(
        self, answering: HookResponder, aside: StoppedTaskMonitor, definition: str, *, smoked: bool
    ) -> None:
        self._answering = answering
        self._parts = answering.parts
        self._aside = aside
        self._definition = definition
        self._smoked = smoked

    def verdict(self, deployment: Deployment, story: RolloutNotes) -> Verdict:
        """How it ended, told to the story. Raises AwsUnreachable, AwsApiError."""
        verdict = deployment_verdict(deployment)
        if verdict is Verdict.PASSED:
            return self._succeeded(story)
        if not (story.cause or deployment.triggered or self._aside.failed):
            self._parts.clock.sleep(LOOK)  # ECS may tell of the last task only now
            self._aside.poll(over=True)
        failed = self._aside.failed
        explanation = failure_reason(deployment, failed[-1] if failed else None)
        story.fail(explanation.cause, explanation.remedy, explanation.log)
        if verdict is Verdict.ACTION_REQUIRED:
            both = rollback_failed_reason(story.cause)
            story.cause, story.remedy = both.cause, both.remedy
        return verdict

    def _succeeded(self, story: RolloutNotes) -> Verdict:
        """A success whose tasks have ended again, or that something else has replaced since, is
        none."""
        fault = self._answering.smoking.production() if self._smoked else ""
        wrong = f"a smoke test failed: {fault}" if fault else self._fallen()
        if not wrong:
            story.cause = story.remedy = ""
            story.log = ()
            return Verdict.PASSED
        story.fail(
            f"it is deployed, and {wrong}",
            f"Go back: {command_line('rollback', self._answering.environment)}.",
        )
        return Verdict.FAILED

    def _fallen(self) -> str:
        """What does not run any more of what has just succeeded; "" where all does."""
        clock = self._parts.clock
        end = clock.monotonic() + STEADY
        while True:
            service = self._parts.service.describe()
            if service.get("taskDefinition") != self._definition:
                return "something else was put in its place since"
            running, desired = service.get("runningCount", 0), service.get("desiredCount", 0)
            if not desired:
                return "no task runs: the service has to have none (its desired count is 0)"
            if running >= desired:
                return ""
            if clock.monotonic() >= end:
                break
            clock.sleep(LOOK)
        self._aside.poll(over=True)
        failed = self._aside.failed  # without one, it is only growing
        return f"{running} of {desired} tasks run: {failed[-1].cause}" if failed else ""


# Follows one deployment on ECS from its start to its end.
#
# ECS executes; alarms and the circuit breaker guard; here is judged. When this process ends before
# the deployment does, its next pause times out and ECS goes back (docs/ecs.md).

AGAIN = 120.0  # seconds after which what has not begun to go back is told again


@dataclass(kw_only=True)
class DeploymentWatcher:
    """One deployment, by the ARN of the one that this command (or a killed one) started.

    save: called when something was learned that a later command needs. analysis: False for a way
    back, which has no pauses. finished: whether ECS has ended it.
    """

    hooks: HookResponder
    failures: TaskFailures
    listener: RolloutListener
    save: Callable[[], None]
    stopping: Callable[[], bool] = lambda: False
    analysis: bool = True
    notes: RolloutNotes = field(default_factory=RolloutNotes)
    asked: bool = False
    finished: bool = False
    _undone: float = 0.0
    _told: tuple[str, ...] = ()
    _moved: float = 0.0
    _warned: bool = False

    def __post_init__(self) -> None:
        self.arn = self.hooks.arn
        self.observing = self.hooks.observing
        self._parts = self.hooks.parts
        self._settings = self.hooks.settings
        self._environment = self.hooks.environment
        self._aside = StoppedTaskMonitor(
            self._parts,
            self.failures,
            self._settings.ecs.failed_tasks,
            self.log_message,
            self.listener.on_message,
        )
        self._aftermath = PostDeploymentCheck(
            self.hooks,
            self._aside,
            self.failures.definition["taskDefinitionArn"],
            smoked=self.analysis and self._settings.strategy == "rolling",
        )

    def run(self) -> Verdict:
        """To the end, until a person is needed, or until nobody knows any more."""
        self._moved = self._parts.clock.now()
        while True:
            try:
                verdict = self._look()
                if verdict is not None:
                    return verdict
                self._parts.clock.sleep(self._parts.calls.randomized(LOOK))
            except KeyboardInterrupt:
                if self.asked:
                    raise
                self.stop("it was interrupted", "Deploy it again when it may go on.")
                self.listener.on_message("interrupted: going back; once more leaves it to ECS")
            except (AwsUnreachable, AwsApiError) as problem:
                return self._unknown(problem.message, problem.remedy)

    def stop(self, cause: str, remedy: str, log: tuple[str, ...] = ()) -> None:
        """Have it undone, at the next look."""
        self.asked = True
        self.notes.fail(cause, remedy, log)

    def log_message(self, line: str) -> None:
        """A line for people that the receipt keeps, too."""
        self.notes.timeline.append({"at": self._parts.clock.now(), "stage": "", "text": line})
        self.listener.on_message(line)

    def _look(self) -> Verdict | None:
        deployments = self._parts.service.deployments([self.arn])
        if not deployments:
            return self._unknown("ECS does not tell of this deployment any more", "")
        deployment = deployments[0]
        weight = self._weight(deployment)
        self._note(deployment, weight)
        self._aside.poll(over=deployment.is_final)
        if deployment.is_final:
            self.finished = True
            return self._aftermath.verdict(deployment, self.notes)
        if self.analysis:
            self.observing.poll(deployment, weight)
        if deployment.is_rolling_back:
            return self._too_long()
        self._condemn()
        if self.asked:
            self._undo(deployment)
            return self._too_long()
        return self._at_pause(deployment)

    def _weight(self, deployment: Deployment) -> float:
        """Percent of the requests for the new release."""
        return (
            deployment.by_tasks
            if self._settings.strategy == "rolling"
            else deployment.weight or 0.0
        )

    def _note(self, deployment: Deployment, weight: float) -> None:
        """A stage, a share, a pause: what changed is a line of the timeline."""
        self.hooks.note(deployment)
        if deployment.created:  # AWS's clock counts: tasks are compared with it
            self.failures.since = min(self.failures.since, deployment.created)
        waiting, stage = deployment.waiting_hooks, deployment.stage
        text = f"{weight:g} % of requests; {deployment.running} of {deployment.desired} tasks run"
        if waiting is not None and self.analysis:
            stage = self.hooks.stage(deployment, waiting)
            text = f"paused at {weight:g} % of requests"
        if (stage, text) == self._told:
            return
        self._told, self._moved = (stage, text), self._parts.clock.now()
        text = "" if deployment.is_final else text
        self.notes.timeline.append({"at": self._moved, "stage": stage, "text": text})
        self.listener.on_stage(self._moved, stage, text)
        if deployment.alarms == "DISABLED" and self._settings.ecs.alarms and self.analysis:
            self._warn()
        self.save()

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            self.log_message(
                "WARNING: an alarm was firing when it began, so ECS does not watch alarms in this "
                "deployment: they do not guard it"
            )

    def _condemn(self) -> None:
        """What has it undone: somebody, tasks that fail, the judge."""
        if self.asked:
            return
        failing = self._aside.verdict()
        if self.stopping():
            self.stop("somebody stopped it", "Deploy it again when it may go on.")
        elif failing is not None:
            self.stop(failing.cause, failing.remedy, failing.log)
        elif self.observing.judging.decision is Decision.ROLL_BACK:
            self.stop(
                f"the judge rolled it back: {self.observing.judging.sentence}",
                "Correct the release; its log says more: "
                f"{command_line('logs', self._environment)}.",
            )

    def _undo(self, deployment: Deployment) -> None:
        """An answer where ECS waits for one, elsewhere a request to stop."""
        now = self._parts.clock.now()
        if now - self._undone < AGAIN:
            return
        self._undone = now
        self.listener.on_message(f"going back: {self.notes.cause}")
        try:
            if (hook := deployment.waiting_hooks) is not None:
                self._parts.service.answer(self.arn, hook.identity, go_on=False)
            else:
                self._parts.service.stop(self.arn)
        except AwsApiError as problem:  # a pause's end, the breaker, an alarm may still undo it
            self.log_message(f"it could not be told to go back: {problem.message}")
        self.save()

    def _at_pause(self, deployment: Deployment) -> Verdict | None:
        hook = deployment.waiting_hooks
        if hook is None or not self.analysis:
            return self._too_long()
        stand = self.hooks.poll(deployment, hook)
        explanation = self.hooks.reason
        if stand is HookStatus.ROLLBACK:
            self.stop(explanation.cause, explanation.remedy)
        elif stand is HookStatus.AWAITING_APPROVAL:
            self.notes.fail(explanation.cause, explanation.remedy)
        self.save()
        return Verdict.ACTION_REQUIRED if stand is HookStatus.AWAITING_APPROVAL else None

    def _too_long(self) -> Verdict | None:
        """Nothing moved for so long that watching it makes no sense. A pause has its own end."""
        if self._parts.clock.now() - self._moved < self._settings.ecs.timeout:
            return None
        return self._unknown(
            f"nothing has changed for {self._settings.ecs.timeout / 60:.0f} minutes", ""
        )

    def _unknown(self, cause: str, remedy: str) -> Verdict:
        """Not a failure: ECS goes on without us."""
        again = f"See how it goes on: {command_line('resume', self._environment)}."
        self.notes.fail(f"how it ends is not known: {cause}", f"{remedy} {again}".strip())
        return Verdict.UNKNOWN

    def snapshot(self) -> WatcherState:
        """What another command needs to go on."""
        pauses = self.hooks
        return WatcherState(
            notes=self.notes,
            canary=self.observing.snapshot(),
            hooks=tuple(pauses.hooks),
            since=dict(pauses.since),
            awaiting_approval=pauses.awaiting_approval,
            asked=self.asked,
            reported=self._told,
            failed=tuple(self.failures.seen),
        )

    def restore(self, known: WatcherState) -> None:
        """What `snapshot` gave."""
        self.notes = known.notes
        pauses = self.hooks
        pauses.hooks, pauses.since = list(known.hooks), dict(known.since)
        pauses.awaiting_approval, self.asked = known.awaiting_approval, known.asked
        self.observing.restore(known.canary)
        self._told = known.reported
        self.failures.seen = list(known.failed)
