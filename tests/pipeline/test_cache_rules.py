"""The nine rules of a correct cache, each by its name, with real files and processes."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.clock import VirtualClock

from shipway.config.schema import Config
from shipway.pipeline.cache import Reuse, StepCache
from shipway.pipeline.dependency import Role
from shipway.pipeline.execution import execute_step
from shipway.pipeline.graph import Graph
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult
from shipway.pipeline.run import PipelineRun, RunOptions, forecast_run
from shipway.pipeline.run_secrets import RunSecrets
from shipway.pipeline.step import Step, StepKind
from shipway.pipeline.step_context import StepContext
from shipway.ports import OnOutput
from shipway.reports.console import PlainConsole
from shipway.system.files import BlobFolder, FileTree
from shipway.system.installed import installed_state
from shipway.system.process import SystemProcesses
from shipway.system.record import SqliteRecord


class Bench:
    """A project in a folder, run again and again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = root / ".shipway"
        self.record = SqliteRecord(str(self.state / "record.sqlite3"))
        self.clock = VirtualClock()
        self.environment: dict[str, str] = dict(os.environ)
        self.runs = 0
        (root / "in.txt").write_text("1")

    def blobs(self) -> BlobFolder:
        return BlobFolder(str(self.state / "blobs"))

    def cache(self, **more: Any) -> StepCache:
        tree = FileTree(str(self.root), self.record.file_index())
        return StepCache(
            tree, self.record, self.blobs(), self.environment, "this machine", Reuse(**more)
        )

    def run(self, *steps: Step, **options: object) -> RunResult:
        self.runs += 1
        context = StepContext(
            root=str(self.root),
            state=str(self.state),
            out=str(self.state / "out"),
            config=Config(),
            processes=SystemProcesses(),
            blobs=self.blobs(),
            environment=self.environment,
            checks=lambda name: pytest.fail(name),
            actions=lambda name: pytest.fail(name),
            serve=_no_server,
            uv="uv",
        )
        secrets = RunSecrets(str(self.root), self.blobs())
        settings = RunOptions(run=str(self.runs), jobs=2, secrets=secrets, **options)  # type: ignore[arg-type]
        console = PlainConsole(io.StringIO())
        return PipelineRun(
            Graph(steps),
            lambda step, upstream, say: execute_step(
                step, replace(context, upstream=upstream), say
            ),
            self.cache(),
            self.record,
            console,
            self.clock,
            settings,
        ).execute()

    def outcomes(self, *steps: Step, **options: object) -> dict[str, Outcome]:
        return {one.step: one.outcome for one in self.run(*steps, **options).steps}


def _no_server(context: StepContext, on_output: OnOutput) -> AbstractContextManager[str]:
    raise AssertionError("nothing here is served")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def shell(name: str, script: str, **more: object) -> Step:
    work = {"argv": ["sh", "-c", script]}
    return Step(
        name=name, stage="test", kind=StepKind.COMMAND, work=work, inputs=("in.txt",), **more
    )  # type: ignore[arg-type]


def test_unchanged_work_is_not_repeated(bench: Bench) -> None:
    step = shell("s", "echo ran >> ran")
    assert bench.outcomes(step) == {"s": Outcome.PASSED}
    assert bench.outcomes(step) == {"s": Outcome.CACHED}
    assert (bench.root / "ran").read_text() == "ran\n"


def test_rule_1_an_input_that_changed_meanwhile_stores_nothing(bench: Bench) -> None:
    step = shell("s", "echo more >> in.txt")
    assert bench.outcomes(step) == {"s": Outcome.PASSED}
    (bench.root / "in.txt").write_text("1")
    assert bench.outcomes(step) == {"s": Outcome.PASSED}


def test_rule_2_unset_empty_and_a_value_are_three_things(bench: Bench) -> None:
    step = shell("s", "true", env=("MODE",))
    for value in (None, "", "a", "b"):
        bench.environment.pop("MODE", None)
        if value is not None:
            bench.environment["MODE"] = value
        assert bench.outcomes(step) == {"s": Outcome.PASSED}
        assert bench.outcomes(step) == {"s": Outcome.CACHED}


