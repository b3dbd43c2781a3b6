"""Every output names a flaky test, with how often it was flaky."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from xml.etree.ElementTree import fromstring

import pytest

from shipway.pipeline.result import FlakyTest, RunResult, TestFailure, TestTally
from shipway.reports.console import PlainConsole
from shipway.reports.console_lines import step_line
from shipway.reports.html import html_report
from shipway.reports.json_events import JsonEvents
from shipway.reports.junit import junit_report
from shipway.reports.markdown import markdown_report

from .sample_runs import result, run

FLAKY = FlakyTest(TestFailure("t::a", "no <b>"), failed=3, runs=9)
SENTENCE = "t::a failed and passed when it was run again; flaky in 3 of 9 runs on record"


@pytest.fixture
def finished() -> RunResult:
    tests = TestTally(3, 0, 0, flaky=(FLAKY,))
    return run(replace(result("unit"), tests=tests, facts={"warnings": ["1 flaky test: t::a"]}))


def test_the_terminal_names_it_beside_its_step_and_with_the_verdict(finished: RunResult) -> None:
    assert step_line(finished.steps[0]).endswith("  1 flaky test: t::a")
    stream = io.StringIO()
    PlainConsole(stream).run_finished(finished)
    assert stream.getvalue().splitlines()[2:] == [
        f"flaky          {SENTENCE}",
        "passed: 1 step, none failed; 1 flaky test",
    ]


def test_the_summary_has_a_part_for_it(finished: RunResult) -> None:
    assert f"### Flaky tests\n- {SENTENCE}\n" in markdown_report(finished)


def test_the_page_names_it(finished: RunResult) -> None:
    assert f"<li>{SENTENCE}: no &lt;b&gt;</li>" in html_report(finished, {}.get)


def test_junit_has_a_case_that_is_no_failure(finished: RunResult) -> None:
    root = fromstring(junit_report(finished))
    (case,) = (case for case in root.iter("testcase") if len(case))
    assert (case.get("classname"), case.get("name")) == ("unit", "t::a")
    assert (case[0].tag, case[0].get("message"), case[0].text) == (
        "flakyFailure",
        "no <b>",
        SENTENCE,
    )
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("2", "0", "0")


def test_json_has_its_figures(finished: RunResult) -> None:
    stream = io.StringIO()
    JsonEvents(stream).step_finished(finished.steps[0])
    assert json.loads(stream.getvalue())["tests"]["flaky"] == [
        {
            "name": "t::a",
            "message": "no <b>",
            "passed": True,
            "waiver": "",
            "failed": 3,
            "runs": 9,
            "sentence": SENTENCE,
        }
    ]
