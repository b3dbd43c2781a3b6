from __future__ import annotations

import json
from dataclasses import replace

import pytest

from shipway.checks.bandit import BANDIT
from shipway.config.schema import Application, Config
from shipway.findings.finding import FindingKind, Severity
from shipway.pipeline.check import ToolOutput

from . import tiny_application
from .check_results import argv, faults, fix, read, refusal, refused
from .recordings import SITE, load


def test_it_looks_at_every_package_of_the_application() -> None:
    assert argv("bandit") == ("--quiet", "--recursive", "--format", "json", "town")
    two = Config(application=Application(packages=("src/town", "src/river")))
    assert BANDIT.argv(two, SITE)[-2:] == ("src/town", "src/river")


def test_it_repairs_nothing() -> None:
    assert fix("bandit") is None


def test_findings_have_rule_place_and_severity() -> None:
    assert faults(read("bandit", "bad")) == [
        ("B404", "town/unsafe.py", 1, Severity.LOW),
        ("B608", "town/unsafe.py", 5, Severity.MEDIUM),
        ("B602", "town/unsafe.py", 6, Severity.HIGH),
    ]


def test_a_finding_carries_all_that_bandit_knows_and_what_to_do() -> None:
    finding = read("bandit", "bad").findings[1]
    assert finding.kind is FindingKind.CODE
    assert (finding.score, finding.confidence) == ("MEDIUM", "medium")
    assert finding.cwe == ("CWE-89",)
    assert finding.link == (
        "https://bandit.readthedocs.io/en/1.9.4/plugins/b608_hardcoded_sql_expressions.html"
    )
    assert finding.remedy == "Give values as parameters of the query, never as part of its text."


def test_clean_is_clean() -> None:
    assert read("bandit", "clean").findings == ()


def test_a_file_that_it_could_not_read_is_not_clean_whatever_it_found_elsewhere() -> None:
    assert refused("bandit", "syntax") == (
        "bandit could not read town/syntax.py: syntax error while parsing AST from file"
    )
    assert refused("bandit", "no-package") == (
        "bandit could not read town: No such file or directory"
    )


def test_of_many_files_that_it_could_not_read_it_says_how_many() -> None:
    said = json.loads(load("bandit", "no-package").stdout)
    broken = replace(
        load("bandit", "no-package"), stdout=json.dumps({**said, "errors": said["errors"] * 3})
    )
    assert refusal("bandit", broken).message.endswith("No such file or directory and 2 more")


def test_no_file_is_not_a_pass() -> None:
    assert refused("bandit", "nothing") == "bandit found no Python files"


@pytest.mark.parametrize(
    "change",
    [{"issue_severity": "DIRE"}, {"issue_cwe": None}, {"line_number": None}, {"filename": 3}],
)
def test_a_result_in_another_form_is_no_result(change: dict[str, object]) -> None:
    said = json.loads(load("bandit", "bad").stdout)
    said["results"][0].update(change)
    assert "no result" in refusal("bandit", ToolOutput(1, json.dumps(said), "")).message


def test_a_result_without_cwe_or_severity_is_a_finding_all_the_same() -> None:
    said = json.loads(load("bandit", "bad").stdout)
    said["results"] = [{**said["results"][0], "issue_cwe": {}, "issue_severity": "UNDEFINED"}]
    (finding,) = BANDIT.read(
        ToolOutput(1, json.dumps(said), ""), tiny_application.CONFIG, SITE
    ).findings
    assert (finding.cwe, finding.severity, finding.remedy) == ((), Severity.INFO, "")


@pytest.mark.parametrize(("case", "code"), [("bad", 0), ("clean", 1), ("bad", 2), ("clean", -9)])
def test_an_exit_code_that_does_not_fit_is_no_result(case: str, code: int) -> None:
    assert "no result" in refusal("bandit", replace(load("bandit", case), code=code)).message
