"""A project as the pages of `shipway ui` see it: its record, its platforms, its pipeline."""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from shipway.aws.clients import AwsClients
from shipway.aws.errors import translate_aws_errors
from shipway.aws.names import AwsResourceNames
from shipway.cli.hold import freeze_store
from shipway.cli.platforms import ecs_platform, local_platform, open_platform
from shipway.cli.project import Project, open_project
from shipway.cli.recorded_secrets import secrets_of
from shipway.cli.release_commits import release_commit_times
from shipway.cli.report import run_page
from shipway.cli.rollout_page import rollout_page
from shipway.codec import JsonObject
from shipway.errors import ConfigError, ShipwayError
from shipway.pipeline.codec import run_with_steps_from_json, step_from_json
from shipway.pipeline.result import RunResult
from shipway.pipeline.step import Step
from shipway.ports import Clock
from shipway.reports.environment_view import EnvironmentSnapshot, OngoingRollout, watching_left
from shipway.reports.sanitize import log_line
from shipway.rollouts.delivery import MONTH, delivery_metrics
from shipway.rollouts.deploy_freeze import freeze_from_json
from shipway.rollouts.ecs.logs import LogTail
from shipway.rollouts.event_log import (
    EVENTS_FILE,
    RolloutEvents,
    event_time,
    read_rollout_events,
)
from shipway.rollouts.local.platform import LocalPlatform
from shipway.rollouts.platform import Platform
from shipway.rollouts.report import UNFINISHED, RolloutRecord, rollout_records
from shipway.rollouts.state_machine import Stage
from shipway.system.process import running_since
from shipway.ui.workspace import RunList, UnfinishedRun

_FRESH = 0.9  # seconds for which a look at this machine is good for every page that is open
_ECS_FRESH = 15.0  # seconds between two questions to AWS
_PATIENCE = 4.0  # seconds that a page waits for the first answer of AWS
_BACK = 600.0  # seconds of the past that are shown of a log on AWS
_MOST_LINES = 500
_REMEMBERED = 400  # runs that are kept decoded: a finished one does not change
_UNFINISHED = 5  # runs without a verdict that are shown
_RUN = re.compile(r"\d+\.\d+-(\d+)")


@dataclass
class _Answer:
    """What AWS said last of an environment. at: by the clock's monotonic time."""

    snapshot: EnvironmentSnapshot
    at: float


@dataclass(frozen=True)
class _LogAnswer:
    """What AWS said last of an environment's log. at: by the clock's monotonic time. problem: why
    there are no lines."""

    at: float
    logs: Sequence[tuple[str, str]] = ()
    problem: ShipwayError | None = None


