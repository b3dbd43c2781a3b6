from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from shipway.checks.semgrep import SEMGREP
from shipway.findings.finding import FindingKind, Severity
from shipway.pipeline.check import ToolOutput

from . import tiny_application
from .check_results import argv, faults, fix, read, refusal, refused
from .recordings import SITE, load

HALF = ("not-looked-at", "town/half.py", 2, Severity.HIGH)


def reported(**parts: object) -> ToolOutput:
    """The clean report with some parts replaced."""
    report = {**json.loads(load("semgrep", "clean").stdout), **parts}
    return ToolOutput(0, json.dumps(report), "")


def test_it_looks_at_all_but_tests_with_our_rules_and_asks_nobody() -> None:
    words = argv("semgrep")
    assert words[0] == "scan" and words[-1] == "."
    assert {"--json", "--disable-version-check", "--oss-only", "--no-rewrite-rule-ids"} <= {*words}
    pairs = set(pairwise(words))
    options = dict(pairs)
    assert options["--metrics"] == "off"
    assert options["--jobs"] == "1"
    assert options["--max-target-bytes"] == "0"  # none is left out for its size
    assert len(list(Path(options["--config"]).glob("*.yml"))) >= 10
    assert {("--exclude", "tests"), ("--exclude", ".shipway")} <= pairs


def test_it_keeps_its_own_files_in_the_state_folder() -> None:
    assert {value.split("/")[0] for _, value in SEMGREP.tool.env} == {".shipway"}


def test_it_repairs_nothing() -> None:
    assert fix("semgrep") is None


def test_other_rules_are_another_step() -> None:
    [digest] = [
        one for one in SEMGREP.inputs(tiny_application.CONFIG) if one.startswith("semgrep-rules-")
    ]
    assert len(digest) == len("semgrep-rules-") + 16


def test_findings_have_rule_place_and_severity() -> None:
    assert faults(read("semgrep", "bad")) == [
        ("shipway.jinja.safe-filter", "town/templates/ward.html", 2, Severity.MEDIUM),
        ("shipway.jinja.value-as-link", "town/templates/ward.html", 3, Severity.LOW),
        ("shipway.sqlalchemy.query-from-request", "town/views.py", 10, Severity.HIGH),
        ("shipway.flask.cookie-without-secure", "town/views.py", 18, Severity.MEDIUM),
    ]


def test_a_finding_says_what_is_wrong_and_what_to_do() -> None:
    finding = read("semgrep", "bad").findings[2]
    assert finding.message == (
        "Text from the request becomes part of a query, "
        "so a visitor can ask the database for anything."
    )
    assert finding.remedy == (
        "Write the query with :name in its place and give the value as a parameter."
    )
    assert (finding.kind, finding.cwe) == (FindingKind.CODE, ("CWE-89",))
    assert (finding.score, finding.confidence) == ("ERROR", "high")
    assert finding.link.startswith("https://docs.sqlalchemy.org/")


def test_a_fault_of_a_workflow_is_one_of_configuration() -> None:
    one = {**json.loads(load("semgrep", "bad").stdout)["results"][0], "path": ".github/a.yml"}
    [finding] = SEMGREP.read(reported(results=[one]), tiny_application.CONFIG, SITE).findings
    assert finding.kind is FindingKind.CONFIGURATION


def test_workflows_templates_and_requirements_are_its_inputs() -> None:
    assert {"*.yml", "*.yaml", "*.txt", "Dockerfile*"} <= {*SEMGREP.inputs(tiny_application.CONFIG)}


def test_a_remedy_that_begins_with_code_keeps_its_small_letter() -> None:
    [one] = json.loads(load("semgrep", "bad").stdout)["results"][:1]
    one["extra"]["message"] = "It builds objects. Instead: yaml.safe_load."
    [finding] = SEMGREP.read(reported(results=[one]), tiny_application.CONFIG, SITE).findings
    assert finding.remedy == "yaml.safe_load."


def test_clean_is_clean() -> None:
    assert read("semgrep", "clean").findings == ()


def test_what_the_project_leaves_out_is_left_out() -> None:
    paths = {one.path for one in read("semgrep", "own-settings").findings}
    assert paths == {"town/templates/ward.html"}


def test_a_file_read_only_in_part_is_a_finding_beside_the_others() -> None:
    found = faults(read("semgrep", "syntax"))
    assert found[:-1] == faults(read("semgrep", "bad"))
    assert found[-1] == HALF


@pytest.mark.parametrize("reason", ["Timeout", "Out of memory", "Lexical error"])
def test_a_file_that_was_given_up_is_one_finding_whatever_the_number_of_rules(reason: str) -> None:
    error = {"code": 2, "level": "warn", "type": reason, "message": "…", "path": "town/big.py"}
    errors = [{**error, "rule_id": "one"}, {**error, "rule_id": "two"}]
    [finding] = SEMGREP.read(reported(errors=errors), tiny_application.CONFIG, SITE).findings
    assert (finding.rule, finding.place) == ("not-looked-at", "town/big.py")
    assert finding.message == f"semgrep did not look at all of this file: {reason.lower()}"
    assert finding.severity is Severity.HIGH and finding.remedy


def test_nothing_to_look_at_is_not_a_pass() -> None:
    for case in ("nothing", "all-ignored"):
        assert refused("semgrep", case) == "semgrep found no Python file or template to look at"


def test_other_files_alone_are_nothing_to_look_at() -> None:
    output = reported(paths={"scanned": ["README.md", "town/style.css"]})
    assert "to look at" in refusal("semgrep", output).message


def test_a_template_is_something_to_look_at() -> None:
    for path in ("ward.html", "mail.txt.j2", "page.jinja2", "ward.html.jinja", "ward.html.en"):
        output = reported(paths={"scanned": [path]})
        assert SEMGREP.read(output, tiny_application.CONFIG, SITE).findings == ()


def test_a_rule_that_cannot_be_used_is_no_result() -> None:
    error = {"code": 7, "level": "error", "type": "SemgrepError", "message": "invalid\n rule"}
    problem = refusal("semgrep", replace(reported(errors=[error]), code=7))
    assert problem.message == "semgrep ended with no result: invalid rule"
    assert problem.remedy


def test_a_rule_that_was_skipped_is_no_result() -> None:
    assert "no result" in refusal("semgrep", reported(skipped_rules=[{"rule_id": "x"}])).message


@pytest.mark.parametrize("code", [1, 2, 7, -9])
def test_an_exit_code_that_does_not_fit_is_no_result(code: int) -> None:
    for case in ("bad", "clean"):
        output = replace(load("semgrep", case), code=code)
        assert "no result" in refusal("semgrep", output).message


@pytest.mark.parametrize(
    "parts",
    [
        {"results": [{}]},
        {"results": None},
        {"errors": [3]},
        {"errors": [{"path": "x"}]},
        {"paths": {}},
        {"errors": [{"path": "x", "type": [], "level": "warn"}]},
    ],
)
def test_a_report_of_another_form_is_no_result(parts: dict[str, object]) -> None:
    assert "no result" in refusal("semgrep", reported(**parts)).message
