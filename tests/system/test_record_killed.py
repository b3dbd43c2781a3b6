"""The record under SIGKILL, beside other writers, on a full disk, and damaged."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.patience import PATIENCE
from tests.small_disk import fill

from shipway.errors import RecordError
from shipway.ports import EndedStep
from shipway.system.record import SqliteRecord

KILLS = 25
# Says a number only after the call that wrote it has returned.
WRITER = """
import sys
from shipway.ports import EndedStep
from shipway.system.record import SqliteRecord
record = SqliteRecord(sys.argv[1])
run, number = sys.argv[2], 0
record.start_run(run, float(run))
while True:
    record.finish_steps(run, [EndedStep(f"s{number}", "{}", 1.0, f"{run} {number}", "{}")])
    record.put_state("local", {"run": run, "number": number, "more": "x" * 5000})
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
    number += 1
"""
OPENER = """
import sys
from shipway.system.record import SqliteRecord
print("ready", flush=True)
sys.stdin.readline()
record = SqliteRecord(sys.argv[1])
record.start_run(sys.argv[2], 1.0)
record.put_memo("pipeline", sys.argv[2])
"""
FILLER = """
import resource, sys
from shipway.errors import RecordError
from shipway.ports import EndedStep
from shipway.system.record import SqliteRecord
limit = int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
record = SqliteRecord(sys.argv[1])
try:
    for number in range(100_000):
        ended = EndedStep(f"s{number}", "x" * 4000, None, f"k{number}", "{}")
        record.finish_steps("1", [ended])
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()
except RecordError as error:
    sys.exit(f"{error.message} / {error.remedy}")
