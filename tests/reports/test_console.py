from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult, TestTally
from shipway.reports.console import PlainConsole

from .sample_runs import COVERAGE_GATE, HOSTILE, failed_run, finding, result, run, step


class CountingStream(io.StringIO):
    """Counts how often it is written to."""

    writes = 0

    def write(self, text: str, /) -> int:
        self.writes += 1
        return super().write(text)


def printed(*results: StepResult, quiet: bool = False) -> str:
    stream = io.StringIO()
    console = PlainConsole(stream, quiet=quiet)
    for each in results:
        console.step_finished(each)
    console.run_finished(run(*results))
    return stream.getvalue()


def last_line(finished: RunResult) -> str:
    stream = io.StringIO()
    PlainConsole(stream).run_finished(finished)
    return stream.getvalue().splitlines()[-1]


def test_a_finished_step_is_one_line_of_outcome_stage_name_and_seconds() -> None:
    assert printed(result("ruff")).splitlines()[0].split() == [
        "passed",
        "quality",
        "ruff",
        "0.12",
        "s",
    ]


def test_the_run_is_announced_with_its_number_of_steps() -> None:
    stream = io.StringIO()
    PlainConsole(stream).run_started("42", "mycandidate", [step("ruff")])
    assert stream.getvalue() == "mycandidate: run 42, 1 step\n"


def test_five_thousand_cached_steps_are_one_write() -> None:
    stream = CountingStream()
    console = PlainConsole(stream)
    for number in range(5000):
        console.step_finished(result(f"step-{number}", Outcome.CACHED))
    assert stream.writes == 0
    console.step_started(step("late"))
    assert stream.writes == 1
    assert stream.getvalue().count("\n") == 5000


def test_one_hostile_name_among_many_cached_steps_is_made_harmless() -> None:
    stream = io.StringIO()
    console = PlainConsole(stream)
    for name in ("ruff", HOSTILE, "mypy"):
        console.step_finished(result(name, Outcome.CACHED))
    console.step_output("unit", "flushes")
    first, second, third = stream.getvalue().splitlines()
    assert first.split()[2] == "ruff"
    assert "alert(1)" in second
    assert second.isprintable()
    assert third.split()[2] == "mypy"


def test_quiet_leaves_out_cached_steps() -> None:
    text = printed(result("ruff", Outcome.CACHED), quiet=True)
    assert "ruff" not in text


def test_cached_lines_stand_before_the_line_of_a_step_that_ended_later() -> None:
    text = printed(result("first", Outcome.CACHED), result("second"))
    assert text.index("first") < text.index("second")


def lines_of_a_failure(**changes: Any) -> list[str]:
    stream = io.StringIO()
    console = PlainConsole(stream)
    console.step_started(step("unit"))
    for number in range(40):
        console.step_output("unit", f"log {number}")
    failed = replace(
        result("unit", Outcome.FAILED),
        reason="1 test failed.",
        remedy="Look at the log.",
        command="shipway run unit",
    )
    console.step_finished(replace(failed, **changes))
    return stream.getvalue().splitlines()


def test_a_failed_step_shows_log_reason_remedy_and_command() -> None:
    lines = lines_of_a_failure()
    assert lines[1] == "  | log 10"
    assert lines[30:] == [
        "  | log 39",
        "  why:   1 test failed",
        "  next:  Look at the log.",
        "  again: shipway run unit",
    ]


def test_findings_and_gates_take_the_place_of_the_log_that_they_were_read_from() -> None:
    found = tuple(finding(number) for number in range(1, 26))
    lines = lines_of_a_failure(findings=found, gates=(COVERAGE_GATE,))
    assert lines[1] == "  main/pages.py:1: E501 line too long (101 > 100)"
    assert lines[21] == "  and 5 more findings"
    assert lines[22:24] == [f"  gate: {COVERAGE_GATE.sentence}", "  why:   1 test failed"]
    assert "  | log 39" not in lines_of_a_failure(gates=(COVERAGE_GATE,))


