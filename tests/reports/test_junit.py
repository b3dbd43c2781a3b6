from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

from shipway.pipeline.outcome import Outcome
from shipway.reports.junit import junit_report

from .sample_runs import HOSTILE, failed_run, result, run


def test_every_stage_is_a_suite_and_every_step_a_case() -> None:
    root = ET.fromstring(junit_report(failed_run()))
    suites = {suite.get("name"): len(suite) for suite in root}
    assert suites == {
        "quality": 4,
        "test": 3,
        "security": 2,
        "deploy": 1,
        "build": 2,
        "verify": 1,
    }


def test_outcomes_become_failure_error_and_skipped_with_their_reason() -> None:
    root = ET.fromstring(junit_report(failed_run()))
    said = {
        case.get("name"): [(element.tag, element.get("message")) for element in case]
        for case in root.iter("testcase")
    }
    assert said["flake8"] == said["ruff"] == []
    assert said["bandit"] == [("failure", "32 findings")]
    assert said["trivy"] == [("error", "the program trivy is not on PATH")]
    assert said["package"] == [("error", "unit did not pass")]
    assert said["docs"] == [("skipped", "nothing below docs/ changed")]
    counts = [root.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["13", "3", "3", "1"]


def test_a_failure_holds_findings_gates_remedy_and_command() -> None:
    root = ET.fromstring(junit_report(failed_run()))
    text = root.findtext(".//testcase[@name='unit']/failure") or ""
    assert text.splitlines()[0].startswith("gate: coverage is 71.25 %")
    assert text.splitlines()[1:] == [
        "next: Look at the log.",
        "again: shipway -C mycandidate run unit",
    ]


def test_hostile_text_is_still_well_formed_xml() -> None:
    failed = result(HOSTILE, Outcome.FAILED)
    hostile = replace(failed, stage=HOSTILE, reason=HOSTILE, remedy=HOSTILE)
    case = next(ET.fromstring(junit_report(run(hostile))).iter("testcase"))
    assert "<script>alert(1)</script>" in (case.get("name") or "")
    assert "\x1b" not in junit_report(run(hostile))


def test_a_run_without_steps_is_an_empty_document() -> None:
    assert len(ET.fromstring(junit_report(run()))) == 0