def test_rule_2_what_is_not_declared_is_withheld(bench: Bench) -> None:
    bench.environment["MODE"] = "a"
    assert bench.outcomes(shell("s", 'test -z "$MODE"')) == {"s": Outcome.PASSED}


def test_rule_3_another_version_of_the_tool_runs_again(bench: Bench) -> None:
    assert bench.outcomes(shell("s", "true", tool="ruff 1")) == {"s": Outcome.PASSED}
    assert bench.outcomes(shell("s", "true", tool="ruff 2")) == {"s": Outcome.PASSED}


def test_rule_4_another_definition_runs_again(bench: Bench) -> None:
    assert bench.outcomes(shell("s", "true")) == {"s": Outcome.PASSED}
    assert bench.outcomes(shell("s", "true", timeout=5.0)) == {"s": Outcome.PASSED}


@pytest.mark.parametrize("script", ["exit 1", "kill -9 $$", "sleep 9"])
def test_rule_5_what_failed_was_killed_or_timed_out_is_never_stored(
    bench: Bench, script: str
) -> None:
    step = shell("s", script, timeout=0.5)
    for _ in range(2):
        assert bench.outcomes(step) == {"s": Outcome.FAILED}
    assert bench.record.cached() == {}


def test_rule_6_a_hit_replays_its_log(bench: Bench) -> None:
    step = shell("s", "echo said")
    bench.run(step)
    again = bench.run(step).steps[0]
    assert again.outcome is Outcome.CACHED
    assert bench.blobs().get(again.log) == b"said\n"


def test_rule_7_a_missing_or_damaged_log_is_no_hit(bench: Bench) -> None:
    step = shell("s", "echo said")
    for damage in (lambda p: p.unlink(), lambda p: p.write_bytes(b"other")):
        log = bench.run(step).steps[0].log
        damage(bench.state / "blobs" / log[:2] / log)
        assert bench.outcomes(step) == {"s": Outcome.PASSED}


def test_rule_8_an_outcome_with_an_age_expires_and_says_so(bench: Bench) -> None:
    step = shell("s", "true", max_age=3600.0)
    bench.run(step)
    bench.clock.sleep(3500)
    assert bench.outcomes(step) == {"s": Outcome.CACHED}
    bench.clock.sleep(200)
    assert forecast_run(Graph([step]), bench.cache(), {}, bench.clock.now())[0].why == (
        "its outcome is older than 1 h"
    )
    assert bench.outcomes(step) == {"s": Outcome.PASSED}


def test_rule_8_an_outcome_of_a_clock_that_was_ahead_has_no_age(bench: Bench) -> None:
    step = shell("s", "true", max_age=3600.0)
    bench.clock.sleep(3 * 86_400)
    bench.run(step)
    bench.clock.sleep(-3 * 86_400)
    assert bench.outcomes(step) == {"s": Outcome.PASSED}