def test_a_failed_gate_is_said_once_in_the_log_and_once_in_the_summary() -> None:
    sentence = COVERAGE_GATE.sentence
    step = replace(result("coverage", Outcome.FAILED), reason=sentence, gates=(COVERAGE_GATE,))
    stream = io.StringIO()
    console = PlainConsole(stream)
    console.step_finished(step)
    assert stream.getvalue().count(sentence) == 1
    assert "  more:  shipway explain gate-failed\n" in stream.getvalue()
    console.run_finished(
        RunResult(
            run="1",
            application="web",
            verdict=Verdict.FAILED,
            started=1.0,
            seconds=1.0,
            steps=(step,),
        )
    )
    assert stream.getvalue().count(sentence) == 3  # the step, the list, the verdict
    assert stream.getvalue().endswith(f"failed: {sentence}\n")


def test_the_log_of_a_step_that_passed_is_not_shown() -> None:
    stream = io.StringIO()
    console = PlainConsole(stream)
    console.step_output("ruff", "chatter")
    console.step_finished(result("ruff"))
    assert "chatter" not in stream.getvalue()


def test_quiet_leaves_out_what_is_fine_and_keeps_what_is_not() -> None:
    text = printed(result("fine"), result("bad", Outcome.FAILED), quiet=True)
    assert "fine" not in text
    assert text.startswith("failed")


def test_quiet_does_not_announce_the_run() -> None:
    stream = io.StringIO()
    PlainConsole(stream, quiet=True).run_started("42", "mycandidate", [])
    assert stream.getvalue() == ""


def test_a_skipped_step_says_why_on_its_line() -> None:
    skipped = replace(result("docs", Outcome.SKIPPED), reason="nothing below docs/ changed")
    assert printed(skipped).splitlines()[0].endswith("nothing below docs/ changed")


def test_the_block_names_failed_gates_unavailable_checks_and_left_out_tests() -> None:
    stream = io.StringIO()
    PlainConsole(stream).run_finished(failed_run())
    text = stream.getvalue()
    assert "13 steps: 4 passed, 3 failed, 2 cached, 1 skipped, 1 unavailable" in text
    assert f"missed limit   {COVERAGE_GATE.sentence}" in text
    absent = "not run        trivy: the program trivy is not on PATH\n"
    assert f"{absent}{' ' * 15}next: Install" in text
    assert "left out       test_redis: no Redis here" in text


def test_more_left_out_tests_than_fit_are_counted() -> None:
    names = tuple(f"test_{number}: no Redis" for number in range(50))
    text = printed(replace(result("unit"), tests=TestTally(1, 0, 50, names)))
    assert text.count("left out") == 41
    assert "10 more tests, named in the report" in text


def test_tests_that_failed_before_shipway_came_are_named_by_every_verdict() -> None:
    tests = TestTally(3, 0, 0, known_failures=("test_mail: no host", "test_fax: no host"))
    unit = replace(result("unit"), tests=tests)
    stream = io.StringIO()
    PlainConsole(stream).run_finished(run(unit))
    assert stream.getvalue().splitlines()[2:] == [
        "known          test_mail: no host",
        "known          test_fax: no host",
        "passed: 1 step, none failed; 2 tests failed that failed before Shipway came",
    ]
    bad = replace(result("ruff", Outcome.FAILED), reason="2 findings")
    stream = io.StringIO()
    PlainConsole(stream).run_finished(run(unit, bad, verdict=Verdict.FAILED))
    assert "known          test_mail: no host" in stream.getvalue()


def test_the_last_line_is_the_verdict_with_its_reason() -> None:
    bad = replace(result("unit", Outcome.FAILED), reason="1 test failed")
    missing = replace(result("trivy", Outcome.ERROR), reason="trivy is not here")
    back = replace(bad, step="deploy", reason="it crashed", rollout=Verdict.ROLLED_BACK)
    stopped = replace(result("unit", Outcome.CANCELLED), reason="stopped by Ctrl-C")
    assert last_line(run(result("ruff"))) == "passed: 1 step, none failed"
    assert last_line(run(result("ruff"), address="http://localhost:8080")) == (
        "passed: 1 step, none failed; mycandidate answers at http://localhost:8080"
    )
    assert last_line(run(bad, bad, verdict=Verdict.FAILED)) == ("failed: unit: 1 test failed")
    assert last_line(run(missing, verdict=Verdict.INCOMPLETE)) == (
        "incomplete: trivy: trivy is not here"
    )
    assert last_line(run(bad, back, verdict=Verdict.ROLLED_BACK)) == (
        "rolled back: deploy: it crashed"
    )
    assert last_line(run(stopped, verdict=Verdict.INTERRUPTED)) == (
        "interrupted: unit: stopped by Ctrl-C"
    )


