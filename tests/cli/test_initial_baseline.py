"""The baseline that init records."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from shipway.cli.initial_baseline import record_initial_baseline
from shipway.cli.project import open_project

# While init's own run goes on, another one begins and ends: the newest on record is not init's.
TOML = f"""
[steps.other]
run = [{sys.executable!r}, "-m", "shipway", "run", "quick"]
sandbox = false
stage = "quality"
inputs = []
[steps.broken]
run = "false"
stage = "quality"
needs = ["other"]
inputs = []
[steps.quick]
run = "true"
stage = "build"
inputs = []
"""


@pytest.fixture
def root(tmp_path: Path) -> str:
    (tmp_path / "shipway.toml").write_text(TOML)
    return str(tmp_path)


def test_the_baseline_is_of_its_own_run_and_not_of_one_that_came_between(root: str) -> None:
    legacy = record_initial_baseline(root, ours=True, say=lambda _: None)
    newest = open_project(root).record.last_run()
    assert newest and '"verdict":"passed"' in str(newest[1])
    assert legacy and legacy.verdict == "failed"


def test_settings_that_were_here_before_get_no_baseline(root: str) -> None:
    told: list[str] = []
    assert record_initial_baseline(root, ours=False, say=told.append) is None
    assert "no baseline: shipway.toml was here before" in told[0]
    assert open_project(root).record.last_run() is None


def test_a_run_that_does_not_begin_gives_no_baseline(root: str) -> None:
    Path(root, "shipway.toml").write_text('[steps.a]\nrun = "true"\ninputs = []\nstage = "build"\n')
    told: list[str] = []
    assert record_initial_baseline(root, ours=True, say=told.append) is None
    assert told[-1].startswith("no baseline: ")
