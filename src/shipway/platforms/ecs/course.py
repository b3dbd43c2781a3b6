"""Follows one deployment on ECS from its start to its end, and answers its pauses.

ECS executes; alarms and the circuit breaker guard; here is judged. When this process ends before
the deployment does, its next pause times out and ECS goes back (docs/ecs.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shipway.core.config import Environment
from shipway.core.judge import Decision
from shipway.core.outcome import Verdict
from shipway.core.story import Story
from shipway.core.watching import RolloutListener
from shipway.platforms.ecs.calls import Lost, Refused
from shipway.platforms.ecs.deployment import Deployment, Hook
from shipway.platforms.ecs.ending import verdict_of, way_back_failed, why
from shipway.platforms.ecs.failures import Failure, Failures
from shipway.platforms.ecs.observing import Observing
from shipway.platforms.ecs.parts import Parts
from shipway.platforms.ecs.pauses import AFTER, BEFORE, Answer, View, answer, stage_of
from shipway.platforms.ecs.smoking import Smoking

LOOK = 5.0  # seconds between looks at the deployment
ASIDE = 15.0  # seconds between looks at tasks and events
AGAIN = 120.0  # seconds after which what has not begun to go back is told again
EVENTS = 5  # of the service, shown at once


@dataclass
class Course:
    """One deployment. arn: its own, that this command (or a killed one) started. save: called
    when something was learned that a later command needs. judging: False for a way back, which
    has no pauses."""

    parts: Parts
    settings: Environment
    environment: str
    arn: str
    observing: Observing
    failures: Failures
    smoking: Smoking
    listener: RolloutListener
    save: Callable[[], None]
    stopping: Callable[[], bool] = lambda: False
    judging: bool = True
    story: Story = field(default_factory=Story)
    hooks: list[str] = field(default_factory=list)
    since: dict[str, float] = field(default_factory=dict)
    held: str = ""
    asked: bool = False
    _undone: float = 0.0
    _failed: list[Failure] = field(default_factory=list)
    _told: tuple[Any, ...] = ()
    _moved: float = 0.0
    _aside: float = 0.0
    _events: set[str] = field(default_factory=set)
    _warned: bool = False

    def go(self) -> Verdict:
        """To the end, until a person is needed, or until nobody knows any more."""
        self._moved = self.parts.clock.now()
        while True:
            try:
                verdict = self._look()
                if verdict is not None:
                    return verdict
                self.parts.clock.sleep(self.parts.calls.spread(LOOK))
            except KeyboardInterrupt:
                if self.asked:
                    raise
                self.stop("it was interrupted", "Deploy it again when it may go on.")
                self.listener.said("interrupted: going back; once more leaves it to ECS")
            except Lost as problem:
                return self._unknown(problem.message, problem.remedy)

    def stop(self, cause: str, remedy: str, log: tuple[str, ...] = ()) -> None:
        """Have it undone, at the next look."""
        self.asked = True
        self.story.blame(cause, remedy, log)

    def _look(self) -> Verdict | None:
        found = self.parts.service.deployments([self.arn])
        if not found:
            return self._unknown("ECS does not tell of this deployment any more", "")
        seen = found[0]
        weight = self._weight(seen)
        self._note(seen, weight)
        self._look_aside(over=seen.over)
        if seen.over:
            return self._ended(seen)
        if self.judging:
            self.observing.look(seen, weight)
        self._condemn(seen)
        if self.asked and not seen.going_back:
            self._undo(seen)
        elif not seen.going_back and (hook := seen.waiting) is not None and self.judging:
            return self._at_pause(seen, hook)
        return self._too_long()

    def _weight(self, seen: Deployment) -> float:
        if self.settings.strategy == "rolling" or seen.weight is None:
            return seen.by_tasks if self.settings.strategy == "rolling" else 0.0
        return seen.weight

    def _note(self, seen: Deployment, weight: float) -> None:
        """A stage, a share, a pause: what changed is a line of the timeline."""
        for hook in seen.hooks:
            if hook.identity not in self.hooks:
                self.hooks.append(hook.identity)
        waiting, stage = seen.waiting, seen.stage
        text = f"{weight:g} % of requests; {seen.running} of {seen.wanted} tasks run"
        if waiting is not None and self.judging:
            stage, text = self._stage(seen, waiting), f"paused at {weight:g} % of requests"
        if (stage, text) == self._told:
            return
        self._told, self._moved = (stage, text), self.parts.clock.now()
        text = "" if seen.over else text
        self.story.timeline.append({"at": self._moved, "stage": stage, "text": text})
        self.listener.staged(self._moved, stage, text)
        if seen.alarms == "DISABLED" and self.settings.ecs.alarms and self.judging:
            self._warn()
        self.save()

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            self.say(
                "WARNING: an alarm was firing when it began, so ECS does not watch alarms in this "
                "deployment: they do not guard it"
            )

    def say(self, line: str) -> None:
        """A line for people that the receipt keeps, too."""
        self.story.timeline.append({"at": self.parts.clock.now(), "stage": "", "text": line})
        self.listener.said(line)

    def _stage(self, seen: Deployment, hook: Hook) -> str:
        return stage_of(self.hooks.index(hook.identity), seen.weight, self.settings)

    def _look_aside(self, *, over: bool) -> None:
        """Events and stopped tasks; what AWS refuses to tell of them ends nothing."""
        now = self.parts.clock.now()
        if now - self._aside < ASIDE and not over:
            return
        self._aside = now
        try:
            service = self.parts.service.describe()
            self._tell_events(service.get("events", []))
            for failure in self.failures.fresh():
                self._failed.append(failure)
                self.say(f"a task stopped: {failure.cause}")
                for line in failure.log[-EVENTS:]:
                    self.listener.said(f"  | {line}")
        except Refused as problem:
            self.listener.said(problem.message)

    def _tell_events(self, events: list[Mapping[str, Any]]) -> None:
        """Newest first, as ECS gives them; those before the deployment are known."""
        fresh = [one for one in events if one.get("id") not in self._events
                 and one["createdAt"].timestamp() >= self.failures.since]  # fmt: skip
        self._events |= {one["id"] for one in fresh}
        for one in reversed(fresh[:EVENTS]):
            self.listener.said(f"ECS: {one['message']}")

    def _condemn(self, seen: Deployment) -> None:
        """What has it undone: somebody, a failure that cannot heal, too many, the judge."""
        if self.asked or seen.going_back:
            return
        hopeless = next((one for one in self._failed if not one.heals), None)
        limit = self.settings.ecs.failed_tasks
        if self.stopping():
            self.stop("somebody stopped it", "Deploy it again when it may go on.")
        elif hopeless is not None:
            self.stop(hopeless.cause, hopeless.remedy, hopeless.log)
        elif len(self._failed) >= limit:
            last = self._failed[-1]
            self.stop(f"{len(self._failed)} tasks failed: {last.cause}", last.remedy, last.log)
        elif self.observing.judging.decision is Decision.ROLL_BACK:
            self.stop(
                f"the judge rolled it back: {self.observing.judging.sentence}",
                f"Correct the release; its log says more: shipway logs {self.environment}.",
            )

    def _undo(self, seen: Deployment) -> None:
        """An answer where ECS waits for one, elsewhere a request to stop."""
        now = self.parts.clock.now()
        if now - self._undone < AGAIN:
            return
        self._undone = now
        self.listener.said(f"going back: {self.story.cause}")
        if (hook := seen.waiting) is not None:
            self.parts.service.answer(self.arn, hook.identity, go_on=False)
        else:
            self.parts.service.stop(self.arn)
        self.save()

    def _at_pause(self, seen: Deployment, hook: Hook) -> Verdict | None:
        stage = self._stage(seen, hook)
        new = hook.identity not in self.since
        since = self.since.setdefault(hook.identity, self.parts.clock.now())
        if new:
            wrong = self._smoke(stage, seen)
            if wrong:
                self.stop(f"a smoke test failed: {wrong}", "Correct the release.")
                return None
            self.save()
        view = self._view(seen, stage, since)
        wanted = answer(self.settings, view)
        if wanted is Answer.GO_ON:
            self.listener.said(f"{stage}: going on")
            self.parts.service.answer(self.arn, hook.identity, go_on=True)
        elif wanted is Answer.GO_BACK:
            self.stop(
                f"nobody answered the pause at {stage} in time",
                f"Deploy it again, and answer: shipway resume {self.environment}.",
            )
        elif wanted is Answer.HOLD:
            return self._hold(hook)
        elif wanted is Answer.ASK and self.held != hook.identity:
            self.held = hook.identity
            self.listener.said(f"paused at {stage}. {self._choices}")
            self.save()
        return self._too_long(waiting=True)

    def _view(self, seen: Deployment, stage: str, since: float) -> View:
        observing = self.observing
        return View(
            stage, seen.weight, self.parts.clock.now() - since, observing.meter.upto - since,
            observing.got, observing.judging.decision, observing.promoted,
            observing.judged,
        )  # fmt: skip

    def _smoke(self, stage: str, seen: Deployment) -> str:
        if stage == BEFORE and not seen.weight:
            return self.smoking.test()
        return self.smoking.production() if stage == AFTER else ""

    def _hold(self, hook: Hook) -> Verdict:
        self.held = hook.identity
        until = self.parts.clock.now()
        left = max(0.0, hook.expires - until) / 60
        self.story.blame(
            f"the judge holds it: {self.observing.judging.sentence}",
            f"{self._choices} Unanswered, ECS goes back by itself in {left:.0f} minutes.",
        )
        self.save()
        return Verdict.NEEDS_PERSON

    @property
    def _choices(self) -> str:
        name = self.environment
        return f"Go on: shipway resume {name}. Go back: shipway cancel {name}."

    def _too_long(self, *, waiting: bool = False) -> Verdict | None:
        """Nothing moved for so long that watching it makes no sense. A pause has its own end."""
        if waiting or self.parts.clock.now() - self._moved < self.settings.ecs.timeout:
            return None
        return self._unknown(
            f"nothing has changed for {self.settings.ecs.timeout / 60:.0f} minutes", ""
        )

    def _unknown(self, cause: str, remedy: str) -> Verdict:
        """Not a failure: ECS goes on without us."""
        again = f"See how it goes on: shipway resume {self.environment}."
        self.story.blame(f"how it ends is not known: {cause}", f"{remedy} {again}".strip())
        return Verdict.UNKNOWN

    def _ended(self, seen: Deployment) -> Verdict:
        verdict = verdict_of(seen)
        if verdict is Verdict.PASSED:
            return self._succeeded()
        last = self._failed[-1] if self._failed else None
        found = why(seen, last)
        self.story.blame(found.cause, found.remedy, found.log)
        if verdict is Verdict.NEEDS_PERSON:
            both = way_back_failed(self.story.cause)
            self.story.cause, self.story.remedy = both.cause, both.remedy
        return verdict

    def _succeeded(self) -> Verdict:
        """Rolling has no pause: there, production is asked now."""
        rolled = self.settings.strategy == "rolling" and self.judging
        wrong = self.smoking.production() if rolled else ""
        if not wrong:
            self.story.cause = self.story.remedy = ""
            self.story.log = ()
            return Verdict.PASSED
        self.story.blame(
            f"it is deployed, and a smoke test failed: {wrong}",
            f"Go back: shipway rollback {self.environment}.",
        )
        return Verdict.FAILED

    def to_dict(self) -> dict[str, Any]:
        """What another command needs to go on."""
        return {
            "story": vars(self.story), "hooks": self.hooks, "since": self.since,
            "held": self.held, "asked": self.asked, "observing": self.observing.to_dict(),
            "told": list(self._told), "failed": self.failures.seen,
        }  # fmt: skip

    def load(self, data: Mapping[str, Any]) -> None:
        """What `to_dict` gave."""
        self.story = Story(**{**data["story"], "log": tuple(data["story"]["log"])})
        self.hooks, self.since = list(data["hooks"]), dict(data["since"])
        self.held, self.asked = data["held"], data["asked"]
        self.observing.load(data["observing"])
        self._told = tuple(data["told"])
        self.failures.seen = list(data["failed"])
