from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from shipway.checks.mypy import MYPY
from shipway.findings.finding import Severity
from shipway.pipeline.check import ToolOutput, ToolSource

from . import tiny_application
from .check_results import argv, faults, fix, read, refusal, refused
from .recordings import SITE, load

ERROR = {"file": "town/bad.py", "line": 5, "message": "no", "code": None, "severity": "error"}


def test_it_sees_the_packages_with_the_applications_interpreter() -> None:
    assert argv("mypy") == (
        "--python-executable",
        "/app/.shipway/python",
        "--output",
        "json",
        "--no-error-summary",
        "--cache-dir",
        "/app/.shipway/mypy",
        "town",
    )


def test_it_repairs_nothing() -> None:
    assert fix("mypy") is None


def test_findings_have_rule_place_and_severity() -> None:
    reading = read("mypy", "bad")
    assert faults(reading) == [
        ("name-defined", "town/bad.py", 5, Severity.MEDIUM),
        ("return-value", "town/bad.py", 9, Severity.MEDIUM),
    ]
    assert reading.findings[0].message == 'Name "undefined" is not defined'


def test_invalid_syntax_is_a_finding_though_mypy_goes_no_further() -> None:
    assert faults(read("mypy", "syntax"))[0] == ("syntax", "town/syntax.py", 1, Severity.MEDIUM)


def test_clean_is_clean() -> None:
    assert read("mypy", "clean").findings == ()


def test_notes_are_not_findings() -> None:
    note = json.dumps({**ERROR, "severity": "note"})
    assert MYPY.read(ToolOutput(0, note + "\n\n", ""), tiny_application.CONFIG, SITE).findings == ()


def test_an_error_without_rule_or_line_belongs_to_the_whole_file() -> None:
    output = ToolOutput(1, json.dumps({**ERROR, "line": -1}), "")
    assert faults(MYPY.read(output, tiny_application.CONFIG, SITE)) == [
        ("error", "town/bad.py", 0, Severity.MEDIUM)
    ]


def test_no_file_is_not_a_pass() -> None:
    assert refused("mypy", "nothing") == (
        "mypy ended with 2 and no result: There are no .py[i] files in directory 'town'"
    )


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):",
        "3",
        '{"severity": "error"}',
        json.dumps({**ERROR, "line": None}),
    ],
)
def test_a_line_that_is_no_message_is_no_result(line: str) -> None:
    assert "no result" in refusal("mypy", ToolOutput(1, line, "")).message


def test_a_plugin_that_is_not_where_mypy_runs_is_named_with_the_file_that_names_it() -> None:
    text = "Error importing plugin \"town_plugin.main\": No module named 'town_plugin'"
    line = json.dumps({**ERROR, "file": "mypy.ini", "message": text})
    problem = refusal("mypy", ToolOutput(2, line, ""))
    assert problem.message.startswith("mypy.ini names the plugin town_plugin.main")
    assert problem.code == "tool-missing"


@pytest.mark.parametrize(
    ("file", "text", "own"),
    [
        ("mypy.ini", "[mypy]\nplugins = town_plugin.main\n", True),
        ("mypy.ini", "[mypy]\nplugins =\n    pydantic.mypy,\n    other\nstrict = true\n", True),
        ("pyproject.toml", '[tool.mypy]\nplugins = [\n  "pydantic.mypy",\n]\n', True),
        ("setup.cfg", "[mypy]\nplugins = mypy.plugins.proper_plugin\n", False),
        ("pyproject.toml", "[tool.mypy]\nplugins = []\nstrict = true\n", False),
        ("mypy.ini", "[mypy]\nstrict = true\n[mypy-plugins.*]\nplugins = no\n", False),
    ],
)
def test_with_a_plugin_of_its_own_the_applications_mypy_runs(
    file: str, text: str, own: bool, tmp_path: Path
) -> None:
    (tmp_path / file).write_text(text)
    (tmp_path / "bin").mkdir()
    site = replace(SITE, root=str(tmp_path), python=str(tmp_path / "bin" / "python"))
    assert MYPY.tool_for(site) is MYPY.tool  # it is not there
    (tmp_path / "bin" / "mypy").write_text("")
    assert (MYPY.tool_for(site).home is ToolSource.APPLICATION) is own
    assert (MYPY.argv(tiny_application.CONFIG, site)[:2] == ("-m", "mypy")) is own
    assert ("because of its plugin" in MYPY.settings(tiny_application.CONFIG, site)) is own


def test_an_exit_code_that_does_not_fit_is_no_result() -> None:
    for case, code in (("bad", 0), ("clean", 1), ("bad", 2), ("syntax", 1), ("clean", -9)):
        assert "no result" in refusal("mypy", replace(load("mypy", case), code=code)).message
