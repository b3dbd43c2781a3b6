"""The record: runs, cached outcomes, releases and rollouts in one SQLite file.

WAL mode: a reader never waits for a writer, and a process killed at any point leaves what was
committed. Every method commits before it returns; two runs at once wait for each other for
moments only. The schema has a version; a record of a newer Shipway is refused, an older one
is brought up to date.
"""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from shipway.codec import JsonObject, damaged, parse_object, to_json
from shipway.errors import RecordError
from shipway.ports import (
    MANIFEST_FILE,
    PACKAGE,
    EndedStep,
    Packaged,
)
from shipway.system.seal import Seal, own_seal

_MIGRATIONS = (
    """
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
    """,
    # What is packaged was read from the cache, which knows what was stored, not what was last
    # asked for. Steps lie in the order in which they ended; without one, the cache is all there is.
    """
    ALTER TABLE runs ADD COLUMN commit_sha TEXT NOT NULL DEFAULT '';
    UPDATE runs SET commit_sha = CASE WHEN json_valid(result)
        THEN COALESCE(json_extract(result, '$.commit'), '') ELSE '' END;
    CREATE TABLE packaged (sequence INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL,
                           commit_sha TEXT NOT NULL, release TEXT NOT NULL,
                           manifest TEXT NOT NULL);
    INSERT INTO packaged (run, commit_sha, release, manifest)
        SELECT '', '', json_extract(result, '$.facts.release'), '' FROM (
            SELECT CASE WHEN json_valid(result) THEN result END AS result FROM cache
            WHERE step = 'package' ORDER BY stored DESC LIMIT 1)
        WHERE json_type(result, '$.facts.release') = 'object';
    INSERT INTO packaged (run, commit_sha, release, manifest)
        SELECT run, COALESCE((SELECT commit_sha FROM runs WHERE id = run), ''),
               json_extract(result, '$.facts.release'), '' FROM (
            SELECT rowid AS place, run, CASE WHEN json_valid(result) THEN result END AS result
            FROM steps WHERE step = 'package')
        WHERE json_type(result, '$.facts.release') = 'object' ORDER BY place;
    """,
    # Documents have versions of their own from here on (shipway/codec.py), and are migrated as they
    # are read. A Shipway that does not know of that refuses the record instead of failing at one.
    "",
    # What has no seal is not believed, so all that is cached is done once more.
    """
    ALTER TABLE cache ADD COLUMN seal TEXT NOT NULL DEFAULT '';
    ALTER TABLE files ADD COLUMN seal TEXT NOT NULL DEFAULT '';
    ALTER TABLE memos ADD COLUMN seal TEXT NOT NULL DEFAULT '';
    ALTER TABLE runs ADD COLUMN seal TEXT NOT NULL DEFAULT '';
    """,
)


_SEALED = (  # (kind, table, the columns that its seal is of)
    ("cache", "cache", "key, step, stored, result"),
    ("file", "files", "path, stat, digest"),
    ("memo", "memos", "name, value"),
)
_PATIENCE = 30.0  # seconds to wait for another process
_INDEX = 32768  # bytes of the smallest index of a WAL


class _Lock(Protocol):
    def __enter__(self) -> bool: ...
    def __exit__(self, kind: Any, error: Any, trace: Any, /) -> None: ...
    def acquire(self) -> bool: ...
    def release(self) -> None: ...


