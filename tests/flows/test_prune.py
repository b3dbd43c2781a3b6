"""What earlier runs left."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from shipway.core.ports import EndedStep
from shipway.effects.files import Blobs
from shipway.effects.record import SqliteRecord
from shipway.flows.prune import GRACE, KEEP_FOLDERS, PRUNE_ABOVE, prune

NOW = time.time()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    for number in range(PRUNE_ABOVE + 1):
        folder = tmp_path / "runs" / str(number)
        folder.mkdir(parents=True)
        os.utime(folder, (number, number))
    return tmp_path


def old(path: Path) -> Path:
    os.utime(path, (NOW - GRACE - 1, NOW - GRACE - 1))
    return path


def test_only_what_the_record_names_stays(state: Path) -> None:
    record, blobs = SqliteRecord(str(state / "record.sqlite3")), Blobs(str(state / "blobs"))
    kept, gone, young = blobs.put(b"kept"), blobs.put(b"gone"), blobs.put(b"young")
    for name in (kept, gone):
        old(state / "blobs" / name[:2] / name)
    used, unused = state / "releases" / ("a" * 32), state / "releases" / ("b" * 32)
    environment = state / "venvs" / ("c" * 16 + "-dev")
    for folder in (used, unused, environment):
        folder.mkdir(parents=True)
        (folder / "file").write_text("x")
        folder.chmod(0o555)
        old(folder)
    named = f'{{"log": "{kept}", "paths": ["{used}", "{environment}/bin/python"]}}'
    record.start_run("r", NOW)
    record.finish_steps("r", [EndedStep("s", named)])
    prune(str(state), record, NOW)
    assert blobs.get(kept) == b"kept"
    assert blobs.get(gone) is None
    assert blobs.get(young) == b"young"  # a run that is under way may be about to name it
    assert (used.is_dir(), unused.is_dir(), environment.is_dir()) == (True, False, True)
    assert len(list((state / "runs").iterdir())) == KEEP_FOLDERS
    assert (state / "runs" / str(PRUNE_ABOVE)).is_dir()


def test_few_runs_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "runs" / "1").mkdir(parents=True)
    record = SqliteRecord(str(tmp_path / "record.sqlite3"))
    prune(str(tmp_path), record, NOW)
    assert (tmp_path / "runs" / "1").is_dir()
