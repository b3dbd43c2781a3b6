"""The record in a real SQLite file."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shipway.core.errors import RecordError
from shipway.core.ports import EndedStep
from shipway.effects.record import SqliteRecord

WRITER = """
import sys
from shipway.core.ports import EndedStep
from shipway.effects.record import SqliteRecord
record = SqliteRecord(sys.argv[1])
record.start_run(sys.argv[2], 1.0)
for n in range(int(sys.argv[3])):
    run = sys.argv[2]
    record.finish_steps(run, [EndedStep(f"s{n}", "{}", 1.0, f"{run}{n}", "{}")])
"""


def writer(path: Path, run: str, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(path), run, str(count)])


def test_two_runs_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite3"
    both = [writer(path, run, 300) for run in ("a", "b")]
    assert [process.wait(60) for process in both] == [0, 0]
    assert len(SqliteRecord(str(path)).cached()) == 600


def test_a_killed_writer_leaves_only_whole_entries(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite3"
    process = writer(path, "a", 10**9)
    while not path.exists() or len(SqliteRecord(str(path)).cached()) < 20:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    record = SqliteRecord(str(path))
    found = record.last_run()
    assert found is not None
    assert found[1] is None  # it counts as interrupted
    assert len(found[2]) == len(record.cached())


def test_a_record_of_a_newer_shipway_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite3"
    SqliteRecord(str(path)).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(RecordError, match="newer Shipway"):
        SqliteRecord(str(path))


def test_a_damaged_record_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite3"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(RecordError, match="damaged") as caught:
        SqliteRecord(str(path))
    assert "new record" in caught.value.remedy


def test_states_releases_and_rollouts_come_back(tmp_path: Path) -> None:
    record = SqliteRecord(str(tmp_path / "r.sqlite3"))
    record.put_state("local", {"a": 1})
    record.add_release({"digest": "d", "name": "n"})
    number = record.add_rollout("local", {"verdict": "unfinished"})
    record.update_rollout(number, {"verdict": "passed"})
    assert record.state("local") == {"a": 1}
    assert record.state("other") is None
    assert record.releases() == [{"digest": "d", "name": "n"}]
    assert record.rollouts("local") == [{"verdict": "passed", "number": number}]


def test_what_is_known_of_a_rollout_is_completed_and_not_replaced(tmp_path: Path) -> None:
    record = SqliteRecord(str(tmp_path / "r.sqlite3"))
    number = record.add_rollout("local", {"verdict": "unfinished", "by": "ann"})
    record.update_rollout(number, {"notices": [1]})
    record.update_rollout(number, {"verdict": "passed"})
    assert record.rollouts("local") == [
        {"verdict": "passed", "by": "ann", "notices": [1], "number": number}
    ]


def test_the_finished_runs_that_had_a_step_are_the_newest_first(tmp_path: Path) -> None:
    record = SqliteRecord(str(tmp_path / "r.sqlite3"))
    for run, step, ended in (
        ("1", "s", True),
        ("2", "s", True),
        ("3", "t", True),
        ("4", "s", False),
    ):
        record.start_run(run, float(run))
        record.finish_steps(run, [EndedStep("a", f"a{run}"), EndedStep(step, f"{step}{run}")])
        if ended:
            record.finish_run(run, f"run {run}")
    assert record.runs_of("s") == [("run 2", ["a2", "s2"]), ("run 1", ["a1", "s1"])]


def test_old_runs_and_entries_are_forgotten(tmp_path: Path) -> None:
    record = SqliteRecord(str(tmp_path / "r.sqlite3"))
    for number in range(5):
        record.start_run(str(number), float(number))
        record.finish_steps(str(number), [EndedStep("s", "{}", key=str(number), now=float(number))])
    record.forget_runs(2)
    record.forget_cache(3.0)
    assert set(record.cached()) == {"3", "4"}
    last = record.last_run()
    assert last is not None
    assert last[0] == "4"
