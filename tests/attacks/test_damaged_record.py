"""A document in the record is not what Shipway wrote: half of it, of another type, no text at all.

Every command says which document it is, or does without it; none fails as if by itself.
"""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.in_process import project, shipway, step

from shipway.system.record import SqliteRecord

DOCUMENTS = (  # (table, its column)
    ("runs", "result"),
    ("steps", "result"),
    ("keys", "parts"),
    ("packaged", "release"),
    ("packaged", "manifest"),
    ("states", "state"),
    ("releases", "release"),
    ("rollouts", "rollout"),
)
DAMAGES: dict[str, str | bytes] = {
    "nothing": "",
    "half": '{"digest": "abc", "na',
    "list": "[]",
    "number": "5",
    "empty": "{}",
    "other types": '{"digest": [], "name": {}, "commit": 1, "instances": 5, "outcome": [], '
    '"steps": 1, "facts": [], "verdict": 7, "stages": {}, "started": "x"}',
    "deep": "[" * 100_000,
    "huge number": '{"version": ' + "9" * 5000 + "}",
    "lone surrogate": '{"name": "\\ud800", "digest": "\\u0000"}',
    "bytes": b"\xff\xfe\x00",
}
COMMANDS = (
    (),
    ("status",),
    ("status", "local"),
    ("status", "local", "--history"),
    ("history",),
    ("report",),
    ("plan",),
    ("rollback", "local"),
    ("clean", "--dry-run"),
)
DIGEST = "ab" * 32


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one document of each kind."""
    web = project(
        tmp_path_factory.mktemp("damaged") / "web",
        step("unit", "true") + "[environments.local]\nport = 0\n",
    )
    assert shipway(web, "run").returncode == 0
    release = {"digest": DIGEST, "name": "1.0+abc.ababab", "commit": "abc", "path": "x"}
    with closing(SqliteRecord(str(web / ".shipway" / "record.sqlite3"))) as record:
        record.add_release(release)
        record.put_state("local", {"current": DIGEST})
        record.add_rollout("local", {"digest": DIGEST, "release": release["name"], "at": 1.0})
    with closing(sqlite3.connect(web / ".shipway" / "record.sqlite3")) as db, db:
        db.execute(
            "INSERT INTO packaged (run, commit_sha, release, manifest) VALUES ('', '', ?, '')",
            (json.dumps(release),),
        )
    with (
        closing(sqlite3.connect(web / ".shipway" / "record.sqlite3")) as db,
        closing(sqlite3.connect(web.parent / "record")) as copy,
    ):
        db.backup(copy)
    return web


@pytest.mark.parametrize(("table", "column"), DOCUMENTS)
def test_every_command_names_a_damaged_document_or_does_without_it(
    whole: Path, table: str, column: str
) -> None:
    record = whole / ".shipway" / "record.sqlite3"
    for (damage, text), words in itertools.product(DAMAGES.items(), COMMANDS):
        for changed in record.parent.glob("record.sqlite3*"):
            changed.unlink()
        shutil.copy(whole.parent / "record", record)
        with closing(sqlite3.connect(record)) as db, db:
            assert db.execute(f"UPDATE {table} SET {column} = ?", (text,)).rowcount
        done = shipway(whole, *words)  # what is raised here would be a failure of Shipway itself
        assert done.returncode in (0, 1, 2), (damage, words, done.stdout + done.stderr)
        if "damaged" in done.stderr:
            assert "next: " in done.stderr, (damage, words)
