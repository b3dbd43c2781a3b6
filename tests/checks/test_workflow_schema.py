from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from shipway.checks.workflow_schema import WORKFLOW_SCHEMA
from shipway.findings.finding import FindingKind, Severity
from shipway.pipeline.check import CheckContext, ToolOutput

from . import insecure_application, tiny_application
from .check_results import argv, faults, fix, read, refusal, refused
from .recordings import load

OPTIONS = (
    "--verbose",
    "--color",
    "never",
    "--output-format",
    "json",
    "--builtin-schema",
    "vendor.github-workflows",
)


def test_it_names_each_workflow_and_nothing_else(tmp_path: Path) -> None:
    tiny_application.write(insecure_application.WORKFLOW_SCHEMA["bad"], str(tmp_path))
    tiny_application.write({".github/workflows/below/more.yml": ""}, str(tmp_path))
    assert WORKFLOW_SCHEMA.argv(tiny_application.CONFIG, CheckContext(str(tmp_path), "")) == (
        *OPTIONS,
        ".github/workflows/check.yml",
        ".github/workflows/empty.yaml",
        ".github/workflows/welcome.yml",
    )


def test_where_the_folder_is_gone_it_names_none() -> None:
    assert argv("workflow-schema") == OPTIONS


def test_it_depends_on_the_workflows_only() -> None:
    assert WORKFLOW_SCHEMA.inputs(tiny_application.CONFIG) == (
        ".github/workflows/*.yml",
        ".github/workflows/*.yaml",
    )


def test_it_repairs_nothing() -> None:
    assert fix("workflow-schema") is None


def test_a_finding_says_where_in_the_workflow_and_what_the_closest_form_lacks() -> None:
    empty, welcome = sorted(read("workflow-schema", "bad").findings, key=lambda one: one.path)
    assert (empty.path, empty.message) == (
        ".github/workflows/empty.yaml",
        "$: None is not of type 'object'",
    )
    assert (welcome.rule, welcome.kind) == ("invalid-workflow", FindingKind.CONFIGURATION)
    assert welcome.message == "$.jobs.greet: 'runs-on' is a required property"
    assert welcome.confidence == "high"
    assert welcome.remedy and welcome.link


def test_what_is_not_yaml_is_a_finding() -> None:
    assert faults(read("workflow-schema", "syntax")) == [
        ("invalid-yaml", ".github/workflows/check.yml", 0, Severity.MEDIUM)
    ]


def test_an_unsafe_workflow_is_a_valid_one() -> None:
    assert read("workflow-schema", "clean").findings == ()


@pytest.mark.parametrize("case", ["nothing", "no-workflow"])
def test_no_workflow_is_not_a_pass(case: str) -> None:
    assert refused("workflow-schema", case) == "workflow-schema found no workflow to look at"


@pytest.mark.parametrize(
    ("code", "report"),
    [
        (0, {"status": "ok", "errors": [], "checked_paths": []}),
        (0, {"status": "ok", "errors": []}),
        (1, {"status": "fail", "errors": [], "successes": ["a.yml"]}),
    ],
)
def test_a_report_that_names_no_workflow_or_no_fault_is_no_result(
    code: int, report: dict[str, object]
) -> None:
    output = ToolOutput(code, json.dumps(report), "")
    assert "no result" in refusal("workflow-schema", output).message


@pytest.mark.parametrize(("case", "code"), [("bad", 0), ("clean", 1), ("bad", 2), ("clean", -9)])
def test_an_exit_code_that_does_not_fit_is_no_result(case: str, code: int) -> None:
    output = replace(load("workflow-schema", case), code=code)
    assert "no result" in refusal("workflow-schema", output).message