class ProjectWorkspace:
    """Opens the project anew for every look: settings and record may be others by then.

    directory: as -C was given. patience: seconds that a page waits for an answer of AWS.
    Thread-safe.
    """

    def __init__(self, directory: str, clock: Clock, patience: float = _PATIENCE) -> None:
        self._directory = directory
        self._clock = clock
        self._patience = patience
        self._lock = threading.Lock()
        self._looks: dict[str, tuple[float, EnvironmentSnapshot]] = {}
        self._answers: dict[str, _Answer] = {}
        self._asked: dict[str, threading.Thread] = {}
        self._log_answers: dict[str, _LogAnswer] = {}
        self._log_locks: dict[str, threading.Lock] = {}
        self._runs: OrderedDict[str, RunResult] = OrderedDict()
        self._commits: dict[tuple[str, ...], dict[str, float]] = {}
        with self._opened() as project:
            self.application = project.name

    def environments(self) -> Sequence[EnvironmentSnapshot]:
        """All that are configured or on record, in the order of the configuration."""
        with self._opened() as project:
            recorded = [n for n in project.record.environments() if n]
            names = dict.fromkeys((*project.config.environments, *recorded))
            used = [n for n in names if n in recorded or self._configured(project, n)]
            return [self._snapshot(project, name) for name in used]

    def environment(self, name: str) -> EnvironmentSnapshot:
        """One of them. Raises KeyError."""
        with self._opened() as project:
            if name not in (*project.config.environments, *project.record.environments()):
                raise KeyError(f"the environment {name}")
            return self._snapshot(project, name)

    def logs(self, name: str) -> Sequence[tuple[str, str]]:
        """The title and the last lines of each instance's log. Raises KeyError, ConfigError and
        what AWS says."""
        with self._opened() as project:
            if name not in project.config.environments:
                raise KeyError(f"the environment {name}")
            if not ecs_platform(project, name):
                tails = local_platform(project, name).logs()
                return [(title, _text(lines)) for title, lines in tails]
            with self._lock:
                reading = self._log_locks.setdefault(name, threading.Lock())
            with reading:  # by one page: the others that are open wait for what it gets
                answer = self._log_answers.get(name)
                if answer is None or self._clock.monotonic() - answer.at >= _ECS_FRESH:
                    answer = self._log_answers[name] = self._ecs_logs(project, name)
        if answer.problem:
            raise answer.problem.with_traceback(None)
        return answer.logs

    def _ecs_logs(self, project: Project, name: str) -> _LogAnswer:
        settings = project.config.environments[name]
        group = settings.ecs.log_group or AwsResourceNames(project.name, name).log_group
        try:
            with translate_aws_errors():
                tail = LogTail(AwsClients(project.config.aws), group)
                events = tail.since(self._clock.now() - _BACK)
                lines = deque((f"{e.task}  {e.text}" for e in events), maxlen=_MOST_LINES)
        except ShipwayError as error:
            return _LogAnswer(self._clock.monotonic(), problem=error)
        return _LogAnswer(self._clock.monotonic(), [(group, _text([*lines]))])

    def rollout_page(self, name: str, number: int, links: dict[str, str]) -> str:
        """The page of a rollout that has a report. Raises KeyError."""
        _recordable(name)
        with self._opened() as project:
            for rollout in _records(project, name):
                if rollout.number == number and rollout.report:
                    return rollout_page(rollout.report, project, links)
        raise KeyError(f"a report of rollout {number} of {name}")

    def unfinished_runs(self) -> Sequence[UnfinishedRun]:
        """The newest runs without a verdict, newest first."""
        with self._opened() as project:
            return [
                self._unfinished(project, *row)
                for row in project.record.unfinished_runs(_UNFINISHED)
            ]

    def runs(self, branch: str, skip: int, most: int) -> RunList:
        """Finished runs from the one after `skip` newer ones on. branch: "" for all."""
        with self._opened() as project:
            names = project.record.finished_run_names()
            branches = tuple(dict.fromkeys(of for _, of in names if of))
            chosen = [name for name, of in names if branch in ("", of)]
            runs = [self._decoded(project, name) for name in chosen[skip : skip + most]]
            return RunList([run for run in runs if run is not None], len(chosen), branches[:20])

    def run(self, name: str) -> RunResult | UnfinishedRun:
        """A run. Raises KeyError."""
        _recordable(name)
        with self._opened() as project:
            if (run := self._decoded(project, name)) is not None:
                return run
            for row in project.record.unfinished_runs(1000):
                if row[0] == name:
                    return self._unfinished(project, *row)
        raise KeyError(f"the run {name}")

    def run_page(self, run: RunResult, links: dict[str, str]) -> str:
        """The report of a run."""
        with self._opened() as project:
            secrets = secrets_of(project, run.steps)
            return run_page(project.invocation().run(run), project, secrets, {}, links)

    def steps(self) -> Sequence[Step]:
        """The pipeline."""
        with self._opened() as project:
            return project.steps

    @contextmanager
    def _opened(self) -> Iterator[Project]:
        project = open_project(self._directory)
        try:
            yield project
        finally:
            project.record.close()

    def _configured(self, project: Project, name: str) -> bool:
        """Whether a person has written it down, or it can run the application."""
        return ecs_platform(project, name) or bool(project.config.application.serve)

    def _snapshot(self, project: Project, name: str) -> EnvironmentSnapshot:
        if name not in project.config.environments:
            return EnvironmentSnapshot(
                name=name,
                platform="not known",
                strategy="not known",
                trouble=(
                    f"{name} is on record, and shipway.toml does not have it any more.",
                    f"Write [environments.{name}] again to use it.",
                ),
                rollouts=_records(project, name),
            )
        if ecs_platform(project, name):
            return self._on_ecs(project, name)
        with self._lock:
            looked, snapshot = self._looks.get(name, (float("-inf"), None))
            if snapshot is not None and self._clock.monotonic() - looked < _FRESH:
                return snapshot
        snapshot = _guarded(project, name, "this machine", lambda: self._here(project, name))
        with self._lock:
            self._looks[name] = self._clock.monotonic(), snapshot
        return snapshot

    def _here(self, project: Project, name: str) -> EnvironmentSnapshot:
        platform = local_platform(project, name)
        rollouts = _records(project, name)
        return EnvironmentSnapshot(
            name=name,
            platform="this machine",
            strategy=project.config.environments[name].strategy,
            status=platform.status(),
            rollouts=rollouts,
            ongoing=self._ongoing_here(project, platform, rollouts),
            hold=freeze_from_json(name, project.record.hold(name)),
            earlier=_earlier(platform),
            delivery=delivery_metrics(rollouts, self._committed(project), self._clock.now(), MONTH),
        )

    def _ongoing_here(
        self, project: Project, platform: LocalPlatform, rollouts: Sequence[RolloutRecord]
    ) -> OngoingRollout | None:
        """What the record has, and what the command that carries it out has told since."""
        unfinished = platform.unfinished
        if unfinished is None:
            return None
        record = next(
            (rollout for rollout in rollouts if rollout.number == unfinished.number),
            RolloutRecord(release=unfinished.candidate.name, started=unfinished.started),
        )
        events = _events(project, platform.name, unfinished.started)
        execution = unfinished.execution
        if execution is None:
            return OngoingRollout(record=record, **vars(events))
        state, notes = execution.state, execution.notes
        timeline = _merged(notes.timeline, events.timeline)
        begun = max(map(event_time, timeline), default=unfinished.started)
        return OngoingRollout(
            record=record,
            messages=events.messages,
            remaining=None
            if state.stage is Stage.ROLLING_BACK
            else watching_left(state.plan, state.weight, self._clock.now() - begun),
            timeline=timeline,
            samples=_merged(execution.counters.samples, events.samples),
            evidence=_merged(execution.analysis.evidence, events.evidence),
        )

    def _on_ecs(self, project: Project, name: str) -> EnvironmentSnapshot:
        """AWS is asked beside the page: it may take seconds, or not answer. An answer that is
        much older than it should be is not shown: buttons would act on it."""
        with self._lock:
            answer, asking = self._answers.get(name), self._asked.get(name)
            old = answer is None or self._clock.monotonic() - answer.at > _ECS_FRESH
            if old and (asking is None or not asking.is_alive()):
                asking = threading.Thread(target=self._ask, args=(name,), daemon=True)
                self._asked[name] = asking
                asking.start()
        if self._too_old(answer) and asking is not None:
            asking.join(self._patience)
            with self._lock:
                answer = self._answers.get(name)
        if answer is not None and not self._too_old(answer):
            return answer.snapshot
        trouble = f"AWS was asked {self._patience:g} s ago and has not answered yet."
        if answer is not None:
            age = self._clock.monotonic() - answer.at
            trouble = f"AWS has not answered: what it said last is {age:.0f} s old."
        return EnvironmentSnapshot(
            name=name,
            platform="Amazon ECS",
            strategy=project.config.environments[name].strategy,
            trouble=(trouble, ""),
            rollouts=_records(project, name),
            answered=False,
        )

    def _too_old(self, answer: _Answer | None) -> bool:
        return answer is None or self._clock.monotonic() - answer.at > 2 * _ECS_FRESH

    def _ask(self, name: str) -> None:
        try:
            with self._opened() as project:
                snapshot = _guarded(project, name, "Amazon ECS", lambda: self._there(project, name))
        except ShipwayError:  # the page finds the same out, and says it
            return
        with self._lock:
            self._answers[name] = _Answer(snapshot, self._clock.monotonic())

    def _there(self, project: Project, name: str) -> EnvironmentSnapshot:
        platform = open_platform(project, name)
        with translate_aws_errors():
            status = platform.status()
            rollouts = list(platform.rollouts(lambda _: None))
            hold = freeze_from_json(name, freeze_store(project, name).hold(name))
            earlier = "" if status["rollout"] else _earlier(platform)
        newest = rollouts[0] if rollouts and rollouts[0].verdict == UNFINISHED else None
        ongoing = None
        if newest is not None:
            events = _events(project, name, newest.started)
            ongoing = OngoingRollout(record=newest, **vars(events))
        return EnvironmentSnapshot(
            name=name,
            platform="Amazon ECS",
            strategy=project.config.environments[name].strategy,
            status=status,
            rollouts=rollouts,
            ongoing=ongoing,
            hold=hold,
            earlier=earlier,
            delivery=delivery_metrics(rollouts, self._committed(project), self._clock.now(), MONTH),
        )

    def _committed(self, project: Project) -> dict[str, float]:
        """Release → when its commit was made; git is asked once for the same releases."""
        names = tuple(str(release["name"]) for release in project.record.releases())
        with self._lock:
            known = self._commits.get(names)
        if known is None:
            known = release_commit_times(project)
            with self._lock:
                self._commits = {names: known}
        return known

    def _decoded(self, project: Project, name: str) -> RunResult | None:
        """A finished run; None where there is none of this name."""
        with self._lock:
            if name in self._runs:
                self._runs.move_to_end(name)
                return self._runs[name]
        recorded = project.record.run(name)
        if recorded is None or recorded[1] is None:
            return None
        run = run_with_steps_from_json(recorded[1], recorded[2])
        with self._lock:
            self._runs[name] = run
            while len(self._runs) > _REMEMBERED:
                self._runs.popitem(last=False)
        return run

    def _unfinished(
        self, project: Project, name: str, started: float, commit: str
    ) -> UnfinishedRun:
        recorded = project.record.run(name)
        steps = recorded[2] if recorded else []
        own = _RUN.fullmatch(name)
        born = running_since(int(own[1])) if own and len(own[1]) < 10 else None
        alive = None if own is None else born is not None and born <= started + 1.0
        return UnfinishedRun(
            run=name,
            started=started,
            commit=commit,
            alive=alive,
            ended=tuple(map(step_from_json, steps)),
        )


