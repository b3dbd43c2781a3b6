from __future__ import annotations

import json
from dataclasses import replace

import pytest

from shipway.checks.ruff import RUFF
from shipway.findings.finding import Severity
from shipway.pipeline.check import ToolOutput

from . import tiny_application
from .check_results import argv, faults, fix, read, refusal, refused
from .recordings import SITE, load

FOUND = {
    "code": "E501",
    "filename": "/app/town/bad.py",
    "message": "long",
    "location": {"row": 3},
}


def test_ruff_is_asked_for_json_and_changes_nothing() -> None:
    assert argv("ruff") == (
        "check",
        "--no-fix",
        "--no-fix-only",
        "--output-format",
        "json",
        "--no-cache",
        "--extend-exclude",
        ".shipway",
        ".",
    )


def test_only_safe_repairs_are_made() -> None:
    assert fix("ruff") == (
        "check",
        "--fix",
        "--no-unsafe-fixes",
        "--exit-zero",
        "--quiet",
        "--no-cache",
        "--extend-exclude",
        ".shipway",
        ".",
    )


def test_the_formatter_is_asked_for_json_too() -> None:
    assert argv("ruff-format") == (
        "format",
        "--check",
        "--output-format",
        "json",
        "--no-cache",
        "--extend-exclude",
        ".shipway",
        ".",
    )
    assert fix("ruff-format") == (
        "format",
        "--quiet",
        "--no-cache",
        "--extend-exclude",
        ".shipway",
        ".",
    )


def test_findings_have_rule_place_and_severity() -> None:
    reading = read("ruff", "bad")
    assert faults(reading) == [
        ("F401", "town/bad.py", 1, Severity.MEDIUM),
        ("F821", "town/bad.py", 5, Severity.MEDIUM),
    ]
    assert reading.findings[1].message == "Undefined name `undefined`"
    assert reading.remedy == "Repair what is safe: shipway run --fix."


def test_what_the_projects_settings_would_repair_is_found_all_the_same() -> None:
    assert faults(read("ruff", "own-settings")) == faults(read("ruff", "bad"))


def test_invalid_syntax_is_a_finding() -> None:
    assert faults(read("ruff", "syntax"))[2:] == [
        ("invalid-syntax", "town/syntax.py", 1, Severity.MEDIUM),
        ("invalid-syntax", "town/syntax.py", 2, Severity.MEDIUM),
    ]


@pytest.mark.parametrize(
    ("code", "rule", "severity"),
    [
        ("E501", "E501", Severity.MEDIUM),
        ("I001", "I001", Severity.LOW),
        (None, "invalid-syntax", Severity.MEDIUM),
    ],
)
def test_mistakes_weigh_more_than_style(code: str | None, rule: str, severity: Severity) -> None:
    output = ToolOutput(1, json.dumps([{**FOUND, "code": code}]), "")
    reading = RUFF.read(output, tiny_application.CONFIG, SITE)
    assert faults(reading) == [(rule, "town/bad.py", 3, severity)]


def test_each_unformatted_file_is_one_finding() -> None:
    reading = read("ruff-format", "bad")
    assert faults(reading) == [("format", "town/bad.py", 0, Severity.LOW)]
    assert reading.remedy == "Let it be formatted: shipway run --fix."


def test_a_file_that_cannot_be_formatted_comes_first() -> None:
    assert faults(read("ruff-format", "syntax")) == [
        ("invalid-syntax", "town/syntax.py", 1, Severity.MEDIUM),
        ("format", "town/bad.py", 0, Severity.LOW),
    ]


@pytest.mark.parametrize("name", ["ruff", "ruff-format"])
def test_clean_is_clean(name: str) -> None:
    assert read(name, "clean").findings == ()


@pytest.mark.parametrize("name", ["ruff", "ruff-format"])
def test_no_file_is_not_a_pass(name: str) -> None:
    problem = refusal(name, load(name, "nothing"))
    assert problem.message == f"{name} found no Python files"
    assert problem.remedy.endswith(f"switch it off: [checks] {name} = false.")


@pytest.mark.parametrize("name", ["ruff", "ruff-format"])
def test_wrong_settings_are_no_result(name: str) -> None:
    assert refused(name, "wrong-settings") == (
        f'{name} ended with 2 and no result: invalid type: string "long", expected i64'
    )


@pytest.mark.parametrize("name", ["ruff", "ruff-format"])
@pytest.mark.parametrize(
    "found",
    [
        {},
        [3],
        [{**FOUND, "location": None}],
        [{**FOUND, "location": {"row": "3"}}],
        [{"code": "E501", "location": {"row": 3}}],
    ],
    ids=["not a list", "not an object", "no place", "no line", "no file"],
)
def test_json_of_another_form_is_no_result(name: str, found: object) -> None:
    assert "no result" in refusal(name, ToolOutput(1, json.dumps(found), "")).message


@pytest.mark.parametrize("name", ["ruff", "ruff-format"])
def test_an_exit_code_that_does_not_fit_is_no_result(name: str) -> None:
    for case, code in (("bad", 0), ("clean", 1), ("bad", 3), ("bad", -9)):
        assert "no result" in refusal(name, replace(load(name, case), code=code)).message
