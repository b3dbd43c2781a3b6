from __future__ import annotations

import json
from pathlib import Path

from tests.cli.in_process import shipway

STEP = '[steps.a]\nrun = "{0}"\ninputs = []\n'


def test_runs_are_listed_and_two_of_them_compared(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    folder.mkdir()
    settings = folder / "shipway.toml"
    settings.write_text(STEP.format("true"))
    assert shipway(folder, "history").stdout == "no run is on record\n"
    shipway(folder, "run")
    settings.write_text(STEP.format("false"))
    shipway(folder, "run")
    listed = json.loads(shipway(folder, "history", "--json").stdout)
    new, old = (row["run"] for row in listed["runs"])
    assert [row["verdict"] for row in listed["runs"]] == ["failed", "passed"]
    assert [row["problems"] for row in listed["runs"]] == [1, 0]
    shown = shipway(folder, "history").stdout.splitlines()
    assert [line.split()[0] for line in shown[1:]] == [new, old]
    assert shipway(folder, "history", old, new).stdout.startswith(
        "new   failed test    a: it ended with exit code 1\n"
    )
    differs = json.loads(shipway(folder, "history", old, new, "--json").stdout)
    assert [problem["step"] for problem in differs["opened"]] == ["a"]
    assert differs["closed"] == []


def test_only_the_runs_of_a_branch_are_listed(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "shipway.toml").write_text(STEP.format("true"))
    shipway(folder, "run")
    assert shipway(folder, "history", "--branch", "main").stdout == "no run is on record\n"


def test_one_run_alone_and_one_that_there_is_not_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "shipway.toml").write_text(STEP.format("true"))
    shipway(folder, "run")
    alone = shipway(folder, "history", "x")
    assert alone.returncode == 2 and "Name two" in alone.stderr
    unknown = shipway(folder, "history", "x", "y")
    assert unknown.returncode == 2 and "explain no-run" in unknown.stderr


def test_the_page_of_all_runs_is_a_file_that_loads_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "shipway.toml").write_text(STEP.format("true"))
    shipway(folder, "run")
    assert shipway(folder, "history", "--html").stdout == ".shipway/history.html\n"
    page = (folder / ".shipway" / "history.html").read_text()
    assert "1 to 1 of 1" in page and "script-src 'none'" in page
    assert "<script" not in page and 'href="/' not in page  # there is no server behind a file
    both = shipway(folder, "history", "--html", "--json")
    assert both.returncode == 2 and "Leave out" in both.stderr
    (folder / ".shipway" / "history.html").unlink()
    shipway(folder, "report")
    assert (folder / ".shipway" / "history.html").exists()
