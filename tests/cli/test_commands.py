"""The commands, as a person starts them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.in_process import SHIPWAY, environment, shipway, shipway_process
from tests.patience import PATIENCE


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "shipway.toml").write_text(
        '[steps.good]\nrun = "true"\ninputs = []\nstage = "quality"\n'
        "[steps.bad]\nrun = \"sh -c 'echo why; exit 1'\"\ninputs = []\n"
    )
    return folder


def test_exit_codes_say_how_it_ended(project: Path) -> None:
    assert shipway_process(project, "run", "quality").returncode == 0
    failed = shipway_process(project, "run")
    assert failed.returncode == 1
    assert "bad: it ended with exit code 1" in failed.stdout.splitlines()[-2]
    wrong = shipway_process(project, "run", "qualty")
    assert wrong.returncode == 2
    assert "Did you mean 'quality'" in wrong.stderr


def test_the_module_is_the_command(project: Path) -> None:
    module = subprocess.run(
        [sys.executable, "-m", "shipway", "--version"],
        cwd=project,
        env=environment(project),
        capture_output=True,
        text=True,
        check=True,
    )
    assert shipway_process(project, "--version").stdout == module.stdout


def test_a_wrong_key_is_named_with_the_nearest_right_one(project: Path) -> None:
    (project / "shipway.toml").write_text("[gates]\ncoverge = 80\n")
    wrong = shipway(project, "run")
    assert wrong.returncode == 2
    assert "shipway.toml: gates.coverge" in wrong.stderr
    assert "Did you mean 'coverage'" in wrong.stderr


def test_json_events_are_one_object_a_line(project: Path) -> None:
    lines = shipway(project, "run", "quality", "--json").stdout.splitlines()
    assert len([json.loads(line) for line in lines]) >= 3
    assert json.loads(shipway(project, "plan", "--json").stdout)[0]["step"] in ("good", "bad")


def test_a_report_is_one_page_and_junit(project: Path) -> None:
    assert shipway(project, "report").returncode == 2
    shipway(project, "run")
    assert shipway(project, "report").returncode == 0
    page = (project / ".shipway" / "report.html").read_text()
    assert "<html" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert (project / ".shipway" / "junit.xml").is_file()
    assert json.loads(shipway(project, "report", "--json").stdout)["run"]["verdict"] == "failed"


def test_doctor_names_what_is_here(project: Path) -> None:
    found = json.loads(shipway(project, "doctor", "--json").stdout)
    assert {"python", "uv", "envoy", "git"} <= {part["name"] for part in found}


def test_help_teaches(project: Path) -> None:
    text = shipway(project, "run", "--help").stdout
    assert "Exit codes" in text
    assert "--changed-since" in text


def test_status_of_an_unknown_environment_is_a_clear_error(project: Path) -> None:
    answer = shipway(project, "status", "moon")
    assert answer.returncode == 2
    assert "no environment is named 'moon'" in answer.stderr


def test_a_command_that_nobody_reads_says_nothing_and_has_failed(tmp_path: Path) -> None:
    """Also where the output waits in a buffer until the end, as it does in a pipe."""
    variables = {**environment(tmp_path)}
    variables.pop("PYTHONUNBUFFERED", None)
    process = subprocess.Popen(
        [SHIPWAY, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables
    )
    assert process.stdout is not None
    process.stdout.close()
    assert (process.wait(PATIENCE), process.stderr.read() if process.stderr else b"") == (1, b"")
