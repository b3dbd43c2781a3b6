"""One rollout on ECS in the record: begun, followed, left, opened again, ended."""

from __future__ import annotations

import re
import shlex
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shipway.aws.client import AwsUnreachable
from shipway.aws.errors import AwsApiError, translate_aws_errors
from shipway.config.schema import Environment
from shipway.errors import CannotRun, ConfigError, ShipwayError
from shipway.pipeline.command_line import command_line
from shipway.pipeline.outcome import Verdict
from shipway.ports import Clients, Clock
from shipway.releases.release import Release
from shipway.rollouts.ecs.analysis import CanaryAnalysis
from shipway.rollouts.ecs.deployment import Deployment
from shipway.rollouts.ecs.deployment_configuration import Shift, settings_at_once
from shipway.rollouts.ecs.deployment_watcher import DeploymentWatcher
from shipway.rollouts.ecs.failures import TaskFailures
from shipway.rollouts.ecs.history_store import RolloutHistory
from shipway.rollouts.ecs.lifecycle_hooks import HookResponder
from shipway.rollouts.ecs.load_balancer import Entrance, SmokeTests
from shipway.rollouts.ecs.ports import EcsClients, TaskDefinitionOps
from shipway.rollouts.ecs.service import EcsService
from shipway.rollouts.ecs.state import UnfinishedDeployment
from shipway.rollouts.events import RolloutListener
from shipway.rollouts.report import RolloutNotes, RolloutRecord, RolloutReport, TimelineEntry

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import (
        DeploymentConfigurationUnionTypeDef,
        RegisterTaskDefinitionRequestTypeDef,
        TaskDefinitionTypeDef,
    )

# Begins a deployment: the task definition, the migration, the one call; and finds it again.

APPEARS = 120.0  # seconds until a deployment that was asked for has to be there
LOOK = 2.0  # seconds between looks for it
_RECENT = 20  # deployments looked at (M: the most of one question)
_SHOWN = 20  # of its last lines that the receipt keeps


class MigrationFailed(CannotRun):
    """It ended badly, before any traffic moved. log: its last lines."""

    default_code = "task-failed"

    def __init__(self, message: str, remedy: str, log: tuple[str, ...] = ()) -> None:
        super().__init__(message, remedy)
        self.log = log


def run_migration(
    parts: EcsClients,
    tools: TaskDefinitionOps,
    clients: Clients,
    definition: str,
    command: str,
    show: Callable[[str], None],
) -> None:
    """Run a command of the new revision before it serves; its lines go to `show`.

    Raises MigrationFailed.
    """
    reference, lines = parts.service.place, deque[str](maxlen=_SHOWN)

    def shown(line: str) -> None:
        lines.append(line)
        show(line)

    try:
        with translate_aws_errors():
            ended = tools.run_task(
                clients,
                parts.clock,
                parts.service.describe(),
                definition,
                reference.container,
                shlex.split(command),
                shown,
            )
    except ShipwayError as problem:
        raise MigrationFailed(f"`{command}` did not run: {problem.message}", problem.remedy) from (
            None
        )
    if ended.code == 0:
        return
    how = "did not run" if ended.code is None else "failed"
    raise MigrationFailed(
        f"`{command}` {how}" + (f": {ended.reason}" if ended.reason else ""),
        f"Nothing was moved. {ended.remedy or 'Correct it, and deploy again.'}",
        tuple(lines),
    )


def find_deployment(
    service: EcsService,
    clock: Clock,
    task_definition: str,
    known: Sequence[str],
    patience: float = APPEARS,
) -> str:
    """The deployment of a task definition that is none of the `known` ones: the one that this
    command (or the one that was killed) has started. Raises AwsUnreachable where there is none.

    UpdateService does not say which it is (M: currentServiceDeployment may be the one before).
    """
    end = clock.monotonic() + patience
    while True:
        fresh = [arn for arn in service.known() if arn not in known][:_RECENT]
        deployments = service.deployments(fresh)
        revisions = service.revisions(
            [deployment.candidate for deployment in deployments if deployment.candidate]
        )
        for deployment in deployments:
            revision = revisions.get(deployment.candidate)
            if revision and revision.get("taskDefinition") == task_definition:
                return deployment.arn
        if clock.monotonic() >= end:
            raise AwsUnreachable(
                f"ECS shows no deployment of {task_definition.rsplit('/', 1)[-1]}",
                "Look at the service's deployments in the ECS console.",
                code="still-in-progress",
            )
        clock.sleep(LOOK)


_ENVIRONMENT = re.compile(r"\bENV\b")  # what remedies call an environment that they do not know


