"""`shipway init`, as a person and as a script use it. A lock is there: nothing is fetched."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from pathlib import Path

import pytest
from tests.cli.in_process import git, shipway
from tests.scaffold.package_index import write_index

from shipway.cli.initial_baseline import (
    InitialBaseline,
    initial_baseline_of,
    write_initial_baseline,
)
from shipway.findings.finding import Finding, FindingKind, FindingState, Severity
from shipway.findings.sarif_import import findings_from_sarif
from shipway.pipeline.gates import Bound, Gate, GateResult
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult

PROJECT = (
    '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n'
    'dependencies = ["flask", "gunicorn"]\n[dependency-groups]\ndev = ["pytest", "coverage"]\n'
)
APP = "from flask import Flask\n\napp = Flask(__name__)\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    for name, text in {
        "pyproject.toml": PROJECT,
        "uv.lock": "version = 1\n",
        "app.py": APP,
    }.items():
        (folder / name).write_text(text)
    return folder


def test_a_dry_run_shows_the_difference_and_writes_nothing(repository: Path) -> None:
    done = shipway(repository, "init", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "framework    flask, app:app" in done.stdout
    assert '+serve = "gunicorn --bind {bind} app:app"' in done.stdout
    assert "assumed      there are no tests" in done.stdout
    assert sorted(os.listdir(repository)) == ["app.py", "pyproject.toml", "uv.lock"]


def test_files_are_written_once_and_then_kept(repository: Path) -> None:
    done = shipway(repository, "init", "--no-baseline")
    assert done.returncode == 0, done.stderr
    assert "new      shipway.toml" in done.stdout
    assert done.stdout.endswith("next: shipway run\n")
    settings = tomllib.loads((repository / "shipway.toml").read_text())
    assert settings["application"]["lock"] == "uv.lock"
    (repository / "shipway.toml").write_text('[application]\nname = "mine"\n')
    again = shipway(repository, "init")
    assert "kept as they are: shipway.toml; --force replaces them" in again.stdout
    assert "no baseline: shipway.toml was here before" in again.stdout
    assert (repository / "shipway.toml").read_text() == '[application]\nname = "mine"\n'
    forced = shipway(repository, "init", "--no-baseline", "--force")
    assert "changed  shipway.toml" in forced.stdout


def test_json_says_all_of_it(repository: Path) -> None:
    said = json.loads(shipway(repository, "init", "--no-baseline", "--json").stdout)
    assert said["found"]["build"] == "uv"
    assert {one["path"]: one["what"] for one in said["files"]}["Dockerfile"] == "new"
    assert (said["lock_problem"], said["baseline"]) == ("", None)


def test_a_lock_that_cannot_be_made_is_said_and_the_rest_is_written(repository: Path) -> None:
    (repository / "uv.lock").unlink()
    (repository / "pyproject.toml").write_text(PROJECT.replace('"flask"', '"flask>4,<3"'))
    done = shipway(repository, "init")
    assert done.returncode == 5
    assert "no lock: no versions satisfy the requirements" in done.stdout
    assert (repository / "shipway.toml").exists()
    assert done.stdout.endswith("next: shipway init --relock\n")
    install = shipway(repository, "run", "install")
    assert install.returncode == 1
    assert "requirements-lock.txt is not here: no versions satisfy" in install.stdout
    assert "shipway init --relock" in install.stdout
    assert "Shipway itself failed" not in install.stdout + install.stderr


@pytest.fixture
def without_a_lock(repository: Path) -> Path:
    """A repository whose init ended without a lock; the packages are in an index of our own."""
    packages = {"flask": ("3.0",), "gunicorn": ("23.0",), "pytest": ("9.0",), "coverage": ("7.0",)}
    write_index(repository.parent / "index", packages)
    (repository / "uv.lock").unlink()
    (repository / "pyproject.toml").write_text(PROJECT.replace('"flask"', '"flask>4"'))
    failed = shipway(repository, "init", "--no-baseline", **own_index(repository))
    assert failed.returncode == 5
    (repository / "pyproject.toml").write_text(PROJECT)
    return repository


def own_index(repository: Path) -> dict[str, str]:
    return {"UV_DEFAULT_INDEX": f"file://{repository.parent}/index"}


def test_an_init_without_a_lock_is_gone_on_with(without_a_lock: Path) -> None:
    env = own_index(without_a_lock)
    done = shipway(without_a_lock, "init", "--relock", "--no-baseline", **env)
    assert done.returncode == 0, done.stderr
    assert "new      requirements-lock.txt" in done.stdout
    assert "trying the entry" in done.stdout
    assert not (without_a_lock / ".shipway" / "lock" / "problem.txt").exists()
    again = shipway(without_a_lock, "init", "--relock", "--no-baseline", **env)
    assert "trying the entry" not in again.stdout


def test_an_init_without_a_lock_leaves_settings_that_were_changed_since(
    without_a_lock: Path,
) -> None:
    with (without_a_lock / "shipway.toml").open("a") as settings:
        settings.write("# ours\n")
    before = (without_a_lock / "shipway.toml").read_text()
    done = shipway(without_a_lock, "init", "--relock", "--no-baseline", **own_index(without_a_lock))
    assert done.returncode == 0, done.stderr
    assert "trying the entry" not in done.stdout
    assert (without_a_lock / "shipway.toml").read_text() == before


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = shipway(tmp_path, "-C", "nowhere", "init")
    assert done.returncode == 2
    assert "there is no folder nowhere" in done.stderr


def finding(
    tool: str, state: FindingState = FindingState.OPEN, kind: FindingKind = FindingKind.CODE
) -> Finding:
    return Finding(
        tool=tool,
        rule="R1",
        severity=Severity.LOW,
        path="a.py",
        line=1,
        message="bad",
        kind=kind,
        state=state,
    )


def result(*steps: StepResult) -> RunResult:
    return RunResult(
        run="1", application="shop", verdict=Verdict.FAILED, started=0.0, seconds=1.0, steps=steps
    )


def test_only_what_counts_is_recorded_and_secrets_are_counted() -> None:
    legacy = initial_baseline_of(
        result(
            StepResult(
                step="ruff",
                stage="quality",
                outcome=Outcome.FAILED,
                findings=(finding("ruff"), finding("ruff", FindingState.KNOWN)),
            ),
            StepResult(
                step="bandit",
                stage="security",
                outcome=Outcome.PASSED,
                findings=(finding("bandit"),),
            ),
            StepResult(
                step="findings",
                stage="security",
                outcome=Outcome.FAILED,
                findings=(finding("bandit"), finding("gitleaks", kind=FindingKind.SECRET)),
            ),
        )
    )
    assert legacy.findings == {"ruff": 1, "bandit": 1, "gitleaks": 1}
    assert (legacy.secrets, legacy.coverage, legacy.verdict) == (1, None, "failed")


@pytest.mark.parametrize(("figure", "recorded"), [(41.7, 41), (95.0, None), (None, None)])
def test_a_low_coverage_is_recorded_rounded_down(
    figure: float | None, recorded: int | None
) -> None:
    gate = Gate("coverage", Bound.AT_LEAST, 80)
    held = GateResult(gate, "", figure, "%", passed=figure is not None and figure >= 80)
    step = StepResult(step="coverage", stage="test", outcome=Outcome.PASSED, gates=(held,))
    assert initial_baseline_of(result(step)).coverage == recorded


def test_the_baseline_is_written_and_the_settings_name_it(tmp_path: Path) -> None:
    (tmp_path / "shipway.toml").write_text("[application]\nname = 'shop'\n\n\n")
    ran = result(
        StepResult(
            step="ruff", stage="quality", outcome=Outcome.FAILED, findings=(finding("ruff"),)
        )
    )
    said: list[str] = []
    write_initial_baseline(
        str(tmp_path), ran, InitialBaseline({"ruff": 1}, 1, 41, "failed"), said.append
    )
    settings = tomllib.loads((tmp_path / "shipway.toml").read_text())
    assert settings["security"]["baseline"] == "shipway-baseline.sarif"
    assert settings["gates"]["coverage"] == 41
    [kept] = findings_from_sarif(json.loads((tmp_path / "shipway-baseline.sarif").read_text()))
    assert kept.fingerprint == finding("ruff").fingerprint
    assert any("look like secrets" in line for line in said)


def test_where_nothing_fails_nothing_is_written(tmp_path: Path) -> None:
    write_initial_baseline(str(tmp_path), result(), InitialBaseline({}, 0, None, "passed"), print)
    assert list(tmp_path.iterdir()) == []


def test_each_application_of_a_repository_gets_workflows_of_its_own(repository: Path) -> None:
    top = repository.parent
    git(top, "init", "--quiet")
    shutil.copytree(repository, top / "apps" / "admin")
    first = shipway(repository, "init", "--no-baseline")
    folder = top / ".github" / "workflows"
    before = {path.name: path.read_text() for path in folder.glob("*")}
    second = shipway(top / "apps" / "admin", "init", "--no-baseline", "--force")
    assert (first.returncode, second.returncode) == (0, 0)
    assert {"shop-ci-cd.yml", "apps-admin-ci-cd.yml"} <= set(os.listdir(folder))
    assert {name: (folder / name).read_text() for name in before} == before
    assert '"apps/admin/**"' in (folder / "apps-admin-ci-cd.yml").read_text()
    for application in (repository, top / "apps" / "admin"):
        assert shipway(application, "workflows", "check").returncode == 0


def test_what_no_environment_can_be_made_for_was_not_tried_and_is_said(repository: Path) -> None:
    done = shipway(repository, "init", "--no-baseline")
    assert "entry        app:app was not tried: the application's environment cannot be made" in (
        done.stdout
    )


def test_a_python_that_the_settings_name_stays(repository: Path) -> None:
    (repository / "shipway.toml").write_text('[application]\npython = "3.12"\n')
    (repository / ".python-version").write_text("3.11\n")
    said = json.loads(shipway(repository, "init", "--dry-run", "--json").stdout)
    assert said["settings"]["application"]["python"] == "3.12"
