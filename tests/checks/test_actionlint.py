from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shipway.checks.actionlint import ACTIONLINT
from shipway.findings.finding import FindingKind, Severity
from shipway.pipeline.check import CheckContext, ToolOutput

from . import insecure_application, tiny_application
from .check_results import argv, fix, read, refusal, refused
from .recordings import load

OPTIONS = ("-no-color", "-shellcheck=", "-pyflakes=", "-format", "{{json .}}")


def test_it_names_each_workflow_and_nothing_else(tmp_path: Path) -> None:
    tiny_application.write(insecure_application.ACTIONLINT["bad"], str(tmp_path))
    assert ACTIONLINT.argv(tiny_application.CONFIG, CheckContext(str(tmp_path), "")) == (
        *OPTIONS,
        ".github/workflows/check.yml",
        ".github/workflows/empty.yaml",
        ".github/workflows/welcome.yml",
    )


def test_where_there_is_none_it_is_not_left_to_look_for_others() -> None:
    assert argv("actionlint") == (*OPTIONS, ".github/workflows")


def test_it_repairs_nothing() -> None:
    assert fix("actionlint") is None


def test_a_finding_says_where_and_what() -> None:
    found = {(one.path, one.rule): one for one in read("actionlint", "bad").findings}
    unknown = found[".github/workflows/check.yml", "expression"]
    assert '"nothing" is not defined' in unknown.message
    assert (unknown.severity, unknown.kind) == (Severity.MEDIUM, FindingKind.CONFIGURATION)
    assert unknown.line > 0 and unknown.remedy and unknown.link
    assert found[".github/workflows/empty.yaml", "syntax-check"].message == "workflow is empty"


def test_the_text_of_strangers_in_a_script_is_the_weakness_that_zizmor_rates() -> None:
    injected = [one for one in read("actionlint", "bad").findings if one.cwe]
    assert [(one.severity, one.cwe) for one in injected] == [(Severity.MEDIUM, ("CWE-94",))]
    assert "by env" in injected[0].remedy


def test_what_is_not_yaml_is_a_finding() -> None:
    rules = {one.rule for one in read("actionlint", "syntax").findings}
    assert "syntax-check" in rules


def test_a_workflow_without_fault_has_no_finding() -> None:
    assert read("actionlint", "clean").findings == ()


@pytest.mark.parametrize("case", ["nothing", "no-workflow"])
def test_no_workflow_is_not_a_pass(case: str) -> None:
    assert refused("actionlint", case) == "actionlint found no workflow to look at"


@pytest.mark.parametrize(("case", "code"), [("bad", 0), ("clean", 1), ("bad", 2), ("clean", -9)])
def test_an_exit_code_that_does_not_fit_is_no_result(case: str, code: int) -> None:
    output = replace(load("actionlint", case), code=code)
    assert "no result" in refusal("actionlint", output).message


@pytest.mark.parametrize("text", ["null", '[{"kind": "x"}]', "[1]", ""])
def test_what_has_another_form_is_no_result(text: str) -> None:
    assert "no result" in refusal("actionlint", ToolOutput(1, text, "")).message
