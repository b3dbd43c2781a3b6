from __future__ import annotations

import json
import runpy
import subprocess
import sys
from contextlib import chdir
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
        "pytest.ini",
    )


def test_the_least_coverage_is_the_configurations() -> None:
    config = Config(gates=Gates(coverage=85))
    assert COVERAGE.gates(config) == (Gate("coverage", Bound.AT_LEAST, 85),)


def test_the_total_comes_first_then_each_file_that_has_statements() -> None:
    assert read("coverage", "bad").measures == (
        Measure("coverage", 40.0, "%"),
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


# -- the figure is the repository's ---------------------------------------------------------------

# A folder without __init__.py, a branch that is taken one way only, a line that is excluded.
FILES = {
    "shop/__init__.py": "def pick(x):\n    if x:\n        y = 1\n    return x\n",
    "shop/debug.py": "def show():  # nothing to see\n    a = 1\n    return a\n",
    "shop/management/commands/load.py": "def never():\n    a = 1\n    b = 2\n    return a + b\n",
    "tests/test_shop.py": "import shop, shop.debug\n\n\ndef test_pick():\n    shop.pick(1)\n",
}


def project(folder: Path, settings: dict[str, str]) -> None:
    for name, text in {**FILES, **settings}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def python(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def figure(folder: Path) -> tuple[float, set[str]]:
    """What the two programs of the checks say: the total, and the files that were counted."""
    out = folder / "out"
    out.mkdir()
    data = str(out / "coverage.data")
    measuring = (f"{HERE}/measure_tests.py", data, "shop", "tests", "-q", "-p", "no:cacheprovider")
    python(folder, *measuring)
    python(folder, f"{HERE}/combine_coverage.py", str(out), data)
    report = json.loads((out / "coverage.json").read_text())
    return report["totals"]["percent_covered"], set(report["files"])


def test_folders_without_init_are_counted(tmp_path: Path) -> None:
    project(tmp_path, {})
    total, files = figure(tmp_path)
    assert "shop/management/commands/load.py" in files
    assert total == pytest.approx(100 * 5 / 11)


@pytest.mark.parametrize(
    "settings",
    [
        {".coveragerc": "[run]\nsource = shop\nbranch = true\n"},
        {".coveragerc": "[run]\nsource = shop\n[report]\nexclude_lines = nothing to see\n"},
        {"setup.cfg": "[coverage:run]\nsource = .\nomit = shop/debug.py\n"},
        {"tox.ini": "[coverage:run]\nsource = shop\nparallel = true\n"},
        {"pyproject.toml": '[tool.coverage.run]\nsource_pkgs = ["shop"]\nbranch = true\n'},
        {
            "pyproject.toml": '[tool.coverage.run]\nsource = ["shop"]\n'
            "[tool.coverage.report]\ninclude_namespace_packages = true\n"
        },
    ],
    ids=["branches", "excluded", "omitted", "parallel", "packages", "namespaces"],
)
def test_the_figure_is_the_one_that_coverage_report_prints(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    project(tmp_path, settings)
    python(tmp_path, "-m", "coverage", "run", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    if "parallel" in "".join(settings.values()):
        python(tmp_path, "-m", "coverage", "combine")
    printed = python(tmp_path, "-m", "coverage", "report", "--format=total", "--precision=4")
    assert figure(tmp_path)[0] == pytest.approx(float(printed), abs=1e-4)


@pytest.mark.parametrize(
    ("settings", "source", "branch", "omit"),
    [
        ({"pytest.ini": "[pytest]\naddopts = -q --cov=shop --cov-branch\n"}, "shop", True, []),
        ({"pytest.ini": "[pytest]\naddopts =\n  --cov a\n  --cov-report=xml\n"}, "a", False, []),
        (
            {"pyproject.toml": '[tool.pytest.ini_options]\naddopts = [\n"-q",\n"--cov=b",\n]\n'},
            "b",
            False,
            [],
        ),
        (
            {
                "setup.cfg": "[tool:pytest]\naddopts = --cov=shop --cov-config=ci.cfg\n",
                "ci.cfg": "[run]\nomit = shop/debug.py\n",
            },
            "shop",
            False,
            ["shop/debug.py"],
        ),
    ],
)
def test_what_pytest_cov_is_told_is_done(
    tmp_path: Path, settings: dict[str, str], source: str, branch: bool, omit: list[str]
) -> None:
    project(tmp_path, settings)
    measurement = runpy.run_path(f"{HERE}/coverage_settings.py")["measurement"]
    with chdir(tmp_path):
        measured = measurement(str(tmp_path / "data"), ["elsewhere"])
    assert measured.get_option("run:source") == [source]
    assert measured.get_option("run:branch") is branch
    assert measured.get_option("run:omit") == omit