def _guarded(
    project: Project, name: str, platform: str, look: Callable[[], EnvironmentSnapshot]
) -> EnvironmentSnapshot:
    """What a look gives, or why it gave nothing: one environment must not hide the others."""
    try:
        return look()
    except ShipwayError as error:
        settings = project.config.environments[name]
        snapshot = EnvironmentSnapshot(
            name=name,
            platform=platform,
            strategy=settings.strategy,
            trouble=(error.message, error.remedy),
        )
        try:
            return replace(snapshot, rollouts=_records(project, name))
        except ShipwayError:
            return snapshot


def _recordable(name: str) -> None:
    """Raises KeyError for a name that no record can hold: one with half a surrogate pair."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise KeyError(name) from None


def _records(project: Project, name: str) -> list[RolloutRecord]:
    return rollout_records(project.record.rollouts(name), f"the record, {name}")


def _events(project: Project, name: str, since: float) -> RolloutEvents:
    path = os.path.join(project.state, "environments", name, EVENTS_FILE)
    return read_rollout_events(path, since)


def _merged(recorded: Iterable[Mapping[str, Any]], told: Sequence[JsonObject]) -> list[JsonObject]:
    """What the record has, and what came after it."""
    known: list[JsonObject] = [dict(entry) for entry in recorded]
    last = max(map(event_time, known), default=0.0)
    return [*known, *(event for event in told if event_time(event) > last)]


def _earlier(platform: Platform) -> str:
    """The release that a rollback goes to; "" where there is none."""
    try:
        return platform.earlier("").name
    except ConfigError:
        return ""


def _text(lines: Sequence[str]) -> str:
    return "\n".join(log_line(line) for line in lines[-_MOST_LINES:])
