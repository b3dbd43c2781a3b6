"""A made-up project for the pages: environments in every state, runs, a rollout that goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tests.fakes.clock import VirtualClock
from tests.reports.sample_runs import HOSTILE, everything_wrong, failed_run, passed_run, step

from shipway.errors import CannotRun, ShipwayError
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult
from shipway.pipeline.step import Step
from shipway.ports import Command, Completed, OnOutput, Server
from shipway.reports.environment_view import EnvironmentSnapshot, OngoingRollout
from shipway.rollouts.platform import InstanceStatus, PlatformStatus, RolloutStatus
from shipway.rollouts.report import RolloutRecord, RolloutReport
from shipway.ui.commands import CommandRunner
from shipway.ui.workspace import RunList, UnfinishedRun

NOW = 1_790_000_000.0
NEW, OLD = "1.4.0+3f2a91c.8c1d02", "1.3.0+77ab021.19ffe0"


def status(
    name: str, release: str = OLD, rollout: RolloutStatus | None = None, health: str = "ok"
) -> PlatformStatus:
    instance = InstanceStatus(
        release=release, address="127.0.0.1:22001", pid=7, alive=True, health=health
    )
    return PlatformStatus(
        environment=name,
        address="http://127.0.0.1:8080",
        release=release,
        proxy=bool(release),
        rollout=rollout,
        instances=[instance] if release else [],
    )


def deployed(number: int, release: str = OLD, verdict: str = "passed") -> RolloutRecord:
    report = RolloutReport(
        environment="local",
        release=release,
        before="",
        verdict=Verdict.PASSED,
        started=NOW - 9000,
        seconds=30.0,
        address="",
    )
    return RolloutRecord(
        number=number,
        release=release,
        digest=release,
        started=NOW - 9000,
        verdict=verdict,
        by="ann",
        report=report,
    )


def moving(*, held: bool = False, name: str = "local") -> EnvironmentSnapshot:
    """An environment in the middle of a canary."""
    began = NOW - 40
    record = RolloutRecord(
        number=2, release=NEW, before=OLD, started=began, strategy="canary", by="ann"
    )
    samples = [
        {
            "at": began + second,
            "weight": 10.0 if second > 5 else 0.0,
            "releases": {
                NEW: {"requests": 10, "failed": 1, "p95": 22.0},
                OLD: {"requests": 90, "failed": 0, "p95": 20.0},
            },
        }
        for second in range(1, 40)
    ]
    return EnvironmentSnapshot(
        name=name,
        platform="this machine",
        strategy="canary",
        status=status(
            name,
            rollout=RolloutStatus(
                release=NEW, stage="PRODUCTION_TRAFFIC_SHIFT", weight=10.0, held=held
            ),
        ),
        rollouts=[record, deployed(1)],
        ongoing=OngoingRollout(
            record=record,
            timeline=[
                {"at": began, "stage": "SCALE_UP", "text": "start new (2)"},
                {"at": began + 5, "stage": "PRODUCTION_TRAFFIC_SHIFT", "text": "watch"},
            ],
            samples=samples,
            evidence=[
                {"at": began + 6, "decision": "keep watching", "sentence": "too few to say"},
                {"at": began + 9, "decision": "hold", "sentence": "1 of 10 requests fails"},
            ],
            messages=[{"at": began + 1, "text": "the migration: flask db upgrade"}],
            remaining=62.0,
        ),
    )


def serving(name: str = "staging", earlier: str = OLD) -> EnvironmentSnapshot:
    return EnvironmentSnapshot(
        name=name,
        platform="this machine",
        strategy="rolling",
        status=status(name, NEW),
        rollouts=[replace(deployed(3, NEW), started=NOW - 7200), deployed(1)],
        earlier=earlier,
    )


@dataclass
class SampleWorkspace:
    """What the pages are told. problem: is raised by everything."""

    places: list[EnvironmentSnapshot] = field(default_factory=list)
    finished: list[RunResult] = field(default_factory=list)
    begun: list[UnfinishedRun] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)
    pipeline: list[Step] = field(default_factory=list)
    problem: ShipwayError | None = None
    application: str = "mycandidate"

    def _look(self) -> None:
        if self.problem:
            raise self.problem

    def environments(self) -> Sequence[EnvironmentSnapshot]:
        self._look()
        return self.places

    def environment(self, name: str) -> EnvironmentSnapshot:
        self._look()
        return {place.name: place for place in self.places}[name]

    def logs(self, name: str) -> Sequence[tuple[str, str]]:
        self.environment(name)
        return self.lines

    def rollout_page(self, name: str, number: int, links: dict[str, str]) -> str:
        self.environment(name)
        return f"<p>rollout {number}</p>"

    def unfinished_runs(self) -> Sequence[UnfinishedRun]:
        self._look()
        return self.begun

    def runs(self, branch: str, skip: int, most: int) -> RunList:
        self._look()
        chosen = [run for run in self.finished if branch in ("", run.branch)]
        branches = tuple(dict.fromkeys(run.branch for run in self.finished if run.branch))
        return RunList(chosen[skip : skip + most], len(chosen), branches)

    def run(self, name: str) -> RunResult | UnfinishedRun:
        self._look()
        return {run.run: run for run in [*self.finished, *self.begun]}[name]

    def run_page(self, run: RunResult, links: dict[str, str]) -> str:
        return f"<p>report of {run.run}</p>"

    def steps(self) -> Sequence[Step]:
        return self.pipeline


class RecordedProcesses:
    """Starts nothing, and keeps what was to be started."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.commands: list[tuple[Command, str]] = []
        self.running = True
        self._refuses = refuses

    def run(self, command: Command, on_output: OnOutput | None = None) -> Completed:
        raise AssertionError("a command has to outlive its page")

    def spawn(self, command: Command, log: str) -> Server:
        if self._refuses:
            raise CannotRun("python cannot be started", "See shipway doctor.", code="tool-missing")
        self.commands.append((command, log))
        return Server(len(self.commands), "born", log)

    def orphans(self, log: str) -> Server | None:
        return None

    def alive(self, server: Server) -> bool:
        return self.running

    def stop(self, server: Server, grace: float) -> None:
        raise AssertionError("nothing is ended")