"""


def started(code: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def sound(path: Path) -> bool:
    with sqlite3.connect(path) as db:
        return [row[0] for row in db.execute("PRAGMA integrity_check")] == ["ok"]


def test_what_was_committed_survives_sigkill_at_any_moment(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite3"
    promised: dict[str, int] = {}
    chance = random.Random(7)
    for run in map(str, range(1, KILLS + 1)):
        writer = started(WRITER, str(path), run)
        assert writer.stdout is not None
        last = writer.stdout.readline()
        time.sleep(chance.uniform(0, 0.04))
        writer.kill()
        last += writer.communicate()[0]
        promised[run] = int(last[: last.rindex("\n")].splitlines()[-1])
        record = SqliteRecord(str(path))
        found = record.last_run()
        assert found is not None
        assert found[:2] == (run, None)  # it counts as interrupted
        assert len(found[2]) > promised[run]
        state = record.state("local")
        assert state is not None
        assert state["number"] >= promised[run]
        record.close()
    assert sound(path)
    kept = set(SqliteRecord(str(path)).cached())
    assert {f"{run} {n}" for run, last in promised.items() for n in range(last + 1)} <= kept


def test_a_record_opened_for_the_first_time_by_many_at_once_is_made_once(tmp_path: Path) -> None:
    for attempt in range(5):
        path = tmp_path / str(attempt) / "r.sqlite3"
        openers = [started(OPENER, str(path), str(number)) for number in range(6)]
        assert [opener.stdout.readline() for opener in openers if opener.stdout] == ["ready\n"] * 6
        for opener in openers:
            assert opener.stdin is not None
            opener.stdin.write("\n")
            opener.stdin.flush()
        ends = [(opener.communicate(timeout=PATIENCE)[1], opener.returncode) for opener in openers]
        assert ends == [("", 0)] * 6
        assert sound(path)


def test_two_writers_and_a_reader_do_not_stop_each_other(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite3"
    record = SqliteRecord(str(path))
    writers = [started(WRITER, str(path), run) for run in ("1", "2")]
    said = [0, 0]
    while min(said) < 100:
        for number, writer in enumerate(writers):
            assert writer.stdout is not None
            said[number] = int(writer.stdout.readline())
        record.cached()
        record.put_memo("m", str(said))
    for writer in writers:
        writer.kill()
        assert writer.communicate()[1] == ""
    assert sound(path)
    assert {f"{run} {n}" for run in ("1", "2") for n in range(101)} <= set(record.cached())


# -- a full disk ---------------------------------------------------------------------------


def filled(path: Path, limit: int) -> str:
    """Write until it cannot be; check that nothing promised is lost. What was said at the end."""
    filler = started(FILLER, str(path), str(limit))
    out, err = filler.communicate(timeout=120)
    assert filler.returncode == 1, out + err
    assert sound(path)
    promised = {f"k{number}" for number in out.split()}
    assert len(promised) > 20
    assert promised <= set(SqliteRecord(str(path)).cached())
    return err


def test_a_full_disk_is_said_to_be_full_and_loses_nothing(small_disk: Path) -> None:
    path = small_disk / "r.sqlite3"
    (small_disk / "something").write_bytes(b"x" * 1_000_000)
    assert "the disk is full" in filled(path, 0)
    record = SqliteRecord(str(path))
    with pytest.raises(RecordError, match="the disk is full") as caught:
        record.put_memo("big", "x" * 4_000_000)
    assert "Free some space" in caught.value.remedy
    (small_disk / "something").unlink()  # room is made, and the record goes on
    record.put_memo("small", "x")
    assert record.memo("small") == "x"
    record.close()


def test_a_full_disk_from_the_start_is_a_clear_error(small_disk: Path) -> None:
    fill(small_disk)
    with pytest.raises(RecordError, match=r"the disk is full: .*r\.sqlite3"):
        SqliteRecord(str(small_disk / "r.sqlite3"))


def test_a_limit_of_a_files_size_is_a_clear_error_and_loses_nothing(tmp_path: Path) -> None:
    said = filled(tmp_path / "r.sqlite3", 2_000_000)
    assert "r.sqlite3 cannot be used: disk I/O error" in said
    assert "the free space, the limits" in said


# -- what is no record ---------------------------------------------------------------------


def test_a_record_damaged_in_its_middle_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite3"
    record = SqliteRecord(str(path))
    for number in range(200):
        record.put_memo(f"m{number}", "x" * 1000)
    record.close()
    data = bytearray(path.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(RecordError, match="is damaged") as caught:
        SqliteRecord(str(path)).memo("m7")
    assert "Move it away" in caught.value.remedy
    with pytest.raises(RecordError, match="is damaged"):
        SqliteRecord(str(path)).put_memo("m7", "y")


@pytest.mark.parametrize("length", [50, 100, 4096, 40_000])
def test_a_record_that_was_cut_off_says_what_to_do(tmp_path: Path, length: int) -> None:
    path = tmp_path / "r.sqlite3"
    SqliteRecord(str(path)).close()
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(RecordError, match=r"r\.sqlite3 is damaged"):
        SqliteRecord(str(path)).cached()


def test_an_empty_file_becomes_a_record(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite3"
    path.touch()
    SqliteRecord(str(path)).put_memo("m", "x")
    assert SqliteRecord(str(path)).memo("m") == "x"


def test_a_newer_record_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite3"
    record = SqliteRecord(str(path))
    record.put_memo("m", "x")
    record.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(RecordError, match=r"newer Shipway \(schema 99\)") as caught:
        SqliteRecord(str(path))
    assert "Update Shipway" in caught.value.remedy
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT value FROM memos").fetchall() == [("x",)]


@pytest.mark.parametrize("what", ["a folder", "below a file"])
def test_a_place_that_cannot_hold_a_record_is_a_clear_error(tmp_path: Path, what: str) -> None:
    path = tmp_path / "r.sqlite3"
    if what == "a folder":
        path.mkdir()
    else:
        path.touch()
        path = path / "r.sqlite3"
    with pytest.raises(RecordError, match="cannot be used"):
        SqliteRecord(str(path))


def test_what_cannot_be_carried_out_is_undone_and_the_record_goes_on(tmp_path: Path) -> None:
    record = SqliteRecord(str(tmp_path / "r.sqlite3"))
    record.start_run("a", 1.0)
    with pytest.raises(RecordError, match="UNIQUE"):
        record.start_run("a", 2.0)
    with pytest.raises(KeyError):
        record.add_release({})
    record.start_run("b", 2.0)
    found = record.last_run()
    assert found is not None
    assert found[0] == "b"
    record.close()
    with pytest.raises(RecordError, match="closed"):
        record.put_memo("m", "x")
    with pytest.raises(RecordError, match="closed"):
        record.memo("m")


def test_key_parts_and_durations_come_back(tmp_path: Path) -> None:
    record = SqliteRecord(str(tmp_path / "r.sqlite3"))
    assert record.key_parts("t") == {}
    for name in ("old", "new"):
        record.finish_steps("r", [EndedStep("t", "{}", None, name, f'{{"tool": "{name}"}}')])
    assert record.key_parts("t") == {"tool": "new"}
    record.finish_steps("r", [EndedStep("a", "{}", 2.5), EndedStep("b", "{}")])
    assert record.durations() == {"a": 2.5}
