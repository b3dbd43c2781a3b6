from __future__ import annotations

from dataclasses import replace

import pytest

from shipway.checks import enabled
from shipway.checks.base import NO_FINDINGS, crashed, nothing_to_check, relative
from shipway.core.check import Output
from shipway.core.config import Application, Config

from . import tiny
from .recordings import check_named


@pytest.mark.parametrize("name", ["ruff", "ruff-format", "flake8", "black", "mypy"])
def test_a_linter_lets_no_finding_pass_and_depends_on_all_python_files(name: str) -> None:
    check = check_named(name)
    assert check.gates(tiny.CONFIG) == (NO_FINDINGS,)
    assert {"*.py", "*.pyi", ".gitignore"} < set(check.inputs(tiny.CONFIG))


def applies(name: str, config: Config) -> bool:
    return name in {check.name for check in enabled(config)}


@pytest.mark.parametrize("name", ["ruff", "mypy", "unit", "performance"])
def test_a_check_can_be_switched_off(name: str) -> None:
    assert applies(name, tiny.CONFIG)
    assert not applies(name, replace(tiny.CONFIG, checks={name: False}))


@pytest.mark.parametrize(
    ("name", "lacking"),
    [("ruff", {"packages": (), "unit_tests": "", "serve": ""}),
     ("mypy", {"packages": ()}), ("mypy", {"lock": ""}),
     ("unit", {"unit_tests": ""}), ("unit", {"lock": ""}),
     ("integration", {"integration_tests": ""}), ("integration", {"lock": ""}),
     ("browser", {"browser_tests": ""}),
     ("coverage", {"packages": (), "serve": ""}), ("coverage", {"lock": ""}),
     ("performance", {"serve": ""}), ("performance", {"lock": ""})],
)  # fmt: skip
def test_a_check_applies_only_where_there_is_something_to_check(
    name: str, lacking: dict[str, object]
) -> None:
    application = replace(tiny.CONFIG.application, **lacking)  # type: ignore[arg-type]
    assert not applies(name, replace(tiny.CONFIG, application=application))


def test_coverage_applies_while_one_kind_of_tests_runs() -> None:
    assert applies("coverage", replace(tiny.CONFIG, checks={"unit": False}))
    assert not applies(
        "coverage",
        replace(tiny.CONFIG, checks=dict.fromkeys(("unit", "integration", "browser"), False)),
    )


def test_load_is_wanted_by_naming_an_endpoint_or_by_switching_it_on() -> None:
    application = Application(serve="serve", lock="uv.lock")
    assert not applies("performance", Config(application))
    assert applies("performance", Config(application, checks={"performance": True}))


@pytest.mark.parametrize(
    ("output", "sentence"),
    [(Output(2, "", ""), "it ended with 2 and no result: it printed nothing"),
     (Output(-9, "", ""), "it was ended by signal 9 and no result: it printed nothing"),
     (Output(1, "first\nlast\n", ""), "it ended with 1 and no result: last"),
     (Output(1, "out", "first\nError: why\nlast"), "it ended with 1 and no result: Error: why"),
     (Output(1, "", "fatal: \t a  b"), "it ended with 1 and no result: fatal: a b"),
     (Output(1, "", "errors\nlast"), "it ended with 1 and no result: last")],
)  # fmt: skip
def test_a_crash_is_told_by_the_line_that_says_most(output: Output, sentence: str) -> None:
    assert crashed(output, "it").message == sentence
    assert crashed(output, "it").remedy


def test_a_complaint_is_cut_to_a_length_that_people_read() -> None:
    assert len(crashed(Output(1, "", "x" * 1000), "it").message) < 350


def test_nothing_to_check_says_how_to_switch_it_off() -> None:
    assert nothing_to_check("ruff").remedy == (
        "Look at what its settings exclude, or switch it off: [checks] ruff = false."
    )


@pytest.mark.parametrize(
    ("path", "seen"),
    [("/app/town/a.py", "town/a.py"), ("./town/a.py", "town/a.py"), ("town/a.py", "town/a.py"),
     ("/apples/a.py", "/apples/a.py")],
)  # fmt: skip
def test_paths_are_seen_from_the_applications_root(path: str, seen: str) -> None:
    assert relative(path, "/app") == relative(path, "/app/") == seen
