from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shipway.checks.flake8 import FLAKE8
from shipway.findings.finding import Severity
from shipway.pipeline.check import CheckContext

from . import tiny_application
from .check_results import argv, faults, fix, read, refusal, refused
from .recordings import load


def test_without_settings_only_what_breaks_a_program_is_looked_for() -> None:
    assert argv("flake8") == (
        "--format=default",
        "--no-show-source",
        "--benchmark",
        "--select=E9,F63,F7,F82",
        "--extend-exclude=.shipway,.venv,build,dist",
        ".",
    )


@pytest.mark.parametrize("name", ["setup.cfg", "tox.ini", ".flake8"])
def test_with_settings_of_its_own_the_project_decides(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("[flake8]\nmax-line-length = 100\n")
    assert FLAKE8.argv(tiny_application.CONFIG, CheckContext(str(tmp_path), "")) == (
        "--format=default",
        "--no-show-source",
        "--benchmark",
        "--extend-exclude=.shipway,.venv,build,dist",
        ".",
    )


@pytest.mark.parametrize(
    "settings",
    ["extend-exclude =\n    other,  # theirs\n    another\n", "extend_exclude = other another\n"],
)
def test_what_the_project_excludes_stays_excluded(settings: str, tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").write_text("[flake8]\n" + settings)
    last = FLAKE8.argv(tiny_application.CONFIG, CheckContext(str(tmp_path), ""))[-2]
    assert last == "--extend-exclude=.shipway,.venv,build,dist,other,another"


@pytest.mark.parametrize("broken", [b"no section\n", b"[flake8]\nx = \xff\n"])
def test_settings_that_cannot_be_read_are_left_to_flake8(broken: bytes, tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").write_bytes(broken)
    (tmp_path / ".flake8").write_text("[flake8]\nextend-exclude = other\n")
    last = FLAKE8.argv(tiny_application.CONFIG, CheckContext(str(tmp_path), ""))[-2]
    assert last.endswith(",other")


def test_it_repairs_nothing() -> None:
    assert fix("flake8") is None


def test_findings_have_rule_place_and_severity() -> None:
    reading = read("flake8", "bad")
    assert faults(reading) == [("F821", "town/bad.py", 5, Severity.LOW)]
    assert reading.findings[0].message == "undefined name 'undefined'"


def test_invalid_syntax_is_a_finding() -> None:
    assert faults(read("flake8", "syntax"))[1] == ("E999", "town/syntax.py", 1, Severity.LOW)


def test_counts_and_statistics_are_not_findings() -> None:
    assert [rule for rule, *_ in faults(read("flake8", "own-settings"))] == [
        "F401",
        "F821",
        "E201",
        "E231",
        "E202",
    ]


def test_clean_is_clean() -> None:
    assert read("flake8", "clean").findings == ()


def test_no_file_is_not_a_pass() -> None:
    assert refused("flake8", "nothing") == "flake8 found no Python files"


def test_silence_is_no_result() -> None:
    silent = replace(load("flake8", "clean"), stdout="")
    assert refusal("flake8", silent).message == (
        "flake8 ended with 0 and no result: it printed nothing"
    )


def test_wrong_settings_are_no_result() -> None:
    assert refused("flake8", "wrong-settings") == (
        "flake8 ended with 1 and no result: "
        "ValueError: invalid literal for int() with base 10: 'long'"
    )


def test_a_line_that_is_no_finding_is_no_result() -> None:
    good = load("flake8", "bad")
    assert "no result" in refusal("flake8", replace(good, stdout=good.stdout + "Ouch\n")).message


def test_an_exit_code_that_does_not_fit_is_no_result() -> None:
    for case, code in (("bad", 0), ("clean", 1), ("bad", 2), ("clean", -9)):
        output = replace(load("flake8", case), code=code)
        assert "no result" in refusal("flake8", output).message