def test_the_last_lines_name_the_worst_first() -> None:
    scanner = replace(result("trivy", Outcome.ERROR, "security"), reason="not here")
    suite = replace(result("browser", Outcome.ERROR, "test"), reason="every test was skipped")
    left_out = TestTally(1, 0, 1, ("test_redis: no Redis",))
    unit = replace(result("unit", stage="test"), tests=left_out)
    lint = replace(result("ruff", Outcome.FAILED), reason="2 findings")
    tests = replace(result("integration", Outcome.FAILED, "test"), reason="1 test failed")
    stream = io.StringIO()
    steps = (scanner, lint, suite, unit, tests)
    PlainConsole(stream).run_finished(run(*steps, verdict=Verdict.FAILED))
    lines = [line for line in stream.getvalue().splitlines()[2:] if line[:1] != " "]
    assert lines == [
        "failed test    integration: 1 test failed",
        "failed check   ruff: 2 findings",
        "not run        browser: every test was skipped",
        "not run        trivy: not here",
        "left out       test_redis: no Redis",
        "failed: integration: 1 test failed; also 1 failed check",
    ]
    assert last_line(run(scanner, suite, verdict=Verdict.INCOMPLETE)) == (
        "incomplete: browser: every test was skipped; also 1 not run"
    )


def test_an_incomplete_run_that_rolled_nothing_out_says_so() -> None:
    package = replace(result("package", Outcome.ERROR, "build"), reason="no disk")
    rollout = result("deploy-local", Outcome.UPSTREAM_FAILED, "deploy")
    assert last_line(run(package, rollout, verdict=Verdict.INCOMPLETE)) == (
        "incomplete: package: no disk; nothing came of deploy-local"
    )


def test_many_failed_steps_are_counted() -> None:
    steps = [replace(result(f"s{n}", Outcome.FAILED), reason="no") for n in range(30)]
    stream = io.StringIO()
    PlainConsole(stream).run_finished(run(*steps, verdict=Verdict.FAILED))
    assert stream.getvalue().count("\nfailed check ") == 5
    assert "and 25 more failed checks, named in the report" in stream.getvalue()


def test_a_run_without_steps_proves_nothing_and_says_so() -> None:
    assert last_line(run(verdict=Verdict.INCOMPLETE)) == (
        "incomplete: no step ran, so nothing is proved"
    )


def test_a_verdict_that_no_step_explains_points_at_the_report() -> None:
    assert last_line(run(result("ruff"), verdict=Verdict.UNKNOWN)) == (
        "unknown: no step says why; look at the report"
    )


def test_a_reason_is_found_where_a_step_gives_none() -> None:
    bare = result("unit", Outcome.FAILED)
    given = {
        COVERAGE_GATE.sentence: replace(bare, gates=(COVERAGE_GATE,)),
        "1 finding": replace(bare, findings=(finding(1),)),
        "2 tests failed": replace(bare, tests=TestTally(0, 2, 0)),
        "it ended failed without saying why": bare,
    }
    for reason, ended in given.items():
        step = "" if ended.gates else "unit: "
        assert last_line(run(ended, verdict=Verdict.FAILED)) == f"failed: {step}{reason}"


def test_hostile_text_reaches_the_terminal_without_controls() -> None:
    stream = io.StringIO()
    console = PlainConsole(stream)
    console.run_started(HOSTILE, HOSTILE, [])
    for each in failed_run().steps:
        console.step_output(each.step, HOSTILE)
        console.step_finished(replace(each, reason=HOSTILE, remedy=HOSTILE, command=HOSTILE))
    console.run_finished(failed_run())
    text = stream.getvalue()
    assert "alert(1)" in text
    assert all(line.isprintable() for line in text.split("\n"))


def test_a_stream_that_knows_only_ascii_gets_codes_instead_of_an_error() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    PlainConsole(stream).step_finished(replace(result("rüff", Outcome.FAILED), reason="schlimm…"))
    assert rb"r\xfcff" in raw.getvalue()
