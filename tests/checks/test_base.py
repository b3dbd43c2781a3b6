from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from shipway.checks.bandit import BANDIT
from shipway.checks.base import (
    NO_FINDINGS,
    nothing_to_check,
    relative_path,
    settings_file,
    tool_crashed,
)
from shipway.checks.black import BLACK
from shipway.checks.coverage import COVERAGE
from shipway.checks.flake8 import FLAKE8
from shipway.checks.mypy import MYPY
from shipway.checks.pytest import UNIT
from shipway.checks.registry import enabled_checks
from shipway.checks.ruff import RUFF, RUFF_FORMAT
from shipway.config.schema import Application, Config
from shipway.pipeline.check import Check, ToolOutput

from . import tiny_application
from .recordings import SITE, check_named


@pytest.mark.parametrize("name", ["ruff", "ruff-format", "flake8", "black", "mypy"])
def test_a_linter_lets_no_finding_pass_and_depends_on_all_python_files(name: str) -> None:
    check = check_named(name)
    assert check.gates(tiny_application.CONFIG) == (NO_FINDINGS,)
    assert {"*.py", "*.pyi", ".gitignore"} < set(check.inputs(tiny_application.CONFIG))


def applies(name: str, config: Config) -> bool:
    return name in {check.name for check in enabled_checks(config)}


@pytest.mark.parametrize("name", ["ruff", "mypy", "unit", "performance"])
def test_a_check_can_be_switched_off(name: str) -> None:
    assert applies(name, tiny_application.CONFIG)
    assert not applies(name, replace(tiny_application.CONFIG, checks={name: False}))


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("ruff", {"packages": (), "unit_tests": "", "serve": ""}),
        ("mypy", {"packages": ()}),
        ("mypy", {"lock": ""}),
        ("unit", {"unit_tests": ""}),
        ("unit", {"lock": ""}),
        ("integration", {"integration_tests": ""}),
        ("integration", {"lock": ""}),
        ("browser", {"browser_tests": ""}),
        ("coverage", {"packages": (), "serve": ""}),
        ("coverage", {"lock": ""}),
        ("performance", {"serve": ""}),
        ("performance", {"lock": ""}),
    ],
)
def test_a_check_applies_only_where_there_is_something_to_check(
    name: str, lacking: dict[str, object]
) -> None:
    application = replace(tiny_application.CONFIG.application, **lacking)  # type: ignore[arg-type]
    assert not applies(name, replace(tiny_application.CONFIG, application=application))


def test_coverage_applies_while_one_kind_of_tests_runs() -> None:
    assert applies("coverage", replace(tiny_application.CONFIG, checks={"unit": False}))
    assert not applies(
        "coverage",
        replace(
            tiny_application.CONFIG, checks=dict.fromkeys(("unit", "integration", "browser"), False)
        ),
    )


def test_load_is_wanted_by_naming_an_endpoint_or_by_switching_it_on() -> None:
    application = Application(serve="serve", lock="uv.lock")
    assert not applies("performance", Config(application=application))
    assert applies("performance", Config(application=application, checks={"performance": True}))


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (ToolOutput(2, "", ""), "it ended with 2 and no result: it printed nothing"),
        (ToolOutput(-9, "", ""), "it was ended by signal 9 and no result: it printed nothing"),
        (ToolOutput(1, "first\nlast\n", ""), "it ended with 1 and no result: last"),
        (
            ToolOutput(1, "out", "first\nError: why\nlast"),
            "it ended with 1 and no result: Error: why",
        ),
        (ToolOutput(1, "", "fatal: \t a  b"), "it ended with 1 and no result: fatal: a b"),
        (ToolOutput(1, "", "errors\nlast"), "it ended with 1 and no result: last"),
    ],
)
def test_a_crash_is_told_by_the_line_that_says_most(output: ToolOutput, sentence: str) -> None:
    assert tool_crashed(output, "it").message == sentence
    assert tool_crashed(output, "it").remedy


def test_a_complaint_is_cut_to_a_length_that_people_read() -> None:
    assert len(tool_crashed(ToolOutput(1, "", "x" * 1000), "it").message) < 350


def test_nothing_to_check_says_how_to_switch_it_off() -> None:
    assert nothing_to_check("ruff").remedy == (
        "Look at what its settings exclude, or switch it off: [checks] ruff = false."
    )


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/app/town/a.py", "town/a.py"),
        ("./town/a.py", "town/a.py"),
        ("town/a.py", "town/a.py"),
        ("/apples/a.py", "/apples/a.py"),
    ],
)
def test_paths_are_seen_from_the_applications_root(path: str, seen: str) -> None:
    assert relative_path(path, "/app") == relative_path(path, "/app/") == seen


# -- the repository's own settings ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "files", "line"),
    [
        (FLAKE8, {"tox.ini": "[flake8]\n", ".flake8": "[flake8]\n"}, "settings: tox.ini"),
        (
            FLAKE8,
            {"tox.ini": "[tox]\n"},
            "settings: none of the repository; only what breaks a program: E9, F63, F7, F82",
        ),
        (MYPY, {"pyproject.toml": "[tool.mypy]\n"}, "settings: pyproject.toml"),
        (RUFF, {"pyproject.toml": "[tool.ruff.lint]\n"}, "settings: pyproject.toml"),
        (RUFF_FORMAT, {}, "settings: none of the repository"),
        (BLACK, {"pyproject.toml": "[tool.ruff]\n"}, "settings: none of the repository"),
        (UNIT, {"setup.cfg": "[tool:pytest]\n"}, "runner: pytest; settings: setup.cfg"),
        (COVERAGE, {".coveragerc": ""}, "settings: .coveragerc"),
        (BANDIT, {}, ""),
    ],
)
def test_what_is_run_says_whose_settings_it_works_by(
    tmp_path: Path, check: Check, files: dict[str, str], line: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert check.settings(Config(), replace(SITE, root=str(tmp_path))) == line


def test_djangos_runner_is_named() -> None:
    config = Config(application=Application(test_runner="django"))
    assert UNIT.settings(config, SITE) == "runner: manage.py test"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[mypy]\nfiles = src, tests\n", True),
        ("[mypy]\nstrict = true\n[mypy-other]\nfiles = no\n", False),
    ],
)
def test_mypy_checks_what_its_own_settings_name(tmp_path: Path, text: str, named: bool) -> None:
    (tmp_path / "mypy.ini").write_text(text)
    config = Config(application=Application(packages=("town",)))
    argv = MYPY.argv(config, replace(SITE, root=str(tmp_path)))
    assert ("town" not in argv) is named


def test_a_pipe_in_the_place_of_a_settings_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "setup.cfg")
    (tmp_path / "mypy.ini").write_text("[mypy]\n")
    places = (("setup.cfg", "[mypy]"), ("mypy.ini", ""))
    assert settings_file(str(tmp_path), places) == "mypy.ini"
