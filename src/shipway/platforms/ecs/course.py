"""Follows one deployment on ECS from its start to its end.

ECS executes; alarms and the circuit breaker guard; here is judged. When this process ends before
the deployment does, its next pause times out and ECS goes back (docs/ecs.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shipway.core.command_line import command_line
from shipway.core.judge import Decision
from shipway.core.outcome import Verdict
from shipway.core.story import Story
from shipway.core.watching import RolloutListener
from shipway.effects.aws_errors import Refused
from shipway.platforms.ecs.aftermath import LOOK, Aftermath
from shipway.platforms.ecs.answering import Answering, Stand
from shipway.platforms.ecs.aside import Aside
from shipway.platforms.ecs.calls import Lost
from shipway.platforms.ecs.deployment import Deployment
from shipway.platforms.ecs.failures import Failures

AGAIN = 120.0  # seconds after which what has not begun to go back is told again


@dataclass
class Course:
    """One deployment, by the ARN of the one that this command (or a killed one) started.

    save: called when something was learned that a later command needs. judging: False for a way
    back, which has no pauses. over: whether ECS has ended it.
    """

    answering: Answering
    failures: Failures
    listener: RolloutListener
    save: Callable[[], None]
    stopping: Callable[[], bool] = lambda: False
    judging: bool = True
    story: Story = field(default_factory=Story)
    asked: bool = False
    over: bool = False
    _undone: float = 0.0
    _told: tuple[Any, ...] = ()
    _moved: float = 0.0
    _warned: bool = False

    def __post_init__(self) -> None:
        self.arn = self.answering.arn
        self.observing = self.answering.observing
        self._parts = self.answering.parts
        self._settings = self.answering.settings
        self._environment = self.answering.environment
        self._aside = Aside(
            self._parts, self.failures, self._settings.ecs.failed_tasks, self.say,
            self.listener.said,
        )  # fmt: skip
        self._aftermath = Aftermath(
            self.answering, self._aside, self.failures.definition["taskDefinitionArn"],
            smoked=self.judging and self._settings.strategy == "rolling",
        )  # fmt: skip

    def go(self) -> Verdict:
        """To the end, until a person is needed, or until nobody knows any more."""
        self._moved = self._parts.clock.now()
        while True:
            try:
                verdict = self._look()
                if verdict is not None:
                    return verdict
                self._parts.clock.sleep(self._parts.calls.spread(LOOK))
            except KeyboardInterrupt:
                if self.asked:
                    raise
                self.stop("it was interrupted", "Deploy it again when it may go on.")
                self.listener.said("interrupted: going back; once more leaves it to ECS")
            except (Lost, Refused) as problem:
                return self._unknown(problem.message, problem.remedy)

    def stop(self, cause: str, remedy: str, log: tuple[str, ...] = ()) -> None:
        """Have it undone, at the next look."""
        self.asked = True
        self.story.blame(cause, remedy, log)

    def say(self, line: str) -> None:
        """A line for people that the receipt keeps, too."""
        self.story.timeline.append({"at": self._parts.clock.now(), "stage": "", "text": line})
        self.listener.said(line)

    def _look(self) -> Verdict | None:
        found = self._parts.service.deployments([self.arn])
        if not found:
            return self._unknown("ECS does not tell of this deployment any more", "")
        seen = found[0]
        weight = self._weight(seen)
        self._note(seen, weight)
        self._aside.look(over=seen.over)
        if seen.over:
            self.over = True
            return self._aftermath.verdict(seen, self.story)
        if self.judging:
            self.observing.look(seen, weight)
        if seen.going_back:
            return self._too_long()
        self._condemn()
        if self.asked:
            self._undo(seen)
            return self._too_long()
        return self._at_pause(seen)

    def _weight(self, seen: Deployment) -> float:
        """Percent of the requests for the new release."""
        return seen.by_tasks if self._settings.strategy == "rolling" else seen.weight or 0.0

    def _note(self, seen: Deployment, weight: float) -> None:
        """A stage, a share, a pause: what changed is a line of the timeline."""
        self.answering.note(seen)
        if seen.created:  # AWS's clock counts: tasks are compared with it
            self.failures.since = min(self.failures.since, seen.created)
        waiting, stage = seen.waiting, seen.stage
        text = f"{weight:g} % of requests; {seen.running} of {seen.wanted} tasks run"
        if waiting is not None and self.judging:
            stage = self.answering.stage(seen, waiting)
            text = f"paused at {weight:g} % of requests"
        if (stage, text) == self._told:
            return
        self._told, self._moved = (stage, text), self._parts.clock.now()
        text = "" if seen.over else text
        self.story.timeline.append({"at": self._moved, "stage": stage, "text": text})
        self.listener.staged(self._moved, stage, text)
        if seen.alarms == "DISABLED" and self._settings.ecs.alarms and self.judging:
            self._warn()
        self.save()

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            self.say(
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

    def _undo(self, seen: Deployment) -> None:
        """An answer where ECS waits for one, elsewhere a request to stop."""
        now = self._parts.clock.now()
        if now - self._undone < AGAIN:
            return
        self._undone = now
        self.listener.said(f"going back: {self.story.cause}")
        try:
            if (hook := seen.waiting) is not None:
                self._parts.service.answer(self.arn, hook.identity, go_on=False)
            else:
                self._parts.service.stop(self.arn)
        except Refused as problem:  # a pause's end, the breaker, an alarm may still undo it
            self.say(f"it could not be told to go back: {problem.message}")
        self.save()

    def _at_pause(self, seen: Deployment) -> Verdict | None:
        hook = seen.waiting
        if hook is None or not self.judging:
            return self._too_long()
        stand = self.answering.look(seen, hook)
        found = self.answering.why
        if stand is Stand.BACK:
            self.stop(found.cause, found.remedy)
        elif stand is Stand.HELD:
            self.story.blame(found.cause, found.remedy)
        self.save()
        return Verdict.NEEDS_PERSON if stand is Stand.HELD else None

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
        self.story.blame(f"how it ends is not known: {cause}", f"{remedy} {again}".strip())
        return Verdict.UNKNOWN

    def to_dict(self) -> dict[str, Any]:
        """What another command needs to go on."""
        pauses = self.answering
        return {
            "story": vars(self.story), "hooks": pauses.hooks, "since": pauses.since,
            "held": pauses.held, "asked": self.asked, "observing": self.observing.to_dict(),
            "told": list(self._told), "failed": self.failures.seen,
        }  # fmt: skip

    def load(self, data: Mapping[str, Any]) -> None:
        """What `to_dict` gave."""
        self.story = Story(**{**data["story"], "log": tuple(data["story"]["log"])})
        pauses = self.answering
        pauses.hooks, pauses.since = list(data["hooks"]), dict(data["since"])
        pauses.held, self.asked = data["held"], data["asked"]
        self.observing.load(data["observing"])
        self._told = tuple(data["told"])
        self.failures.seen = list(data["failed"])