@dataclass(kw_only=True)
class EcsRollout:
    """closed: the receipt, once it is over."""

    settings: Environment
    parts: EcsClients
    clients: Clients
    tools: TaskDefinitionOps
    history: RolloutHistory
    listener: RolloutListener
    stopping: Callable[[], bool]
    entrance: Entrance
    address: str
    closed: RolloutReport | None = None
    watcher: DeploymentWatcher | None = None

    def __post_init__(self) -> None:
        self._unfinished: UnfinishedDeployment | None = None
        self._story = RolloutNotes()

    @property
    def digest(self) -> str:
        """Of the release that is rolled out."""
        return self._current.digest

    @property
    def release(self) -> str:
        """Its name."""
        return self._current.release

    @property
    def deployment(self) -> str:
        """Its ARN, "" while it has none."""
        return self._current.deployment

    @property
    def _current(self) -> UnfinishedDeployment:
        """The one that was begun here, or found in the record."""
        if self._unfinished is None:
            raise ConfigError(
                f"no rollout is unfinished in {self.history.environment}",
                code="rollout-in-progress",
            )
        return self._unfinished

    def log_message(self, line: str) -> None:
        """A line for people that the receipt keeps, too."""
        story = self.watcher.notes if self.watcher else self._story
        story.timeline.append(TimelineEntry(at=self.parts.clock.now(), stage="", text=line))
        self.listener.on_message(line)

    def begin(
        self,
        release: Release | str,
        before: RolloutRecord | None,
        strategy: str,
        remarks: Mapping[str, str],
        *,
        back: bool = False,
        shift: Shift = "",
    ) -> None:
        """Write down that it begins. release: only its name where nothing else is known. back: to
        an earlier release. shift: how it gets its traffic, where not as configured."""
        known = release if isinstance(release, Release) else None
        self._unfinished = UnfinishedDeployment(
            started=self.parts.clock.now(),
            release=known.name if known else str(release),
            digest=known.digest if known else "",
            candidate=known,
            before=before.release if before else "",
            strategy=strategy,
            remarks=dict(remarks),
            back=back,
            shift=shift,
        )
        self.history.open(self._unfinished)

    def start(
        self,
        definition: RegisterTaskDefinitionRequestTypeDef | str,
        configuration: DeploymentConfigurationUnionTypeDef,
        preparations: Sequence[str],
        desired: int | None = None,
    ) -> RolloutReport:
        """Register (or take, by its ARN) a task definition, prepare, update, and follow.

        desired: tasks that the service is to have, where it has to have none now."""
        service, unfinished = self.parts.service, self._current
        try:
            arn = definition if isinstance(definition, str) else service.register(definition)
            for command in preparations:
                self.log_message(f"one-off task: {command}")
                run_migration(
                    self.parts, self.tools, self.clients, arn, command, self.listener.on_message
                )
            unfinished.known = tuple(service.known())
            unfinished.task_definition = arn
            unfinished.scaled = desired is not None
            self.history.save(
                unfinished
            )  # before it is asked for: a later command finds it by these
            service.update(arn, configuration, desired)
        except (AwsApiError, MigrationFailed) as problem:
            log = problem.log if isinstance(problem, MigrationFailed) else ()
            self._story.fail(problem.message, problem.remedy, log)
            return self._end(Verdict.FAILED)
        except AwsUnreachable as problem:
            return self._lost(problem)
        try:
            unfinished.deployment = find_deployment(
                service, self.parts.clock, arn, unfinished.known
            )
        except (AwsApiError, AwsUnreachable) as problem:  # ECS has begun: it goes on by itself
            return self._lost(problem)
        self.history.save(unfinished)
        return self.follow()

    def reopen(self) -> None:
        """The one that a command has left. `closed` is set where it is over."""
        self._unfinished = self.history.unfinished
        unfinished, service = self._current, self.parts.service
        if not unfinished.deployment and unfinished.task_definition:
            try:
                unfinished.deployment = find_deployment(
                    service,
                    self.parts.clock,
                    unfinished.task_definition,
                    unfinished.known,
                    0.0,
                )
            except AwsUnreachable:
                unfinished.task_definition = ""
        if not unfinished.deployment:
            self._story.fail(
                "the command ended before ECS was asked for anything",
                "Nothing was moved: deploy it again.",
            )
            self._end(Verdict.FAILED)
            return
        deployments = service.deployments([unfinished.deployment])
        if deployments and deployments[0].is_final:
            self.follow()

    def adopt(self, deployment: Deployment, release: str) -> None:
        """A deployment that another machine began: what it was judged by is there, not here."""
        self.begin(release, None, self.settings.strategy, {"adopted": "yes"})
        unfinished = self._current
        revision = self.parts.service.revisions([deployment.candidate]).get(deployment.candidate)
        unfinished.task_definition = revision.get("taskDefinition", "") if revision else ""
        unfinished.deployment = deployment.arn
        self.history.save(unfinished)

    def follow(self, *, answered: bool = False) -> RolloutReport:
        """To its end. answered: a person goes on for the judge, where it held."""
        try:
            course = self._course()
            if answered and course.hooks.awaiting_approval:
                self.parts.service.answer(course.arn, course.hooks.awaiting_approval, go_on=True)
                course.hooks.awaiting_approval = ""
        except (AwsApiError, AwsUnreachable) as problem:
            return self._lost(problem)
        if not course.asked:  # what held it, or was not known, is history
            course.notes.cause = course.notes.remedy = ""
            course.notes.log = ()
        return self._follow(course)

    def roll_back(self) -> RolloutReport:
        """Back to what was before."""
        try:
            course = self._course()
        except (AwsApiError, AwsUnreachable) as problem:
            return self._lost(problem)
        course.notes.cause = course.notes.remedy = ""  # what held it is history
        course.stop("somebody stopped it", "Deploy it again when it may go on.")
        return self._follow(course)

    def _follow(self, course: DeploymentWatcher) -> RolloutReport:
        verdict = course.run()
        return self._end(verdict, over=course.finished)

    def _course(self) -> DeploymentWatcher:
        unfinished, parts = self._current, self.parts
        settings = settings_at_once(self.settings, unfinished.shift)
        definition: TaskDefinitionTypeDef = {"taskDefinitionArn": unfinished.task_definition}
        if unfinished.task_definition:
            definition = parts.service.task_definition(unfinished.task_definition)
        observing = CanaryAnalysis(
            parts,
            settings,
            unfinished.release,
            unfinished.before,
            self.listener,
        )
        smoking = SmokeTests(settings, self.entrance, parts.http, self.log_message)
        answering = HookResponder(
            parts=parts,
            settings=settings,
            environment=self.history.environment,
            arn=unfinished.deployment,
            observing=observing,
            smoking=smoking,
            listener=self.listener,
        )
        failures = TaskFailures(parts.service, parts.logs, definition, unfinished.started)
        course = DeploymentWatcher(
            hooks=answering,
            failures=failures,
            listener=self.listener,
            save=self._save,
            stopping=self.stopping,
            analysis=not unfinished.back,
            notes=self._story,
        )
        if unfinished.watcher is not None:
            course.restore(unfinished.watcher)
        self.watcher = course
        return course

    def _save(self) -> None:
        if self.watcher is not None:
            self._current.watcher = self.watcher.snapshot()
        self.history.save(self._current)

    def _leave_as_before(self, verdict: Verdict) -> None:
        """Take away what the rollout had set on the service for itself: its pauses; and, where it
        failed, tasks of what is no release. What AWS refuses of that is said."""
        service = self.parts.service
        try:
            if service.under_way():  # somebody else's, with settings of its own
                return
            if not self._current.back and self._current.strategy != "rolling":
                service.remove_hooks()
            if self._current.scaled and verdict is not Verdict.PASSED:
                service.scale(0)
                self.log_message("the service has no tasks again, as before")
        except (AwsApiError, AwsUnreachable) as problem:
            self.log_message(f"the service could not be left as before: {problem.message}")

    def _tag_image(self) -> None:
        """Let the environment's tag name what serves: the registry keeps what has one."""
        try:
            definition = self.parts.service.task_definition(self._current.task_definition)
            image = next(
                (
                    container.get("image", "")
                    for container in definition.get("containerDefinitions", ())
                    if container.get("name") == self.parts.service.place.container
                ),
                "",
            )
            self.tools.tag_image(image)
        except ShipwayError as problem:
            self.log_message(
                f"the tag {self.history.environment} does not name this image: {problem.message}; "
                "the registry may clean up an image that serves"
            )

    def _lost(self, problem: AwsApiError | AwsUnreachable) -> RolloutReport:
        again = f"See how it goes on: {command_line('resume', self.history.environment)}."
        story = self.watcher.notes if self.watcher else self._story
        story.cause = story.remedy = ""  # what held it is history
        story.fail(
            f"how it ends is not known: {problem.message}", f"{problem.remedy} {again}".strip()
        )
        return self._end(Verdict.UNKNOWN, over=False)

    def _end(self, verdict: Verdict, *, over: bool = True) -> RolloutReport:
        unfinished, course = self._current, self.watcher
        story = course.notes if course else self._story
        now = self.parts.clock.now()
        meter = course.observing.meter if course else None
        remedy = _ENVIRONMENT.sub(self.history.environment, story.remedy)
        receipt = RolloutReport(
            environment=self.history.environment,
            release=unfinished.release,
            before=unfinished.before,
            verdict=verdict,
            started=unfinished.started,
            seconds=now - unfinished.started,
            address=self.address,
            strategy=unfinished.strategy,
            cause=story.cause,
            remedy=remedy,
            log=story.log,
            releases=meter.totals() if meter else {},
            timeline=tuple(story.timeline),
            samples=tuple(meter.samples) if meter else (),
            evidence=tuple(course.observing.judging.evidence) if course else (),
        )
        if not over:
            self._save()
        elif unfinished.deployment:
            self._leave_as_before(receipt.verdict)
            if receipt.verdict is Verdict.PASSED:
                self._tag_image()
        self.history.close(unfinished, receipt, over=over)
        self.closed = receipt
        return receipt
