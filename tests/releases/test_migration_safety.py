"""What migrations take away, read from releases' folders."""

from __future__ import annotations

import os
from dataclasses import replace
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
    (one,) = pending_contractions(running, candidate, migrates=True)
    assert one.words == "drops column candidate.age (revision b2)"
    assert pending_contractions(candidate, running, migrates=True) == ()


def test_what_bars_the_way_back(tmp_path: Path) -> None:
    old, new = release(tmp_path / "a", FIRST), release(tmp_path / "b", FIRST, DROP)
    same = release(tmp_path / "c", FIRST)
    assert len(rollback_obstacles(old, [new], migrates=True)) == 1
    assert len(rollback_obstacles(old, [same, new, same], migrates=True)) == 1
    for target, applied in ((new, [old]), (old, [same]), (old, [])):
        assert rollback_obstacles(target, applied, migrates=True) == ()


def test_what_a_person_calls_safe_is_said_ahead_and_bars_nothing(tmp_path: Path) -> None:
    old, new = release(tmp_path / "a", FIRST), release(tmp_path / "b", FIRST, SAFE)
    assert [one.safe for one in pending_contractions(old, new, migrates=True)] == [
        "unused since 1.2"
    ]
    assert rollback_obstacles(old, [new], migrates=True) == ()


def test_djangos_migrations_are_never_called_safe(tmp_path: Path) -> None:
    old, new = release(tmp_path / "a"), release(tmp_path / "b")
    folder = Path(new.path) / "town" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0002_drop.py").write_text("class Migration(migrations.Migration):\n    pass\n")
    assert [one.unknown for one in pending_contractions(old, new, migrates=True)] == [True]
    assert [one.unknown for one in rollback_obstacles(old, [new], migrates=True)] == [True]


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
        lambda: pending_contractions(gone, there, migrates=True),
        lambda: rollback_obstacles(there, [gone], migrates=True),
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
    assert pending_contractions(there, there, migrates=True) == ()


# -- migrations that stand elsewhere --------------------------------------------------------------

INI = "[alembic]\nscript_location = %(here)s/db\n"


def elsewhere(folder: Path, ini: str, texts: dict[str, str]) -> Release:
    folder.mkdir()
    for name, text in {"alembic.ini": ini, **texts}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return replace(release(folder / "unused"), path=str(folder))


@pytest.mark.parametrize(
    ("ini", "place"),
    [
        (f"{INI}version_locations = %(here)s/db/revisions\nversion_path_separator = os\n", "db/"),
        (f"{INI}version_locations = db/revisions other\n", "other/"),
        (f"{INI}version_locations =\n  db/revisions\n  b c\npath_separator = newline\n", "b c/"),
    ],
)
def test_migrations_are_read_wherever_alembic_has_them(
    tmp_path: Path, ini: str, place: str
) -> None:
    first = {"db/revisions/a1.py": FIRST, f"{place}b0.py": script("pass", "b0", None)}
    old = elsewhere(tmp_path / "a", ini, first)
    new = elsewhere(tmp_path / "b", ini, {**first, f"{place}b2.py": DROP})
    (one,) = pending_contractions(old, new, migrates=True)
    assert one.words == "drops column candidate.age (revision b2)"
    assert rollback_obstacles(old, [new], migrates=True) == (one,)
    assert rollback_obstacles(new, [old], migrates=True) == ()


@pytest.mark.parametrize(
    ("location", "shown"),
    [("../shared/db", "../shared/db"), ("/srv/db", "/srv/db"), ("shared:db", "shared/db")],
)
def test_migrations_outside_of_the_release_are_unknown(
    tmp_path: Path, location: str, shown: str
) -> None:
    ini = f"{INI}version_locations = db/versions {location}\n"
    texts = {"db/versions/a1.py": FIRST}
    old, new = elsewhere(tmp_path / "a", ini, texts), elsewhere(tmp_path / "b", ini, texts)
    (one,) = rollback_obstacles(old, [new], migrates=True)
    assert (one.unknown, one.what) == (
        True,
        f"has migrations in {shown}, which is no folder of the release",
    )


def test_where_a_command_migrates_and_no_script_is_found_the_way_back_is_unknown(
    tmp_path: Path,
) -> None:
    old, new = release(tmp_path / "a"), release(tmp_path / "b")
    for contractions in (
        pending_contractions(old, new, migrates=True),
        rollback_obstacles(old, [new, new], migrates=True),
    ):
        assert [contraction.unknown for contraction in contractions] == [True]
        assert "scripts Shipway does not find" in contractions[0].what
    assert rollback_obstacles(old, [], migrates=True) == ()
    assert rollback_obstacles(old, [new], migrates=False) == ()
