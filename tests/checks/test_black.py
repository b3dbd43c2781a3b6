from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shipway.checks.black import BLACK
from shipway.findings.finding import Severity
from shipway.pipeline.check import CheckContext

from . import tiny_application
from .check_results import argv, faults, fix, read, refusal, refused
from .recordings import load


def test_shipways_own_folder_is_left_out() -> None:
    assert argv("black") == ("--check", "--force-exclude", r"/\.shipway/", ".")
    assert fix("black") == ("--quiet", "--force-exclude", r"/\.shipway/", ".")


@pytest.mark.parametrize(
    ("settings", "pattern"),
    [
        ("force-exclude = 'old'", r"(old)|/\.shipway/"),
        ("force_exclude = 'old'", r"(old)|/\.shipway/"),
        ("force-exclude = '''\nold  # theirs'''", "(old  # theirs)|/\\.shipway/"),
        ("force-exclude = '''\nold\n|new  # theirs'''", "(old\n|new  # theirs\n)|/\\.shipway/"),
        ("line-length = 100", r"/\.shipway/"),
        ("force-exclude = ", r"/\.shipway/"),
    ],
    ids=["its own", "with an underline", "one line", "a comment", "none", "no TOML"],
)
def test_what_the_project_excludes_stays_excluded(
    settings: str, pattern: str, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.black]\n{settings}\n")
    context = CheckContext(str(tmp_path), "")
    assert BLACK.argv(tiny_application.CONFIG, context) == (
        "--check",
        "--force-exclude",
        pattern,
        ".",
    )
    assert BLACK.fix(tiny_application.CONFIG, context) == (
        "--quiet",
        "--force-exclude",
        pattern,
        ".",
    )


def test_settings_that_are_no_table_are_left_to_black(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("tool = 3\n")
    assert BLACK.argv(tiny_application.CONFIG, CheckContext(str(tmp_path), ""))[2] == r"/\.shipway/"


def test_each_unformatted_file_is_one_finding() -> None:
    reading = read("black", "bad")
    assert faults(reading) == [("format", "town/bad.py", 0, Severity.LOW)]
    assert reading.findings[0].tool == "black"
    assert reading.remedy == "Let it be formatted: shipway run --fix."


def test_a_file_that_cannot_be_read_is_a_finding_and_comes_first() -> None:
    reading = read("black", "syntax")
    assert faults(reading) == [
        ("invalid-syntax", "town/syntax.py", 1, Severity.MEDIUM),
        ("format", "town/bad.py", 0, Severity.LOW),
    ]


@pytest.mark.parametrize("case", ["clean", "own-settings", "wrong-settings"])
def test_clean_is_clean(case: str) -> None:
    assert read("black", case).findings == ()


def test_no_file_is_not_a_pass() -> None:
    assert refused("black", "nothing") == "black found no Python files"


def test_without_its_summary_it_looked_at_nothing() -> None:
    silent = replace(load("black", "clean"), stderr="")
    assert refusal("black", silent).message == (
        "black ended with 0 and no result: it printed nothing"
    )


def test_an_error_that_is_not_understood_is_no_result() -> None:
    output = load("black", "syntax")
    other = "error: cannot format /app/town/bad.py: INTERNAL ERROR\n"
    assert refusal("black", replace(output, stderr=other + output.stderr)).message == (
        "black ended with 123 and no result: error: cannot format /app/town/bad.py: INTERNAL ERROR"
    )


def test_an_exit_code_that_does_not_fit_is_no_result() -> None:
    for case, code in (("bad", 0), ("clean", 1), ("syntax", 1), ("bad", 123), ("clean", -9)):
        assert "no result" in refusal("black", replace(load("black", case), code=code)).message
