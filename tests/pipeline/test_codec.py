from __future__ import annotations

import json
from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st
from tests.reports.any_finding import FINDINGS
from tests.reports.sample_runs import failed_run, finding, passed_run, result

from shipway.findings.finding import Finding, FindingKind, FindingState, Severity
from shipway.pipeline.codec import run_from_json, run_to_json, step_from_json, step_to_json


@given(st.lists(FINDINGS, max_size=5).map(tuple))
def test_findings_survive_the_record(findings: tuple[Finding, ...]) -> None:
    step = replace(result("bandit"), findings=findings)
    assert step_from_json(step_to_json(step)) == step


@given(FINDINGS)
def test_the_enums_and_tuples_of_a_finding_come_back_as_what_they_were(finding: Finding) -> None:
    step = step_from_json(step_to_json(replace(result("bandit"), findings=(finding,))))
    read = step.findings[0]
    for field in fields(Finding):
        before, after = getattr(finding, field.name), getattr(read, field.name)
        assert type(before) is type(after), field.name
    assert read.fingerprint == finding.fingerprint


def test_only_what_a_finding_knows_is_written() -> None:
    step = replace(result("ruff"), findings=(finding(3),))
    (written,) = json.loads(step_to_json(step))["findings"]
    assert set(written) == {"tool", "rule", "severity", "path", "line", "message"}


def test_findings_that_an_older_shipway_recorded_are_read() -> None:
    old = (
        '{"step":"ruff","stage":"quality","outcome":"failed","findings":'
        '[{"tool":"ruff","rule":"E501","severity":2,"path":"a.py","line":1,"message":"long"}]}'
    )
    (read,) = step_from_json(old).findings
    assert read == Finding(
        tool="ruff", rule="E501", severity=Severity.MEDIUM, path="a.py", line=1, message="long"
    )
    assert (read.kind, read.state) == (FindingKind.CODE, FindingState.OPEN)


def test_whole_runs_survive_the_record() -> None:
    for run in (passed_run(), failed_run()):
        steps = tuple(step_from_json(step_to_json(step)) for step in run.steps)
        assert run_from_json(run_to_json(run), steps) == run
