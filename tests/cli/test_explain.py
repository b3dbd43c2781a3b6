"""`shipway explain`, and the codes that errors show."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from argparse import Namespace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.in_process import only, project, shipway
from tests.reports.schema_check import faults

from shipway.cli.explain import complete_codes
from shipway.errors import ERROR_CODES
from shipway.reports.json_events import EVENTS

ROOT = Path(__file__).parents[2]


def test_a_code_is_explained_outside_of_any_project(tmp_path: Path) -> None:
    explained = shipway(tmp_path, "explain", "port-taken")
    assert explained.returncode == 0
    assert explained.stdout.startswith("port-taken\n\n")
    assert "ss -ltnp" in explained.stdout


@pytest.mark.parametrize("code", ERROR_CODES)
def test_every_code_is_explained(tmp_path: Path, code: str) -> None:
    explained = json.loads(shipway(tmp_path, "explain", code, "--json").stdout)
    assert explained["code"] == code
    assert len(explained["explanation"].split()) > 5
    assert "](" not in explained["explanation"]


def test_without_a_code_all_are_listed_a_line_each(tmp_path: Path) -> None:
    listed = shipway(tmp_path, "explain").stdout.splitlines()
    assert [line.split()[0] for line in listed] == sorted(ERROR_CODES)
    assert max(map(len, listed)) <= 100
    as_json = json.loads(shipway(tmp_path, "explain", "--json").stdout)
    assert [entry["code"] for entry in as_json] == sorted(ERROR_CODES)


def test_a_code_that_is_none_is_answered_with_the_nearest(tmp_path: Path) -> None:
    wrong = shipway(tmp_path, "explain", "prot-taken")
    assert wrong.returncode == 2
    assert "no error code is named 'prot-taken'. Did you mean 'port-taken'?" in wrong.stderr
    assert "explain unknown-name\n" in wrong.stderr


@given(st.sampled_from(ERROR_CODES), st.integers(0, 30))
def test_codes_are_completed(code: str, length: int) -> None:
    offered = complete_codes(code[:length], parsed_args=Namespace())
    assert code in offered
    assert all(name.startswith(code[:length]) for name in offered)


def test_an_error_has_its_code_in_json_and_in_what_it_says_to_type(tmp_path: Path) -> None:
    web = project(tmp_path / "web", f'[application]\nname = "web"\n{only()}', {})
    failed = shipway(web, "report", "--json")
    assert failed.returncode == 2
    event = json.loads(failed.stdout)
    assert faults(event, EVENTS["error"]) == []
    assert event == {
        "event": "error",
        "code": "no-run",
        "message": "there is no run on record",
        "remedy": event["remedy"],
        "exit_code": 2,
    }
    assert "next: " + event["remedy"] in failed.stderr
    assert failed.stderr.endswith("explain no-run\n")
    assert shipway(web, "report").stdout == ""


def test_a_step_that_cannot_run_has_the_code_of_its_error(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "shipway.toml").write_text('[steps.tool]\nrun = "no-such-program"\ninputs = []\n')
    lines = map(json.loads, shipway(folder, "run", "--json").stdout.splitlines())
    (step,) = [line for line in lines if line["event"] == "step_finished"]
    assert (step["outcome"], step["code"]) == ("unavailable", "tool-missing")
    replayed = json.loads(shipway(folder, "report", "--json").stdout)["steps"]
    assert [entry["code"] for entry in replayed] == ["tool-missing"]
    assert "explain tool-missing\n" in shipway(folder, "run").stdout


@pytest.mark.e2e
def test_the_wheel_holds_the_explanations(tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    subprocess.run(
        (uv, "build", "--wheel", "--quiet", "--out-dir", tmp_path, ROOT), check=True, timeout=300
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    page = tmp_path / "installed/shipway/docs/troubleshooting.md"
    assert page.read_bytes() == (ROOT / "docs/troubleshooting.md").read_bytes()
    explained = subprocess.run(
        (sys.executable, "-m", "shipway", "explain", "port-taken"),
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ss -ltnp" in explained.stdout
