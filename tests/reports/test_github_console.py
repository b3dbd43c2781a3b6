from __future__ import annotations

import io
from dataclasses import replace

from shipway.findings.finding import Severity
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult
from shipway.reports.console import GroupedConsole, PlainConsole

from .sample_runs import HOSTILE, finding, result, step


def shown(ended: StepResult, *log: str, quiet: bool = False) -> list[str]:
    stream = io.StringIO()
    console = GroupedConsole(stream, quiet)
    console.step_started(step(ended.step))
    for line in log:
        console.step_output(ended.step, line)
    console.step_finished(ended)
    return stream.getvalue().splitlines()


def test_what_a_step_printed_is_folded_below_its_line() -> None:
    first, *within, last = shown(result("unit"), "collecting", "3 passed")
    assert first.startswith("::group::passed ")
    assert "unit" in first
    assert within == ["  | collecting", "  | 3 passed"]
    assert last == "::endgroup::"


def test_a_step_that_printed_nothing_is_a_line() -> None:
    (line,) = shown(result("unit"))
    assert line.startswith("passed ")


def test_what_failed_stays_open() -> None:
    failed = replace(result("unit", Outcome.FAILED), reason="it ended with 1")
    lines = shown(failed, "boom")
    assert not [line for line in lines if line.startswith("::")]
    assert "  | boom" in lines
    stream = io.StringIO()
    plain = PlainConsole(stream)
    plain.step_started(step("unit"))
    plain.step_output("unit", "boom")
    plain.step_finished(failed)
    assert lines == stream.getvalue().splitlines()


def test_the_table_of_findings_is_within_the_group() -> None:
    judged = replace(
        result("findings"), findings=(finding(1, Severity.LOW),), facts={"fixed": None}
    )
    lines = shown(judged, "1 low")
    assert lines[-1] == "::endgroup::"
    assert any("E501" in line for line in lines[:-1])


def test_no_output_of_a_step_is_a_command_to_the_runner() -> None:
    hostile = ["::set-env name=PATH::x", "##[add-path]x", "::endgroup::", f"\r::error::{HOSTILE}"]
    lines = shown(result("unit"), *hostile)
    assert [line for line in lines if line.lstrip().startswith("::")] == [lines[0], lines[-1]]
    assert not [line for line in lines if "##[" in line]


def test_what_is_fine_is_left_out_when_quiet() -> None:
    assert shown(result("unit"), "fine", quiet=True) == []