def runner(
    folder: str, processes: RecordedProcesses, environ: Mapping[str, str] | None = None
) -> CommandRunner:
    return CommandRunner("/town", folder, processes, VirtualClock(NOW), environ or {})


def going_on() -> UnfinishedRun:
    ended = (
        StepResult(step="lint", stage="quality", outcome=Outcome.PASSED, seconds=1.2),
        StepResult(
            step="types", stage="quality", outcome=Outcome.FAILED, seconds=2.0, reason=HOSTILE
        ),
    )
    return UnfinishedRun(
        run="1790000000.000-77", started=NOW - 9, commit="c0ffee" * 6, alive=True, ended=ended
    )


def sample_workspace() -> SampleWorkspace:
    """All of it at once, with hostile names."""
    runs = [
        replace(everything_wrong(), run="r3", branch="main"),
        replace(failed_run(), run="r2", branch=HOSTILE),
        replace(passed_run(), run="r1", branch="main"),
    ]
    away = EnvironmentSnapshot(
        name="production",
        platform="Amazon ECS",
        strategy="canary",
        trouble=("no AWS credentials are known", "Sign in: aws sso login."),
    )
    return SampleWorkspace(
        places=[moving(), serving(), away, moving(held=True, name=HOSTILE)],
        finished=runs,
        begun=[going_on()],
        lines=[(f"{NEW} at 127.0.0.1:22001", "started\n" + HOSTILE)],
        pipeline=[
            step("lint"),
            step("types"),
            step("unit", "test", needs=("lint",)),
            step("package", "build", needs=("unit", "types", "lint")),
        ],
    )