class SkippedSuite:
    """A check whose tests ask for a browser on PATH, and skip where there is none."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench = bench
        self.programs = folder
        self.programs.mkdir()
        bench.environment["PATH"] = str(folder)
        self.asked = 0
        self.console = io.StringIO()
        self.step = Step(
            name="browser", stage="test", kind=StepKind.CHECK, work={}, inputs=("in.txt",)
        )
        self.coverage = replace(self.step, name="coverage", needs=("browser",))
        self.coverage.role = Role.AGGREGATOR

    def perform(self, step: Step, upstream: Mapping[str, StepResult], say: OnOutput) -> StepResult:
        self.asked += step.name == "browser"
        log = self.bench.blobs().put(b"Chromium is not installed\n")
        result = StepResult(step=step.name, stage=step.stage, outcome=Outcome.PASSED, log=log)
        if step.name == "browser" and not (self.programs / "chromium").exists():
            result = replace(
                result,
                outcome=Outcome.ERROR,
                reason="every test was skipped",
                remedy="Install a browser.",
                code="no-tests",
            )
        return result

    def run(self, **options: bool) -> RunResult:
        bench = self.bench
        bench.runs += 1
        secrets = RunSecrets(str(bench.root), bench.blobs())
        return PipelineRun(
            Graph([self.step, self.coverage]),
            self.perform,
            self.cache(**options),
            bench.record,
            PlainConsole(self.console),
            bench.clock,
            RunOptions(run=str(bench.runs), jobs=1, secrets=secrets),
        ).execute()

    def cache(self, **options: bool) -> StepCache:
        return self.bench.cache(installed=installed_state, **options)

    def plan(self) -> list[tuple[str, bool, bool]]:
        steps = Graph([self.step, self.coverage])
        forecasts = forecast_run(steps, self.cache(), {}, self.bench.clock.now())
        return [(one.step.name, one.runs, one.replayed) for one in forecasts]


@pytest.fixture
def suite(bench: Bench) -> SkippedSuite:
    return SkippedSuite(bench, bench.root.parent / f"{bench.root.name}-bin")


def test_rule_9_a_suite_that_was_skipped_is_replayed_as_unavailable_and_says_so(
    suite: SkippedSuite,
) -> None:
    asked = suite.run()
    assert suite.plan() == [("browser", False, True), ("coverage", False, False)]
    suite.bench.clock.sleep(180)
    replayed = suite.run()
    assert suite.asked == 1
    before, after = asked.steps[0], replayed.steps[0]
    assert (after.outcome, after.log, after.remedy) == (Outcome.ERROR, before.log, before.remedy)
    assert after.reason == (
        "every test was skipped; replayed from 3 min ago, for nothing has been installed here "
        "since (--no-cache asks again)"
    )
    assert after.facts == {"replayed": True} and not before.facts
    assert after.reason in suite.console.getvalue()
    assert replayed.steps[1].outcome is Outcome.CACHED
    assert replayed.verdict is Verdict.INCOMPLETE
    assert replayed.exit_code(strict=True) == asked.exit_code(strict=True) == 5


@pytest.mark.parametrize("change", ["program", "variable", "input", "age", "log"])
def test_rule_9_it_is_asked_again_where_anything_changed_that_a_skip_can_depend_on(
    suite: SkippedSuite, change: str
) -> None:
    log = suite.run().steps[0].log
    if change == "program":
        (suite.programs / "chromium").write_text("")
    elif change == "variable":
        suite.bench.environment["HOME"] = "/another"
    elif change == "input":
        (suite.bench.root / "in.txt").write_text("2")
    elif change == "age":
        suite.bench.clock.sleep(3601)
    else:
        (suite.bench.state / "blobs" / log[:2] / log).unlink()
    assert suite.plan()[0] == ("browser", True, False)
    result = suite.run()
    assert suite.asked == 2
    assert (result.steps[0].outcome is Outcome.PASSED) == (change == "program")
    assert "replayed" not in result.steps[0].facts


def test_rule_9_no_cache_asks_again_and_a_replay_does_not_renew_itself(
    suite: SkippedSuite,
) -> None:
    suite.run()
    suite.run(enabled=False)
    assert suite.asked == 2
    for _ in range(3):
        suite.bench.clock.sleep(1500)
        suite.run()
    assert suite.asked == 3


def test_rule_9_nothing_else_that_did_not_run_is_replayed(suite: SkippedSuite) -> None:
    perform = suite.perform
    suite.perform = lambda *work: replace(perform(*work), code="tool-missing")  # type: ignore[method-assign]
    suite.run()
    suite.run()
    assert suite.asked == 2


def test_a_plan_says_which_input_changed_and_the_run_agrees(bench: Bench) -> None:
    first, second = shell("a", "true"), shell("b", "true", needs=("a",))
    other = replace(shell("c", "true"), inputs=("other.txt",))
    bench.run(first, second, other)
    (bench.root / "in.txt").write_text("2")
    forecast = forecast_run(Graph([first, second, other]), bench.cache(), {}, bench.clock.now())
    assert {f.step.name: f.why for f in forecast if f.runs} == {
        "a": "in.txt changed",
        "b": "a runs, and this needs it",
    }
    ran = {n for n, o in bench.outcomes(first, second, other).items() if o is Outcome.PASSED}
    assert ran == {f.step.name for f in forecast if f.runs}


def test_mode_and_symlinks_are_part_of_an_input(bench: Bench) -> None:
    step = shell("s", "true")
    bench.run(step)
    (bench.root / "in.txt").chmod(0o755)
    assert bench.outcomes(step) == {"s": Outcome.PASSED}
    (bench.root / "copy").write_text("1")
    (bench.root / "in.txt").unlink()
    (bench.root / "in.txt").symlink_to("copy")
    assert bench.outcomes(step) == {"s": Outcome.PASSED}


def test_a_failure_blocks_what_needs_it_and_the_run_fails(bench: Bench) -> None:
    result = bench.run(shell("a", "exit 1"), shell("b", "true", needs=("a",)), shell("c", "true"))
    outcomes = {one.step: one.outcome for one in result.steps}
    assert outcomes == {"a": Outcome.FAILED, "b": Outcome.UPSTREAM_FAILED, "c": Outcome.PASSED}
    assert result.verdict is Verdict.FAILED


def test_fail_fast_starts_nothing_more_and_is_a_failure_not_an_interruption(bench: Bench) -> None:
    steps = [shell("a", "exit 1"), *(shell(f"w{n}", "sleep 0.3") for n in range(8))]
    result = bench.run(*steps, fail_fast=True)
    assert result.verdict is Verdict.FAILED
    assert sum(one.outcome is Outcome.UPSTREAM_FAILED for one in result.steps) >= 4


def test_a_step_tries_again_as_often_as_it_may(bench: Bench) -> None:
    script = "echo x >> tries; test $(wc -l < tries) -ge 3"
    assert bench.outcomes(shell("s", script, retries=2)) == {"s": Outcome.PASSED}


def test_branch_and_changed_paths_are_conditions(bench: Bench) -> None:
    assert bench.outcomes(shell("s", "true", branches=("main",)), branch="x") == {
        "s": Outcome.SKIPPED
    }
    only: Mapping[str, object] = {"changed": frozenset({"other.txt"})}
    assert bench.outcomes(shell("s", "true"), **only) == {"s": Outcome.SKIPPED}
    assert bench.outcomes(shell("s", "true"), changed=frozenset({"in.txt"})) == {
        "s": Outcome.PASSED
    }


def test_a_missing_program_is_unavailable_unless_allowed_by_name(bench: Bench) -> None:
    step = Step(name="s", stage="test", kind=StepKind.COMMAND, work={"argv": ["no-such-program"]})
    result = bench.run(step)
    assert result.verdict is Verdict.INCOMPLETE
    allowed = bench.run(step, allowed={"s": "not on this machine"})
    assert "not on this machine" in allowed.steps[0].reason
    assert allowed.verdict is Verdict.PASSED


def test_what_was_made_of_other_needs_is_no_hit(bench: Bench) -> None:
    suite = Step(
        name="suite",
        stage="test",
        kind=StepKind.COMMAND,
        work={"argv": ["./suite"]},
        inputs=("in.txt",),
    )
    total = shell("total", "true", needs=("suite",), role=Role.AGGREGATOR)
    assert bench.outcomes(suite, total) == {
        "suite": Outcome.ERROR,
        "total": Outcome.PASSED,
    }
    assert bench.outcomes(suite, total)["total"] is Outcome.CACHED
    (bench.root / "suite").write_text("#!/bin/sh\n")
    (bench.root / "suite").chmod(0o755)
    assert bench.outcomes(suite, total) == {"suite": Outcome.PASSED, "total": Outcome.PASSED}
    assert bench.outcomes(suite, total) == {"suite": Outcome.CACHED, "total": Outcome.CACHED}


def test_four_steps_on_two_cores_overlap(bench: Bench) -> None:
    # Each waits until two have begun, and counts how many are at work at once.
    script = (
        "mkdir -p begun busy; touch begun/{0} busy/{0}; ls busy | wc -l >> most; "
        "while [ $(ls begun | wc -l) -lt 2 ]; do sleep 0.02; done; rm busy/{0}"
    )
    steps = [shell(f"s{n}", script.format(n)) for n in range(4)]
    assert set(bench.outcomes(*steps).values()) == {Outcome.PASSED}
    assert max(map(int, (bench.root / "most").read_text().split())) == 2
