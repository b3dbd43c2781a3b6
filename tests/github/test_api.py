from __future__ import annotations

import json
from pathlib import Path

import pytest

from shipway.github.api import append_to_file, set_output, workflow_job

BASE = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "ann/town",
    "GITHUB_RUN_ID": "42",
    "GITHUB_EVENT_NAME": "pull_request",
    "GITHUB_SHA": "c0ffee",
}


def event(folder: Path, data: object) -> dict[str, str]:
    path = folder / "event.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return {**BASE, "GITHUB_EVENT_PATH": str(path)}


def test_elsewhere_there_is_no_job() -> None:
    assert workflow_job({}) is None
    assert workflow_job({"GITHUB_ACTIONS": "false"}) is None


def test_a_pull_request_is_known_by_its_event(tmp_path: Path) -> None:
    found = workflow_job(event(tmp_path, {"pull_request": {"number": 5}}))
    assert found
    assert found.pull_request == 5
    assert found.address == "https://github.com/ann/town/actions/runs/42"
    assert found.api == "https://api.github.com"


@pytest.mark.parametrize(
    "data", ["", "rubbish", [], {}, {"pull_request": None}, {"pull_request": {"number": "5"}}]
)
def test_without_a_pull_request_there_is_no_number(tmp_path: Path, data: object) -> None:
    found = workflow_job(event(tmp_path, data))
    assert found and found.pull_request == 0


def test_an_output_is_one_line_whatever_its_value(tmp_path: Path) -> None:
    path = tmp_path / "output"
    append_to_file(str(path), set_output("address", "http://x\nverdict=passed"))
    append_to_file(str(path), set_output("verdict", "failed"))
    append_to_file("", "nothing")
    assert path.read_text() == "address=http://x verdict=passed\nverdict=failed\n"
