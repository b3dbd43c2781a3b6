"""After a deployment: a success is looked at once more, a failure gets its reason."""

from __future__ import annotations

from shipway.core.command_line import command_line
from shipway.core.outcome import Verdict
from shipway.core.story import Story
from shipway.platforms.ecs.answering import Answering
from shipway.platforms.ecs.aside import Aside
from shipway.platforms.ecs.deployment import Deployment
from shipway.platforms.ecs.ending import verdict_of, way_back_failed, why

LOOK = 5.0  # seconds between looks at a deployment
STEADY = 30.0  # seconds that a success is given to have all its tasks


class Aftermath:
    """Of one deployment. definition: the ARN of the task definition that it was to bring.

    smoked: whether production is asked now: rolling has no pause for it.
    """

    def __init__(
        self, answering: Answering, aside: Aside, definition: str, *, smoked: bool
    ) -> None:
        self._answering = answering
        self._parts = answering.parts
        self._aside = aside
        self._definition = definition
        self._smoked = smoked

    def verdict(self, seen: Deployment, story: Story) -> Verdict:
        """How it ended, told to the story. Raises Lost, Refused."""
        verdict = verdict_of(seen)
        if verdict is Verdict.PASSED:
            return self._succeeded(story)
        if not (story.cause or seen.triggered or self._aside.failed):
            self._parts.clock.sleep(LOOK)  # ECS may tell of the last task only now
            self._aside.look(over=True)
        failed = self._aside.failed
        found = why(seen, failed[-1] if failed else None)
        story.blame(found.cause, found.remedy, found.log)
        if verdict is Verdict.NEEDS_PERSON:
            both = way_back_failed(story.cause)
            story.cause, story.remedy = both.cause, both.remedy
        return verdict

    def _succeeded(self, story: Story) -> Verdict:
        """A success whose tasks have ended again, or that something else has replaced since, is
        none."""
        fault = self._answering.smoking.production() if self._smoked else ""
        wrong = f"a smoke test failed: {fault}" if fault else self._fallen()
        if not wrong:
            story.cause = story.remedy = ""
            story.log = ()
            return Verdict.PASSED
        story.blame(
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
            running, wanted = service.get("runningCount", 0), service.get("desiredCount", 0)
            if running >= wanted:
                return ""
            if clock.monotonic() >= end:
                break
            clock.sleep(LOOK)
        self._aside.look(over=True)
        failed = self._aside.failed  # without one, it is only growing
        return f"{running} of {wanted} tasks run: {failed[-1].cause}" if failed else ""