class SqliteRecord:
    """The record in a file. Thread-safe. Raises RecordError with what to do.

    seal: by it, outcomes, digests of files and memos are known to be Shipway's own; by default
    this user's. What does not carry it is not there.
    """

    def __init__(self, path: str, seal: Seal | None = None) -> None:
        self._path = path
        self._seal = seal or own_seal()
        self._ended: dict[str, list[str]] = {}  # run → results of its steps, as they ended
        self._lock: _Lock = threading.RLock()
        try:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            self._db = _open(path)
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._migrate()
        except (sqlite3.Error, OSError) as error:
            raise _unusable(path, error) from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    # -- runs ---------------------------------------------------------------------------

    def start_run(self, run: str, started: float, commit: str = "") -> None:
        """A run has begun; until `finish_run` it counts as interrupted."""
        self._write(
            "INSERT INTO runs (id, started, commit_sha) VALUES (?, ?, ?)", (run, started, commit)
        )

    def finish_steps(self, run: str, ended: Sequence[EndedStep]) -> None:
        """Steps have ended: their results, durations, cache entries and what they packaged, all or
        none."""
        timed = [(step.step, step.seconds) for step in ended if step.seconds is not None]
        cacheable = [step for step in ended if step.key]
        entries = [
            self._sealed("cache", step.key, step.step, step.now, step.result) for step in cacheable
        ]
        releases = [_packaged(step.result) for step in ended if step.step == PACKAGE]
        self._ended.setdefault(run, []).extend(step.result for step in ended)
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO steps VALUES (?, ?, ?)",
                [(run, step.step, step.result) for step in ended],
            )
            db.executemany("INSERT OR REPLACE INTO durations VALUES (?, ?)", timed)
            db.executemany("INSERT OR REPLACE INTO cache VALUES (?, ?, ?, ?, ?)", entries)
            db.executemany(
                "INSERT OR REPLACE INTO keys VALUES (?, ?)",
                [(step.step, step.parts) for step in cacheable if step.parts],
            )
            db.executemany(
                "INSERT INTO packaged (run, commit_sha, release, manifest) VALUES"
                " (?, COALESCE((SELECT commit_sha FROM runs WHERE id = ?), ''), ?, ?)",
                [(run, run, *step) for step in releases if step is not None],
            )

    def finish_run(self, run: str, result: str) -> None:
        """A run has ended. Its seal is of the steps that this process ended, whatever else says
        by now that it was one of the run."""
        seal = self._seal.of("run", run, result, *self._ended.pop(run, ()))
        self._write("UPDATE runs SET result = ?, seal = ? WHERE id = ?", (result, seal, run))

    def last_run(self) -> tuple[str, str | None, list[str]] | None:
        """The newest run: its id, its result (None if interrupted), its steps' results."""
        newest = self._read("SELECT id FROM runs ORDER BY rowid DESC LIMIT 1")
        return self.run(newest[0][0]) if newest else None

    def run(self, run: str) -> tuple[str, str | None, list[str]] | None:
        """One run, as `last_run` has it."""
        rows = self._read("SELECT result FROM runs WHERE id = ?", (run,))
        if not rows:
            return None
        steps = self._read("SELECT result FROM steps WHERE run = ? ORDER BY rowid", (run,))
        return run, rows[0][0], [row[0] for row in steps]

    def runs_of(self, step: str) -> list[tuple[str, list[str]]]:
        """The finished runs that had a step, newest first: the result, its steps' results.

        Only those that Shipway itself finished here: a deploy believes them.
        """
        return list(self._finished(step, sealed=True))

    def finished_runs(self) -> Iterator[tuple[str, list[str]]]:
        """Every finished run, as `runs_of`; steps are read when their run is asked for."""
        return self._finished("", sealed=False)

    def _finished(self, step: str, *, sealed: bool) -> Iterator[tuple[str, list[str]]]:
        """step: which they had; "" for any."""
        query = (
            "SELECT id, result, seal FROM runs WHERE result IS NOT NULL"
            " AND (? = '' OR id IN (SELECT run FROM steps WHERE step = ?)) ORDER BY rowid DESC"
        )
        steps = "SELECT result FROM steps WHERE run = ? ORDER BY rowid"
        for run, result, seal in self._read(query, (step, step)):
            results = [row[0] for row in self._read(steps, (run,))]
            if not sealed or self._seal.holds(seal, "run", run, result, *results):
                yield result, results

    def finished_run_names(self) -> list[tuple[str, str]]:
        """Name and branch of every finished run, newest first."""
        branch = "CASE WHEN json_valid(result) THEN json_extract(result, '$.branch') END"
        query = f"SELECT id, {branch} FROM runs WHERE result IS NOT NULL ORDER BY rowid DESC"  # nosec B608
        return [(name, str(of or "")) for name, of in self._read(query)]

    def unfinished_runs(self, most: int) -> list[tuple[str, float, str]]:
        """Name, start (seconds since the epoch) and commit of the newest runs without a verdict:
        they go on, or were cut off."""
        query = (
            "SELECT id, started, commit_sha FROM runs WHERE result IS NULL"
            " ORDER BY rowid DESC LIMIT ?"
        )
        return [
            (name, float(started), commit) for name, started, commit in self._read(query, (most,))
        ]

    def packaged(self) -> list[Packaged]:
        """What the runs packaged, the last first: also what was packaged before, and is cached."""
        rows = self._read(
            "SELECT packaged.run, packaged.commit_sha, runs.id IS NULL OR runs.result IS NOT NULL,"
            " release, manifest FROM packaged LEFT JOIN runs ON runs.id = packaged.run"
            " ORDER BY sequence DESC"
        )
        what = "what was packaged"
        return [
            Packaged(
                run,
                commit,
                bool(ended),
                self._release(what, release, ("digest",)),
                self._text(f"{what}: its manifest", manifest),
            )
            for run, commit, ended, release, manifest in rows
        ]

    def old_runs(self, keep: int) -> list[str]:
        """The runs but the newest `keep`."""
        query = "SELECT id FROM runs ORDER BY rowid DESC LIMIT -1 OFFSET ?"
        return [row[0] for row in self._read(query, (keep,))]

    def forget_runs(self, keep: int) -> None:
        """Only the newest `keep` runs stay, and what was packaged last."""
        with self._transaction() as db:
            old = db.execute(
                "SELECT id FROM runs ORDER BY rowid DESC LIMIT -1 OFFSET ?", (keep,)
            ).fetchall()
            db.executemany("DELETE FROM steps WHERE run = ?", old)
            db.executemany("DELETE FROM runs WHERE id = ?", old)
            db.executemany(
                "DELETE FROM packaged WHERE run = ?"
                " AND sequence < (SELECT MAX(sequence) FROM packaged)",
                old,
            )

    # -- the cache ----------------------------------------------------------------------

    def durations(self) -> dict[str, float]:
        """Seconds that each step took when it last ran."""
        return dict(self._read("SELECT step, seconds FROM durations"))

    def cached(self) -> dict[str, tuple[float, str]]:
        """Every cache entry: key → (stored at, result)."""
        rows = self._read("SELECT key, step, stored, result, seal FROM cache")
        return {row[0]: (row[2], row[3]) for row in rows if self._genuine("cache", row)}

    def stored(self) -> list[tuple[Any, ...]]:
        """Every cache entry as (key, step, stored at, result, seal), for another job's record."""
        return self._read("SELECT key, step, stored, result, seal FROM cache")

    def adopt(self, entries: Iterable[tuple[Any, ...]]) -> None:
        """Take over entries that `stored` gave elsewhere; what is known here stays.

        They keep their seals: without this user's key, they are not believed here either.
        """
        with self._transaction() as db:
            db.executemany("INSERT OR IGNORE INTO cache VALUES (?, ?, ?, ?, ?)", list(entries))

    def put_outcomes(self, entries: Iterable[tuple[str, str, float, str, str]]) -> None:
        """Keep (key, step, stored at, result, parts of the key) of outcomes that somebody else
        brought about, and whose signature was checked."""
        rows = list(entries)
        with self._transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO cache VALUES (?, ?, ?, ?, ?)",
                [self._sealed("cache", *row[:4]) for row in rows],
            )
            db.executemany(
                "INSERT OR REPLACE INTO keys VALUES (?, ?)", [(row[1], row[4]) for row in rows]
            )

    def key_parts(self, step: str) -> dict[str, str]:
        """The parts of the key under which the step was last stored; empty if never."""
        rows = self._read("SELECT parts FROM keys WHERE step = ?", (step,))
        what = f"the key of {step}"
        parts = self._document(what, rows[0][0]) if rows else {}
        return {name: self._text(f"{what}: {name}", value) for name, value in parts.items()}

    def forget_cache(self, older_than: float) -> None:
        """Entries stored before `older_than` (seconds since the epoch) go."""
        self._write("DELETE FROM cache WHERE stored < ?", (older_than,))

    def texts(self, runs: int, since: float) -> Iterable[str]:
        """All but releases that may name a content or a venv, and stays with these limits.

        runs: how many of the newest count. since: seconds since the epoch, of cache entries.
        """
        newest = "SELECT id FROM runs ORDER BY rowid DESC LIMIT ?"
        for query, values in (
            ("SELECT result FROM cache WHERE stored >= ?", (since,)),
            (f"SELECT result FROM steps WHERE run IN ({newest})", (runs,)),
            ("SELECT state FROM states", ()),
            ("SELECT rollout FROM rollouts", ()),
        ):
            for row in self._read(query, values):
                yield self._text("an outcome, a state or a rollout", row[0])

    def file_index(self) -> dict[str, tuple[str, str]]:
        """path → (stat, digest), as last seen."""
        rows = self._read("SELECT path, stat, digest, seal FROM files")
        return {row[0]: (row[1], row[2]) for row in rows if self._genuine("file", row)}

    def put_files(self, files: Iterable[tuple[str, str, str]]) -> None:
        """Remember (path, stat, digest) of files; not of one whose name is no text."""
        texts = [file for file in files if file[0].isascii() or _is_text(file[0])]
        with self._transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
                [self._sealed("file", *file) for file in texts],
            )

    def memo(self, name: str) -> str | None:
        """What was remembered under a name, and nobody has changed since."""
        rows = self._read("SELECT name, value, seal FROM memos WHERE name = ?", (name,))
        return rows[0][1] if rows and self._genuine("memo", rows[0]) else None

    def put_memo(self, name: str, value: str) -> None:
        """Remember a text under a name."""
        self._write(
            "INSERT OR REPLACE INTO memos VALUES (?, ?, ?)", self._sealed("memo", name, value)
        )

    def seal_everything(self) -> None:
        """Believe all that is stored: for one who knows that nobody else has written it."""
        with self._transaction() as db:
            for kind, table, columns in _SEALED:
                rows = db.execute(f"SELECT {columns}, rowid FROM {table}").fetchall()  # nosec B608
                seals = [(self._sealed(kind, *row[:-1])[-1], row[-1]) for row in rows]
                db.executemany(f"UPDATE {table} SET seal = ? WHERE rowid = ?", seals)  # nosec B608
            for run, result in db.execute(
                "SELECT id, result FROM runs WHERE result IS NOT NULL"
            ).fetchall():
                steps = db.execute("SELECT result FROM steps WHERE run = ? ORDER BY rowid", (run,))
                seal = self._seal.of("run", run, result, *(row[0] for row in steps))
                db.execute("UPDATE runs SET seal = ? WHERE id = ?", (seal, run))

    def _sealed(self, kind: str, *row: Any) -> tuple[Any, ...]:
        return (*row, self._seal.of(kind, *map(_sealed_text, row)))

    def _genuine(self, kind: str, row: Sequence[Any]) -> bool:
        """row: its last part is its seal."""
        return self._seal.holds(row[-1], kind, *map(_sealed_text, row[:-1]))

    # -- holds (the port ports.FreezeStore) ------------------------------------------

    def hold(self, environment: str) -> str:
        """The hold of an environment; "" where there is none."""
        rows = self._read("SELECT value FROM memos WHERE name = ?", (f"hold {environment}",))
        return rows[0][0] if rows else ""  # whoever wrote it: a hold only keeps things as they are

    def put_hold(self, environment: str, text: str) -> None:
        """Hold it."""
        self.put_memo(f"hold {environment}", text)

    def release_hold(self, environment: str) -> None:
        """Hold it no more."""
        self._write("DELETE FROM memos WHERE name = ?", (f"hold {environment}",))

    # -- releases and rollouts (the port ports.Releases) ---------------------------

    def put_state(self, environment: str, state: Mapping[str, object]) -> None:
        """Replace what is known to run in an environment."""
        self._write("INSERT OR REPLACE INTO states VALUES (?, ?)", (environment, to_json(state)))

    def state(self, environment: str) -> JsonObject | None:
        """What is known to run in an environment."""
        rows = self._read("SELECT state FROM states WHERE environment = ?", (environment,))
        return self._document(f"the state of {environment}", rows[0][0]) if rows else None

    def add_release(self, release: Mapping[str, object]) -> None:
        """Keep a release; one of the same digest is the same release."""
        self._write(
            "INSERT OR REPLACE INTO releases (digest, release) VALUES (?, ?)",
            (release["digest"], to_json(release)),
        )

    def releases(self) -> Sequence[JsonObject]:
        """All releases, newest first."""
        rows = self._read("SELECT release FROM releases ORDER BY rowid DESC")
        return [self._release("a release", row[0], ("digest", "name")) for row in rows]

    def forget_releases(self, digests: Iterable[str]) -> None:
        """They cannot be rolled out any more; the history keeps their names."""
        with self._transaction() as db:
            db.executemany(
                "DELETE FROM releases WHERE digest = ?", [(digest,) for digest in digests]
            )

    def environments(self) -> list[str]:
        """Those of which anything is known."""
        query = "SELECT environment FROM states UNION SELECT environment FROM rollouts"
        return [row[0] for row in self._read(query)]

    def add_rollout(self, environment: str, rollout: Mapping[str, object]) -> int:
        """Append a rollout; its number."""
        with self._transaction() as db:
            cursor = db.execute(
                "INSERT INTO rollouts (environment, rollout) VALUES (?, ?)",
                (environment, to_json(rollout)),
            )
            return int(cursor.lastrowid or 0)

    def update_rollout(self, number: int, rollout: Mapping[str, object]) -> None:
        """Complete what is known of a rollout: what is not given stays."""
        with self._transaction() as db:
            row = db.execute("SELECT rollout FROM rollouts WHERE number = ?", (number,)).fetchone()
            before = self._document(f"rollout {number}", row[0]) if row else {}
            merged = {**before, **rollout}
            db.execute(
                "UPDATE rollouts SET rollout = ? WHERE number = ?", (to_json(merged), number)
            )

    def rollouts(self, environment: str) -> Sequence[JsonObject]:
        """Newest first; each carries its `number`."""
        rows = self._read(
            "SELECT number, rollout FROM rollouts WHERE environment = ? ORDER BY number DESC",
            (environment,),
        )
        return [
            {**self._document(f"rollout {number}", text), "number": number} for number, text in rows
        ]

    # -- below --------------------------------------------------------------------------

    def _document(self, what: str, text: str) -> JsonObject:
        """A document that is kept. Raises RecordError where it is none."""
        return parse_object(text, f"{self._path}: {what}")

    def _release(self, what: str, text: str, required: Sequence[str] = ()) -> JsonObject:
        """A release, told apart by texts. required: which it must have."""
        release = self._document(what, text)
        for field in ("digest", "name", "commit"):
            if field in release or field in required:
                self._text(f"{what}: {field}", release.get(field))
        return release

    def _text(self, what: str, value: object) -> str:
        if not isinstance(value, str) or not _is_text(value):
            raise damaged(f"{self._path}: {what}", "it is no text")
        return value

    def _migrate(self) -> None:
        if self._version() == len(_MIGRATIONS):
            return
        with self._transaction() as db:  # two processes may get here at once: look again
            version = self._version()
            if version > len(_MIGRATIONS):
                raise RecordError(
                    f"{self._path} was written by a newer Shipway (schema {version})",
                    "Update Shipway, or move the file away to begin a new record.",
                    code="record-newer",
                )
            for script in _MIGRATIONS[version:]:
                for statement in script.split(";"):
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _read(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        try:
            with self._lock:
                return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise _unusable(self._path, error) from error

    def _write(self, query: str, values: Sequence[Any]) -> None:
        with self._transaction() as db:
            db.execute(query, values)

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db, self._lock, self._path)


