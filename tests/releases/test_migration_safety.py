"""What migrations take away, read from releases' folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.releases.migrations.scripts import script

from shipway.errors import CannotRun
from shipway.releases.migration_safety import (
    migration_scripts,
    pending_contractions,
    rollback_obstacles,
)
from shipway.releases.release import Release

FIRST = script('op.create_table("candidate")', "a1", None)
DROP = script('op.drop_column("candidate", "age")')
SAFE = script('op.drop_column("candidate", "age")  # shipway: contract-safe: unused since 1.2')


def release(folder: Path, *texts: str) -> Release:
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "migrations" / "env.py").write_text("print('not run')\n")
    for number, text in enumerate(texts):
        (versions / f"{number}.py").write_text(text)
    return Release(
        application="town",
        version="1",
        commit="",
        digest="d" * 64,
        lock="l",
        migrations=(),
        path=str(folder),
        python="python",
    )


def test_what_the_candidate_takes_from_the_release_that_runs(tmp_path: Path) -> None:
    running, candidate = release(tmp_path / "a", FIRST), release(tmp_path / "b", FIRST, DROP)
    (one,) = pending_contractions(running, candidate)
    assert one.words == "drops column candidate.age (revision b2)"
    assert pending_contractions(candidate, running) == ()


def test_what_bars_the_way_back(tmp_path: Path) -> None:
    old, new = release(tmp_path / "a", FIRST), release(tmp_path / "b", FIRST, DROP)
    same = release(tmp_path / "c", FIRST)
    assert len(rollback_obstacles(old, [new])) == 1
    assert len(rollback_obstacles(old, [same, new, same])) == 1
    assert (
        rollback_obstacles(new, [old])
        == rollback_obstacles(old, [same])
        == rollback_obstacles(old, [])
        == ()
    )


def test_what_a_person_calls_safe_is_said_ahead_and_bars_nothing(tmp_path: Path) -> None:
    old, new = release(tmp_path / "a", FIRST), release(tmp_path / "b", FIRST, SAFE)
    assert [one.safe for one in pending_contractions(old, new)] == ["unused since 1.2"]
    assert rollback_obstacles(old, [new]) == ()


def test_djangos_migrations_are_never_called_safe(tmp_path: Path) -> None:
    old, new = release(tmp_path / "a"), release(tmp_path / "b")
    folder = Path(new.path) / "town" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0002_drop.py").write_text("class Migration(migrations.Migration):\n    pass\n")
    assert [one.unknown for one in pending_contractions(old, new)] == [True]
    assert [one.unknown for one in rollback_obstacles(old, [new])] == [True]


def test_a_release_whose_files_are_gone_is_not_called_safe(tmp_path: Path) -> None:
    there = release(tmp_path / "a", FIRST)
    gone = Release(
        application="town",
        version="1",
        commit="",
        digest="e" * 64,
        lock="l",
        migrations=(),
        path=str(tmp_path / "gone"),
        python="python",
    )
    for question in (
        lambda: pending_contractions(gone, there),
        lambda: rollback_obstacles(there, [gone]),
    ):
        with pytest.raises(CannotRun, match="gone"):
            question()


def test_only_python_files_in_the_folders_of_migrations_are_read(tmp_path: Path) -> None:
    here = release(tmp_path, FIRST)
    (tmp_path / "app.py").write_text("x = 1\n")
    versions = tmp_path / "migrations" / "versions"
    (versions / "notes.txt").write_text("x")
    (versions / "latin.py").write_bytes(b"# caf\xe9\n")
    (versions / "broken.py").symlink_to("nowhere.py")
    os.mkfifo(versions / "pipe.py")  # to read it is to wait for ever
    assert migration_scripts(here.path) == ["print('not run')\n", FIRST, "# caf\ufffd\n"]


def test_a_project_without_migrations_has_none(tmp_path: Path) -> None:
    assert migration_scripts(str(tmp_path)) == []


def test_mycandidates_own_history_is_read_whole() -> None:
    root = Path(__file__).parents[2] / "mycandidate"
    texts = migration_scripts(str(root))
    assert len(texts) > 1
    there = Release(
        application="mycandidate",
        version="1",
        commit="",
        digest="f" * 64,
        lock="l",
        migrations=(),
        path=str(root),
        python="python",
    )
    assert pending_contractions(there, there) == ()
