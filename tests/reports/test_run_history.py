from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shipway.pipeline.flaky_tests import FlakyRate
from shipway.pipeline.gates import Measure
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult, TestFailure, TestTally
from shipway.reports.run_history import (
    compare_runs,
    difference_lines,
    history_lines,
    run_history,
)

from .sample_runs import HOSTILE, everything_wrong, finding, passed_run, result, run


def took(name: str, seconds: float, commit: str = "c0ffee") -> RunResult:
    return replace(
        run(replace(result("unit", stage="test"), seconds=seconds)), run=name, commit=commit
    )


def run_with_tests(*failed: str, commit: str = "c0ffee") -> RunResult:
    failures = tuple(TestFailure(name, "no") for name in failed)
    outcome = Outcome.FAILED if failed else Outcome.PASSED
    tally = TestTally(5 - len(failed), len(failed), 0, failures=failures)
    return replace(run(replace(result("unit", outcome, "test"), tests=tally)), commit=commit)


def test_each_run_is_a_line_with_verdict_duration_coverage_and_problems() -> None:
    covered = replace(result("coverage", stage="test"), measures=(Measure("coverage", 91.5, "%"),))
    good = replace(run(covered), run="a1", branch="main")
    lines = list(history_lines(run_history([everything_wrong(), good])))
    assert lines[0].split() == ["run", "when", "(UTC)", "branch", "verdict", "took", *_REST]
    assert lines[1].split()[3:5] == ["wards", "failed"]
    assert lines[1].split()[-1] == "9"
    assert lines[2].split() == _GOOD


_REST = ["coverage", "problems"]
_GOOD = ["a1", "2026-09-21", "14:13", "main", "passed", "4.2", "s", "91.5", "%", "0"]


def test_a_step_is_slower_that_took_half_as_long_again_as_its_median() -> None:
    runs = [took("5", 9.0), took("4", 4.0), took("3", 4.0), took("2", 5.0)]
    (trend,) = run_history(runs).steps
    assert (trend.last, trend.before, trend.slower) == (9.0, 4.0, True)
    assert "slower       unit: 9.0 s, 4.0 s before" in list(history_lines(run_history(runs)))
    assert not run_history(runs[:2]).steps[0].slower  # two runs are no trend


def test_what_was_cached_says_nothing_of_how_long_a_step_takes() -> None:
    cached = run(replace(result("unit", Outcome.CACHED, "test"), seconds=99.0))
    assert run_history([cached]).steps == ()


def test_a_test_that_failed_and_passed_at_one_commit_is_flaky() -> None:
    history = run_history([run_with_tests("t::a", "t::b"), run_with_tests("t::b")])
    assert history.flaky == (FlakyRate("unit", "t::a", 1, 2),)
    assert history.to_dict()["flaky"] == ["t::a"]
    assert "flaky        t::a: flaky in 1 of 2 runs of unit" in list(history_lines(history))
    assert run_history([run_with_tests("t::a"), run_with_tests(commit="other")]).flaky == ()


def test_failures_that_are_not_all_named_accuse_no_test() -> None:
    some = run_with_tests("t::a")
    (step,) = some.steps
    assert step.tests is not None
    unnamed = replace(step, tests=replace(step.tests, failed=2))
    assert run_history([replace(some, steps=(unnamed,)), run_with_tests()]).flaky == ()


def test_two_runs_differ_by_what_was_opened_and_closed() -> None:
    bad = everything_wrong()
    clean = (
        replace(step, outcome=Outcome.PASSED, findings=(), gates=(), tests=None, reason="")
        for step in bad.steps
    )
    good = replace(bad, verdict=Verdict.PASSED, steps=tuple(clean))
    opened = compare_runs(good, bad).opened
    assert len(opened) == 9
    assert compare_runs(bad, good).closed == opened
    assert "new   secret         main/keys.py:10" in "\n".join(
        difference_lines(compare_runs(good, bad))
    )
    same = compare_runs(bad, bad)
    assert (same.opened, same.closed) == ((), ())
    assert next(difference_lines(same)) == "the same problems"


@given(st.text(max_size=40), st.floats(0, 1e6))
def test_whatever_a_run_is_called_it_is_one_harmless_line(name: str, seconds: float) -> None:
    strange = replace(took(name + HOSTILE, seconds), branch=name, verdict=Verdict.UNKNOWN)
    lines = list(history_lines(run_history([strange])))
    assert len(lines) == 2
    assert not any(control in line for line in lines for control in "\x1b\x07\n\u202e")


def test_without_runs_it_says_so() -> None:
    assert list(history_lines(run_history([]))) == ["no run is on record"]


def test_steps_that_ran_in_both_are_compared() -> None:
    step: StepResult = result("unit", stage="test")
    slow = run(replace(step, seconds=2.0))
    assert compare_runs(run(step), slow).steps == (("unit", 0.12, 2.0),)


def scanned(name: str, *numbers: int, branch: str = "main") -> RunResult:
    findings = tuple(finding(number) for number in numbers)
    return replace(run(replace(result("ruff"), findings=findings)), run=name, branch=branch)


def test_findings_are_opened_and_closed_since_the_run_before_of_the_same_branch() -> None:
    runs = [scanned("4", 2), scanned("3", 1, 2), scanned("2", branch="side"), scanned("1", 1)]
    rows = run_history(runs).rows
    assert [(row.opened, row.closed) for row in rows] == [
        (0, 1),
        (1, 0),
        (None, None),
        (None, None),
    ]
    assert [row.open_findings for row in rows] == [1, 2, 0, 1]


def test_what_no_scanner_looked_for_is_neither_gone_nor_new() -> None:
    tests_only = replace(run(result("unit", stage="test")), run="2", branch="main")
    rows = run_history([scanned("3", 1), tests_only, scanned("1", 1)]).rows
    assert (rows[1].open_findings, rows[1].opened, rows[1].closed) == (None, None, None)
    assert (rows[0].opened, rows[0].closed) == (0, 0)


def test_a_problem_whose_step_did_not_run_in_the_other_run_is_not_compared() -> None:
    broken = run(result("unit", Outcome.FAILED, "test"), result("ruff"))
    without = run(result("ruff"))
    for difference in (compare_runs(broken, without), compare_runs(without, broken)):
        assert (difference.opened, difference.closed) == ((), ())
        assert [problem.step for problem in difference.unseen] == ["unit"]
        assert any(line.startswith("not compared  1 ") for line in difference_lines(difference))


def test_a_trend_is_drawn_from_the_oldest_to_the_newest() -> None:
    (trend,) = run_history([took("3", 9.0), took("2", 4.0), took("1", 5.0)]).steps
    assert trend.series == (5.0, 4.0, 9.0)


def test_the_size_of_the_image_is_that_of_the_run() -> None:
    sized = replace(result("image", stage="build"), measures=(Measure("image size", 81.5, "MB"),))
    assert run_history([run(sized)]).rows[0].image_mb == 81.5
    assert run_history([passed_run()]).rows[0].image_mb is None
