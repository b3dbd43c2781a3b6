from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from coverage import Coverage

from shipway.checks.coverage import COVERAGE
from shipway.checks.scripts import HERE, combine_coverage
from shipway.config.schema import Application, Config, Gates
from shipway.errors import CannotRun
from shipway.pipeline.gates import Bound, Gate, Measure

from . import tiny_application
from .check_results import fix, read, refusal
from .recordings import SITE, load

UNIT = replace(SITE, upstream={"unit": "/runs/unit"})


def test_the_data_of_all_suites_that_ran_are_read_and_nothing_else() -> None:
    upstream = {"unit": "/runs/unit", "install": "/runs/install", "integration": "/runs/both"}
    assert COVERAGE.argv(tiny_application.CONFIG, replace(SITE, upstream=upstream)) == (
        f"{HERE}/combine_coverage.py",
        "/app/.shipway/out",
        "/runs/both/coverage.data",
        "/runs/unit/coverage.data",
    )


def test_without_any_suite_nothing_is_known() -> None:
    with pytest.raises(CannotRun) as caught:
        COVERAGE.argv(tiny_application.CONFIG, replace(SITE, upstream={"install": "/runs/install"}))
    assert caught.value.message == (
        "no suite ran, so nothing is known of coverage: unit, integration, browser"
    )
    assert fix("coverage") is None


def test_a_suite_that_did_not_run_is_named() -> None:
    output = load("coverage", "clean")
    assert COVERAGE.read(output, tiny_application.CONFIG, UNIT).partial == "integration, browser"
    everything = dict.fromkeys(("unit", "integration", "browser"), "/runs")
    whole = COVERAGE.read(output, tiny_application.CONFIG, replace(SITE, upstream=everything))
    assert whole.partial == ""
    off = replace(tiny_application.CONFIG, checks={"browser": False, "integration": False})
    assert COVERAGE.read(output, off, UNIT).partial == ""


def test_it_depends_on_what_is_measured() -> None:
    config = Config(application=Application(packages=("town", "shared")))
    assert COVERAGE.inputs(config) == (
        "town/**",
        "shared/**",
        ".coveragerc",
        "pyproject.toml",
        "setup.cfg",
        "tox.ini",
    )


def test_the_least_coverage_is_the_configurations() -> None:
    config = Config(gates=Gates(coverage=85))
    assert COVERAGE.gates(config) == (Gate("coverage", Bound.AT_LEAST, 85),)


def test_the_total_comes_first_then_each_file_that_has_statements() -> None:
    assert read("coverage", "bad").measures == (
        Measure("coverage", 50.0, "%"),
        Measure("coverage", 0.0, "%", "town/bad.py"),
        Measure("coverage", 100.0, "%", "town/good.py"),
    )
    assert read("coverage", "clean").measures[0].value == 100.0


def test_the_worst_files_are_named() -> None:
    assert read("coverage", "bad").worst == ("town/bad.py 0 %", "town/good.py 100 %")


def test_three_of_them_at_most() -> None:
    report = json.loads(load("coverage", "bad").reports["coverage.json"])
    report["files"] = {f"{n}.py": report["files"]["town/bad.py"] for n in range(5)}
    output = replace(load("coverage", "bad"), reports=_report(report))
    assert len(COVERAGE.read(output, tiny_application.CONFIG, SITE).worst) == 3


@pytest.mark.parametrize(
    "report",
    [
        [],
        {},
        {"totals": {"percent_covered": None}, "files": {}},
        {"totals": {"percent_covered": 100.0}, "files": {}},
        {"totals": {"percent_covered": 100.0}, "files": []},
        {"totals": {"percent_covered": 100.0}, "files": {"a.py": {}}},
    ],
    ids=["not an object", "empty", "no total", "no files", "files in a list", "no summary"],
)
def test_a_report_of_another_form_is_no_result(report: object) -> None:
    output = replace(load("coverage", "clean"), reports=_report(report))
    assert "no result" in refusal("coverage", output).message


@pytest.mark.parametrize("reports", [{}, {"coverage.json": b'{"totals"'}])
def test_a_report_that_is_missing_or_cut_off_is_no_result(reports: dict[str, bytes]) -> None:
    output = replace(load("coverage", "clean"), reports=reports)
    assert "no result" in refusal("coverage", output).message


def test_an_exit_code_that_does_not_fit_is_no_result() -> None:
    for code in (1, -9):
        output = replace(load("coverage", "clean"), code=code)
        assert "no result" in refusal("coverage", output).message


def test_data_of_several_steps_are_combined_and_kept(tmp_path: Path) -> None:
    measured = tmp_path / "town.py"
    measured.write_text("def one():\n    return 1\n\n\ndef two():\n    return 2\n")
    halves = [_data(tmp_path / f"{line}.data", measured, line) for line in (2, 6)]
    combine_coverage.main(str(tmp_path), *halves)
    report = json.loads((tmp_path / "coverage.json").read_text())
    (file,) = report["files"].values()
    assert file["executed_lines"] == [2, 6]
    assert all(Path(half).is_file() for half in halves)


def test_missing_data_are_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^no coverage data: /nowhere/coverage\.data$"):
        combine_coverage.main(str(tmp_path), "/nowhere/coverage.data")
    with pytest.raises(SystemExit, match=r"^no coverage data: no tests ran$"):
        combine_coverage.main(str(tmp_path))


def _report(report: object) -> dict[str, bytes]:
    return {"coverage.json": json.dumps(report).encode()}


def _data(path: Path, measured: Path, line: int) -> str:
    whole = Coverage(data_file=str(path), branch=True, config_file=False)
    whole.get_data().add_arcs({str(measured): [(-1, line), (line, -1)]})
    whole.save()
    return str(path)
