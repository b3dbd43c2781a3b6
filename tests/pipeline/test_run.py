"""The verb `run` where a step's work goes wrong in ways that no program can."""

from __future__ import annotations

import io
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.clock import VirtualClock
from tests.patience import PATIENCE

from shipway.errors import ConfigError
from shipway.pipeline.cache import StepCache
from shipway.pipeline.dependency import Role
from shipway.pipeline.graph import Graph
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.release_source import ReleaseSource
from shipway.pipeline.result import RunResult, StepResult
from shipway.pipeline.run import PipelineRun, RunOptions, forecast_run
from shipway.pipeline.run_secrets import RunSecrets
from shipway.pipeline.step import Step, StepKind
from shipway.ports import OnOutput
from shipway.reports.console import PlainConsole
from shipway.system.files import BlobFolder, FileTree
from shipway.system.record import SqliteRecord

Work = Callable[[Step], StepResult]


class Bench:
    """A record and a folder, and runs whose work is a function."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.record = SqliteRecord(str(root / "record.sqlite3"))
        self.blobs = BlobFolder(str(root / "blobs"))
        self.clock = VirtualClock()
        self.said = io.StringIO()

    def cache(self) -> StepCache:
        tree = FileTree(str(self.root), self.record.file_index())
        return StepCache(tree, self.record, self.blobs, {}, "this machine")

    def prepare(self, work: Work, *steps: Step, **options: object) -> PipelineRun:
        def perform(step: Step, upstream: Mapping[str, StepResult], say: OnOutput) -> StepResult:
            return work(step)

        secrets = RunSecrets(str(self.root), self.blobs)
        settings = RunOptions(run=str(self.clock.now()), jobs=1, secrets=secrets, **options)  # type: ignore[arg-type]
        self.clock.sleep(1)
        return PipelineRun(
            Graph(steps),
            perform,
            self.cache(),
            self.record,
            PlainConsole(self.said),
            self.clock,
            settings,
        )

    def run(self, work: Work, *steps: Step) -> RunResult:
        return self.prepare(work, *steps).execute()

    def why(self, step: Step) -> str:
        return forecast_run(Graph([step]), self.cache(), {}, self.clock.now())[0].why


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def named(name: str, **more: object) -> Step:
    return Step(name=name, stage="test", kind=StepKind.COMMAND, work={}, **more)  # type: ignore[arg-type]


def passed(step: Step) -> StepResult:
    return StepResult(step=step.name, stage=step.stage, outcome=Outcome.PASSED)


def raising(error: Exception) -> Work:
    def work(step: Step) -> StepResult:
        raise error

    return work


def test_an_error_that_shipway_knows_fails_the_step_with_its_remedy(bench: Bench) -> None:
    result = bench.run(raising(ConfigError("no such thing", "Name another.")), named("s"))
    (step,) = result.steps
    assert (step.outcome, step.reason, step.remedy) == (
        Outcome.FAILED,
        "no such thing",
        "Name another.",
    )
    assert result.verdict is Verdict.FAILED
    assert bench.record.cached() == {}


def test_the_command_that_runs_it_again_has_the_options_of_this_call(bench: Bench) -> None:
    failing = raising(ConfigError("no", "Name another."))
    words = {"findings": ("--advisories", "a b", "--baseline", "main")}
    run = bench.prepare(failing, named("findings"), named("unit"), words=words)
    commands = {step.step: step.command for step in run.execute().steps}
    assert commands["findings"] == "shipway run findings --advisories 'a b' --baseline main"
    assert commands["unit"] == "shipway run unit"


def test_a_defect_of_shipway_fails_its_step_and_the_others_go_on(bench: Bench) -> None:
    def work(step: Step) -> StepResult:
        return passed(step) if step.name == "good" else raising(KeyError("x"))(step)

    result = bench.run(work, named("bad"), named("good"))
    reasons = {one.step: one.reason for one in result.steps}
    assert reasons == {"bad": "Shipway itself failed: KeyError: 'x'", "good": ""}
    assert result.verdict is Verdict.FAILED
    found = bench.record.last_run()
    assert found is not None
    assert found[1] is not None


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR])
def test_what_was_cut_off_by_the_end_was_cancelled(bench: Bench, outcome: Outcome) -> None:
    begun = threading.Event()

    def work(step: Step) -> StepResult:
        begun.set()
        stopped.wait(PATIENCE)
        return StepResult(
            step=step.name, stage=step.stage, outcome=outcome, reason="it got no further"
        )

    stopped = threading.Event()
    run = bench.prepare(work, named("first", retries=3), named("second"))

    def stop() -> None:
        begun.wait(PATIENCE)
        run.cancel()
        stopped.set()

    threading.Thread(target=stop).start()
    result = run.execute()
    assert result.verdict is Verdict.INTERRUPTED
    assert {one.step: one.outcome for one in result.steps} == {
        "first": Outcome.CANCELLED,
        "second": Outcome.CANCELLED,
    }
    reasons = {one.step: one.reason for one in result.steps}
    assert reasons == {"first": "it was stopped", "second": "the run was stopped before it"}


def test_a_signal_that_wakes_nobody_is_seen_all_the_same(bench: Bench) -> None:
    stopped, seen = threading.Event(), []

    def work(step: Step) -> StepResult:
        # To this thread: the main one sleeps on, as it does when a signal comes just too early.
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        seen.append(stopped.wait(PATIENCE))
        return StepResult(step=step.name, stage=step.stage, outcome=Outcome.FAILED)

    def stop(number: int, frame: object) -> None:
        run.cancel()
        stopped.set()

    run = bench.prepare(work, named("s"))
    before = signal.signal(signal.SIGUSR1, stop)
    try:
        result = run.execute()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == [True]
    assert result.verdict is Verdict.INTERRUPTED


def test_what_ended_well_although_the_run_was_stopped_has_passed(bench: Bench) -> None:
    def work(step: Step) -> StepResult:
        run.cancel()
        return passed(step)

    run = bench.prepare(work, named("s"))
    assert run.execute().steps[0].outcome is Outcome.PASSED
    assert bench.run(passed, named("s")).steps[0].outcome is Outcome.CACHED


@pytest.mark.parametrize(
    ("outcome", "strict", "blocked"),
    [
        (Outcome.ERROR, False, []),
        (Outcome.ERROR, True, ["rollout"]),
        (Outcome.FAILED, False, ["rollout"]),
    ],
)
def test_what_is_missing_lets_a_rollout_go_on_and_what_failed_does_not(
    bench: Bench, outcome: Outcome, strict: bool, blocked: list[str]
) -> None:
    def work(step: Step) -> StepResult:
        return StepResult(
            step=step.name,
            stage=step.stage,
            outcome=outcome if step.name == "s" else Outcome.PASSED,
        )

    rollout = named("rollout", needs=("s",), role=Role.ROLLOUT)
    result = bench.prepare(work, named("s"), rollout, strict=strict).execute()
    held = [
        (one.step, one.reason) for one in result.steps if one.outcome is Outcome.UPSTREAM_FAILED
    ]
    assert held == [(name, f"s ended {outcome}") for name in blocked]


def test_what_nobody_asked_for_is_skipped_and_not_blocked_by_what_is_missing(bench: Bench) -> None:
    """A run that does not publish owes no publication, so that its exit code is 0."""

    def work(step: Step) -> StepResult:
        return StepResult(
            step=step.name, stage=step.stage, outcome=Outcome.ERROR, started="not installed"
        )

    publish = replace(named("publish", needs=("s",), role=Role.PUBLICATION), stage="publish")
    unasked = {"publish": "it runs when asked for"}
    result = bench.prepare(work, named("s"), publish, skipped=unasked).execute()
    assert (result.steps[-1].outcome, result.steps[-1].reason) == (
        Outcome.SKIPPED,
        unasked["publish"],
    )
    assert result.undelivered == ()
    assert result.exit_code(strict=False) == 0


def test_no_step_is_lost_whose_last_need_was_cached(bench: Bench) -> None:
    """What waits for a step that is missing, and then for one that is cached, is blocked."""

    def work(step: Step) -> StepResult:
        return StepResult(
            step=step.name,
            stage=step.stage,
            outcome=Outcome.ERROR if step.name == "missing" else Outcome.PASSED,
        )

    steps = (
        named("missing"),
        named("always", max_age=0.0, needs=("missing",), role=Role.REPORTER),
        named("cached", needs=("always",), inputs=("nothing",)),
        named("last", needs=("missing", "cached")),
    )
    bench.run(work, *steps)
    again = bench.run(work, *steps)
    assert [(one.step, str(one.outcome)) for one in again.steps] == [
        ("missing", "unavailable"),
        ("always", "passed"),
        ("cached", "cached"),
        ("last", "blocked"),
    ]


def test_the_address_of_a_run_is_that_of_its_last_rollout(bench: Bench) -> None:
    def work(step: Step) -> StepResult:
        return StepResult(
            step=step.name,
            stage=step.stage,
            outcome=Outcome.PASSED,
            rollout=Verdict.PASSED,
            facts={"address": f"http://{step.name}"},
        )

    result = bench.run(work, named("first"), named("second", needs=("first",)))
    assert (result.address, result.verdict) == ("http://second", Verdict.PASSED)


def test_a_plan_says_why_a_step_would_run(bench: Bench) -> None:
    step = named("s", inputs=("in.txt",), env=("MODE",))
    assert bench.why(step) == "it has not passed yet"
    assert bench.why(named("s", max_age=0)) == "it is never cached"

    def logged(step: Step) -> StepResult:
        return StepResult(
            step=step.name, stage=step.stage, outcome=Outcome.PASSED, log=bench.blobs.put(b"log")
        )

    log = bench.run(logged, step).steps[0].log
    assert bench.why(step) == "nothing that it depends on changed"
    assert bench.why(named("s", inputs=("in.txt",), env=("MODE",), tool="x")) == (
        "its tool's version changed"
    )
    (bench.root / "in.txt").touch()
    assert bench.why(step) == "in.txt is new"
    (bench.root / "in.txt").unlink()
    (bench.root / "blobs" / log[:2] / log).unlink()
    assert bench.why(step) == "a report of its stored outcome is missing or damaged"


def test_a_step_that_passed_on_other_files_is_no_proof_and_nothing_is_rolled_out(
    bench: Bench,
) -> None:
    (bench.root / "app.py").write_text("one")
    package = Step(name="package", stage="build", kind=StepKind.ACTION, work={}, inputs=("app.py",))
    unit = named("unit", inputs=("app.py",))
    edit = named("edit", needs=("unit", "package"), max_age=0)
    rollout = Step(
        name="deploy-local",
        stage="deploy",
        kind=StepKind.ACTION,
        work={},
        needs=("edit",),
        role=Role.ROLLOUT,
    )

    def work(step: Step) -> StepResult:
        if step.name == "edit":
            (bench.root / "app.py").write_text("another")
        return passed(step)

    def run(*steps: Step) -> RunResult:
        tree = FileTree(str(bench.root), {})
        source = ReleaseSource(tree, steps, lambda: "")
        return bench.prepare(work, *steps).execute(source)

    result = run(package, unit, edit, rollout)
    outcomes = {step.step: str(step.outcome) for step in result.steps}
    assert outcomes == {
        "package": "passed",
        "unit": "passed",
        "edit": "unavailable",
        "deploy-local": "blocked",
    }
    assert result.verdict is Verdict.INCOMPLETE
    assert result.exit_code(strict=False) == 5
    (bench.root / "app.py").write_text("one")  # what is cached is of this content
    again = run(package, unit)
    assert {str(step.outcome) for step in again.steps} == {"cached"}