class _Transaction:
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK when something was raised."""

    def __init__(self, db: sqlite3.Connection, lock: _Lock, path: str) -> None:
        self._db = db
        self._lock = lock
        self._path = path

    def __enter__(self) -> sqlite3.Connection:
        self._lock.acquire()
        try:
            if self._db.in_transaction:  # a signal came before the last one had its end
                self._db.execute("ROLLBACK")
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            self._lock.release()
            raise _unusable(self._path, error) from error
        return self._db

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
                return
            with suppress(sqlite3.Error):  # a full disk has rolled back by itself
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise _unusable(self._path, error) from error
        except sqlite3.Error as problem:
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise _unusable(self._path, problem) from problem
        finally:
            self._lock.release()


def _sealed_text(value: str | float) -> str:
    """SQLite makes 5.0 of 5 in a column of reals."""
    return value if isinstance(value, str) else repr(float(value))


def _packaged(result: str) -> tuple[str, str] | None:
    """The release and its manifest in the result of the step that packages; None for neither."""
    data = json.loads(result)
    release = data.get("facts", {}).get("release")
    manifest = data.get("reports", {}).get(MANIFEST_FILE, "")
    return (json.dumps(release), manifest) if isinstance(release, dict) else None


def _open(path: str) -> sqlite3.Connection:
    """A connection in WAL mode: on a full disk, too, so that what is known can be read.

    SQLite keeps the index of the WAL in a file, which a full disk has no room for. One who locks
    the record for itself keeps it in memory (sqlite.org/wal.html#noshm).
    """
    try:
        return _connection(path)
    except sqlite3.OperationalError:
        if not _disk_is_full(path):
            raise
        return _connection(path, "PRAGMA locking_mode = EXCLUSIVE")


def _connection(path: str, *settings: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        for setting in settings:
            db.execute(setting)
        _use_wal(db)
    except sqlite3.Error:
        db.close()
        raise
    return db


def _disk_is_full(path: str) -> bool:
    try:
        disk = os.statvfs(os.path.dirname(path) or ".")
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _INDEX or (disk.f_files > 0 and disk.f_favail == 0)


def _use_wal(db: sqlite3.Connection) -> None:
    """Make it so in a new file: the one thing for which SQLite itself does not wait."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unusable(path: str, error: Exception) -> RecordError:
    text = str(error)
    if "full" in text or ("I/O error" in text and _disk_is_full(path)):
        return RecordError(
            f"the disk is full: {path} cannot be written", "Free some space.", code="disk-full"
        )
    if "malformed" in text or "not a database" in text:
        return RecordError(
            f"{path} is damaged: {text}",
            f"Move it away: mv {shlex.quote(path)} {shlex.quote(path + '.damaged')}. A new record "
            "begins, everything is checked again, and what runs here is found by its marks "
            "(shipway status). Its releases, rollouts and holds are lost.",
            code="record-damaged",
        )
    return RecordError(
        f"{path} cannot be used: {text}",
        "Look at its folder: its permissions, the free space, the limits.",
    )
