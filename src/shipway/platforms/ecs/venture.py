"""One rollout on ECS in the record: begun, followed, left, opened again, ended."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shipway.core.command_line import command_line
from shipway.core.config import Environment
from shipway.core.outcome import Verdict
from shipway.core.ports import Clients
from shipway.core.receipt import Receipt
from shipway.core.story import Story
from shipway.core.watching import RolloutListener
from shipway.effects.aws_errors import Refused
from shipway.platforms.ecs.answering import Answering
from shipway.platforms.ecs.calls import Lost
from shipway.platforms.ecs.course import Course
from shipway.platforms.ecs.deployment import Deployment
from shipway.platforms.ecs.failures import Failures
from shipway.platforms.ecs.ledger import Ledger
from shipway.platforms.ecs.observing import Observing
from shipway.platforms.ecs.parts import Parts
from shipway.platforms.ecs.smoking import Smoking
from shipway.platforms.ecs.starting import MigrationFailed, find, migrate
from shipway.platforms.ecs.tools import Tools

_ENVIRONMENT = re.compile(r"\bENV\b")  # what remedies call an environment that they do not know


@dataclass
class Venture:
    """closed: the receipt, once it is over."""

    settings: Environment
    parts: Parts
    clients: Clients
    tools: Tools
    ledger: Ledger
    listener: RolloutListener
    stopping: Callable[[], bool]
    address: str
    closed: Receipt | None = None
    course: Course | None = None

    def __post_init__(self) -> None:
        self._found: dict[str, Any] = {}
        self._story = Story()

    @property
    def digest(self) -> str:
        """Of the release that is rolled out."""
        return str(self._found["release"]["digest"])

    @property
    def release(self) -> str:
        """Its name."""
        return str(self._found["release"]["name"])

    @property
    def deployment(self) -> str:
        """Its ARN, "" while it has none."""
        return str(self._found["deployment"])

    def say(self, line: str) -> None:
        """A line for people that the receipt keeps, too."""
        story = self.course.story if self.course else self._story
        story.timeline.append({"at": self.parts.clock.now(), "stage": "", "text": line})
        self.listener.said(line)

    def begin(
        self, release: Mapping[str, Any], before: Mapping[str, Any] | None, strategy: str,
        remarks: Mapping[str, str], *, back: bool = False,
    ) -> None:  # fmt: skip
        """Write down that it begins. back: to an earlier release."""
        old = {"name": before["release"], "digest": before["digest"]} if before else {}
        self._found = {
            "started": self.parts.clock.now(), "release": dict(release),
            "before": {"name": "", "digest": "", **old}, "strategy": strategy,
            "remarks": dict(remarks), "back": back, "task_definition": "", "known": [],
            "deployment": "", "course": None,
        }  # fmt: skip
        self.ledger.open(self._found)

    def start(
        self, definition: Mapping[str, Any] | str, configuration: Mapping[str, Any],
        preparations: Sequence[str],
    ) -> Receipt:  # fmt: skip
        """Register (or take, by its ARN) a task definition, prepare, update, and follow."""
        service, found = self.parts.service, self._found
        try:
            arn = definition if isinstance(definition, str) else service.register(definition)
            for command in preparations:
                self.say(f"one-off task: {command}")
                migrate(self.parts, self.tools, self.clients, arn, command, self.listener.said)
            found["known"] = service.known()
            found["task_definition"] = arn
            self.ledger.save(found)  # before it is asked for: a later command finds it by these
            service.update(arn, configuration)
            found["deployment"] = find(service, self.parts.clock, arn, found["known"])
        except (Refused, MigrationFailed) as problem:
            log = problem.log if isinstance(problem, MigrationFailed) else ()
            self._story.blame(problem.message, problem.remedy, log)
            return self._end(Verdict.FAILED)
        except Lost as problem:
            return self._lost(problem)
        self.ledger.save(found)
        return self.follow()

    def reopen(self) -> None:
        """The one that a command has left. `closed` is set where it is over."""
        self._found = self.ledger.unfinished or {}
        found, service = self._found, self.parts.service
        if not found["deployment"] and found["task_definition"]:
            try:
                found["deployment"] = find(
                    service, self.parts.clock, found["task_definition"], found["known"], 0.0
                )
            except Lost:
                found["task_definition"] = ""
        if not found["deployment"]:
            self._story.blame(
                "the command ended before ECS was asked for anything",
                "Nothing was moved: deploy it again.",
            )
            self._end(Verdict.FAILED)
            return
        seen = service.deployments([found["deployment"]])
        if seen and seen[0].over:
            self.follow()

    def adopt(self, seen: Deployment, release: str) -> None:
        """A deployment that another machine began: what it was judged by is there, not here."""
        self.begin(
            {"name": release, "digest": ""}, None, self.settings.strategy, {"adopted": "yes"}
        )
        revision = self.parts.service.revisions([seen.target]).get(seen.target, {})
        self._found["task_definition"] = revision.get("taskDefinition", "")
        self._found["deployment"] = seen.arn
        self.ledger.save(self._found)

    def follow(self, *, answered: bool = False) -> Receipt:
        """To its end. answered: a person goes on for the judge, where it held."""
        course = self._course()
        if answered and course.answering.held:
            self.parts.service.answer(course.arn, course.answering.held, go_on=True)
            course.answering.held = ""
        if not course.asked:  # what held it, or was not known, is history
            course.story.cause = course.story.remedy = ""
            course.story.log = ()
        return self._follow(course)

    def undo(self) -> Receipt:
        """Back to what was before."""
        course = self._course()
        course.story.cause = course.story.remedy = ""  # what held it is history
        course.stop("somebody stopped it", "Deploy it again when it may go on.")
        return self._follow(course)

    def _follow(self, course: Course) -> Receipt:
        verdict = course.go()
        return self._end(verdict, over=course.over)

    def _course(self) -> Course:
        found, parts = self._found, self.parts
        definition = {"taskDefinitionArn": found["task_definition"]}
        if found["task_definition"]:
            definition = parts.service.task_definition(found["task_definition"])
        observing = Observing(
            parts, self.settings, found["release"]["name"], found["before"]["name"], self.listener
        )
        smoking = Smoking(self.settings, self.address, parts.http, self.say)
        answering = Answering(
            parts, self.settings, self.ledger.environment, found["deployment"], observing,
            smoking, self.listener,
        )  # fmt: skip
        failures = Failures(parts.service, parts.logs, definition, found["started"])
        course = Course(
            answering, failures, self.listener, self._save, self.stopping,
            judging=not found["back"], story=self._story,
        )  # fmt: skip
        if found["course"]:
            course.load(found["course"])
        self.course = course
        return course

    def _save(self) -> None:
        if self.course is not None:
            self._found["course"] = self.course.to_dict()
        self.ledger.save(self._found)

    def _lost(self, problem: Lost) -> Receipt:
        again = f"See how it goes on: {command_line('resume', self.ledger.environment)}."
        self._story.blame(
            f"how it ends is not known: {problem.message}", f"{problem.remedy} {again}".strip()
        )
        return self._end(Verdict.UNKNOWN, over=False)

    def _end(self, verdict: Verdict, *, over: bool = True) -> Receipt:
        found, course = self._found, self.course
        story = course.story if course else self._story
        now = self.parts.clock.now()
        meter = course.observing.meter if course else None
        remedy = _ENVIRONMENT.sub(self.ledger.environment, story.remedy)
        receipt = Receipt(
            self.ledger.environment, found["release"]["name"], found["before"]["name"], verdict,
            found["started"], now - found["started"], self.address, found["strategy"],
            story.cause, remedy, story.log, meter.totals() if meter else {},
            tuple(story.timeline), tuple(meter.samples) if meter else (),
            tuple(course.observing.judging.evidence) if course else (),
        )  # fmt: skip
        if not over:
            self._save()
        self.ledger.close(found, receipt, over=over)
        self.closed = receipt
        return receipt
