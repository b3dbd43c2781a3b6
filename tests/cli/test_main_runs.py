"""A run that is not good is compared with the last runs of the main branch on record."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.cli.in_process import shipway

STEPS = """
[steps.old]
run = "false"
inputs = []

[steps.young]
run = "{young}"
inputs = []
"""


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    subprocess.run(("git", *who, *words), cwd=folder, check=True, capture_output=True)


def problems(folder: Path) -> dict[str, bool | None]:
    """Step → whether its fault is new, of the last run."""
    listed = json.loads(shipway(folder, "report", "--json").stdout)
    return {problem["step"]: problem.get("new") for problem in listed["problems"]}


def test_what_fails_on_a_branch_and_not_on_main_is_new(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "shipway.toml").write_text(STEPS.format(young="true"))
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    assert shipway(folder, "run").returncode == 1
    assert problems(folder) == {"old": None}  # nothing was there to compare with

    git(folder, "checkout", "-qb", "wards")
    (folder / "shipway.toml").write_text(STEPS.format(young="false"))
    failed = shipway(folder, "run", "--json")
    ended = json.loads(failed.stdout.splitlines()[-1])
    assert [(p["step"], p["new"]) for p in ended["problems"]] == [("young", True), ("old", False)]
    assert ended["compared_with"]
    assert ended["reason"].endswith("; 1 is new since the last run of the main branch")
    assert problems(folder) == {"young": True, "old": False}  # the record keeps it
    shown = shipway(folder, "run").stdout.splitlines()
    assert "failed test    new: young: it ended with exit code 1" in shown


def test_a_run_of_main_is_compared_with_the_one_before_it(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "shipway.toml").write_text(STEPS.format(young="true"))
    assert shipway(folder, "run").returncode == 1
    assert shipway(folder, "run").returncode == 1
    assert problems(folder) == {"old": False}
