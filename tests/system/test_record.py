"""The record in a real SQLite file."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.patience import PATIENCE

from shipway.errors import RecordError
from shipway.ports import EndedStep, Packaged
from shipway.system.record import SqliteRecord

WRITER = """
import sys
from shipway.ports import EndedStep
from shipway.system.record import SqliteRecord
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
    assert [process.wait(PATIENCE) for process in both] == [0, 0]
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


def packages(release: str, outcome: str = "passed", manifest: str = "") -> EndedStep:
    """The step that packages, at its end."""
    reports = {"release-files.json": manifest} if manifest else {}
    facts = {"release": {"digest": release}}
    result = {"outcome": outcome, "facts": facts, "reports": reports}
    return EndedStep("package", json.dumps(result))


def digests(record: SqliteRecord) -> list[str]:
    return [one.release["digest"] for one in record.packaged()]


@given(st.lists(st.sampled_from("abc"), min_size=1), st.lists(st.floats(0, 1e9), min_size=9))
def test_what_was_packaged_last_comes_first_whatever_the_clock_says(
    releases: list[str], clock: list[float]
) -> None:
    record = SqliteRecord(":memory:")
    for number, release in enumerate(releases):
        record.start_run(str(number), clock[number % len(clock)], f"c{number}")
        record.finish_steps(str(number), [packages(release, "cached", f"m{number}")])
        record.finish_run(str(number), "{}")
    last = len(releases) - 1
    expected = Packaged(str(last), f"c{last}", True, {"digest": releases[-1]}, f"m{last}")
    assert record.packaged()[0] == expected
    assert digests(record) == releases[::-1]
    found = record.last_run()
    assert found is not None and found[0] == str(last)
    assert record.old_runs(1) == [str(number) for number in range(last - 1, -1, -1)]
    record.forget_runs(0)
    assert digests(record) == releases[-1:]  # which can still be deployed
    record.close()


def test_a_package_step_that_did_not_pass_packages_nothing(tmp_path: Path) -> None:
    record = SqliteRecord(str(tmp_path / "r.sqlite3"))
    record.start_run("1", 1.0)
    record.finish_steps("1", [EndedStep("package", '{"outcome": "failed"}')])
    assert record.packaged() == []
    record.finish_steps("1", [packages("a")])
    assert record.packaged() == [Packaged("1", "", False, {"digest": "a"})]


# The schema of version 1, as it was.
OLD_SCHEMA = """
CREATE TABLE runs (id TEXT PRIMARY KEY, started REAL NOT NULL, result TEXT);
CREATE TABLE steps (run TEXT NOT NULL, step TEXT NOT NULL, result TEXT NOT NULL);
CREATE INDEX steps_of_run ON steps (run);
CREATE TABLE durations (step TEXT PRIMARY KEY, seconds REAL NOT NULL);
CREATE TABLE cache (key TEXT PRIMARY KEY, step TEXT NOT NULL, stored REAL NOT NULL,
                    result TEXT NOT NULL);
CREATE TABLE keys (step TEXT PRIMARY KEY, parts TEXT NOT NULL);
CREATE TABLE files (path TEXT PRIMARY KEY, stat TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE memos (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE states (environment TEXT PRIMARY KEY, state TEXT NOT NULL);
CREATE TABLE releases (digest TEXT PRIMARY KEY, added REAL NOT NULL DEFAULT 0,
                       release TEXT NOT NULL);
CREATE TABLE rollouts (number INTEGER PRIMARY KEY AUTOINCREMENT,
                       environment TEXT NOT NULL, rollout TEXT NOT NULL);
PRAGMA user_version = 1;
"""


def old_record(path: Path, *, runs: bool) -> SqliteRecord:
    """A record of version 1: good, bad, and good again from the cache; opened."""
    good, bad, again = (packages("good"), packages("bad"), packages("good", "cached"))
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(OLD_SCHEMA)
        for key, stored, ended in (("k1", 1.0, good), ("k2", 2.0, bad)):
            db.execute(
                "INSERT INTO cache VALUES (?, ?, ?, ?)", (key, ended.step, stored, ended.result)
            )
        db.execute("INSERT INTO cache VALUES (?, ?, ?, ?)", ("k3", "unit", 3.0, "no JSON"))
        db.execute("INSERT INTO memos VALUES (?, ?)", ("m", "kept"))
        for number, ended in enumerate((good, bad, again) if runs else ()):
            done = json.dumps({"commit": f"c{number}"})
            db.execute("INSERT INTO runs VALUES (?, ?, ?)", (f"r{number}", 9.0 - number, done))
            db.execute("INSERT INTO steps VALUES (?, ?, ?)", (f"r{number}", "unit", "no JSON"))
            db.execute("INSERT INTO steps VALUES (?, ?, ?)", (f"r{number}", *ended[:2]))
        if runs:
            db.execute("INSERT INTO runs VALUES (?, ?, NULL)", ("killed", 4.0))
            db.execute("INSERT INTO steps VALUES (?, ?, ?)", ("killed", "package", "half a li"))
    return SqliteRecord(str(path))


def test_an_older_record_learns_what_was_packaged_last_from_its_runs(tmp_path: Path) -> None:
    record = old_record(tmp_path / "r.sqlite3", runs=True)
    assert digests(record)[:3] == ["good", "bad", "good"]
    assert record.packaged()[0] == Packaged("r2", "c2", True, {"digest": "good"})
    assert record.memo("m") is None  # it has no seal: nobody knows who wrote it
    assert record.cached() == {}
    assert {key for key, *_ in record.stored()} == {"k1", "k2", "k3"}
    record.start_run("new", 0.0, "c9")
    record.finish_steps("new", [packages("new")])
    assert record.packaged()[0] == Packaged("new", "c9", False, {"digest": "new"})
    record.close()
    assert digests(SqliteRecord(str(tmp_path / "r.sqlite3")))[0] == "new"  # only once


def test_an_older_record_without_runs_has_what_its_cache_stored_last(tmp_path: Path) -> None:
    record = old_record(tmp_path / "r.sqlite3", runs=False)
    assert record.packaged() == [Packaged("", "", True, {"digest": "bad"})]


def test_an_empty_older_record_has_nothing_packaged(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "r.sqlite3")) as db:
        db.executescript(OLD_SCHEMA)
    assert SqliteRecord(str(tmp_path / "r.sqlite3")).packaged() == []


def test_what_a_signal_left_without_an_end_is_undone_by_the_next_writing(tmp_path: Path) -> None:
    """A handler may raise between the end of the writing and that of its transaction."""
    record = SqliteRecord(str(tmp_path / "record.sqlite3"))
    unfinished = record._transaction()
    unfinished.__enter__().execute("INSERT INTO memos VALUES ('half', 'written', '')")
    record.put_memo("whole", "written")
    assert (record.memo("half"), record.memo("whole")) == (None, "written")
