"""What migrations take away between releases, from the releases' own files."""

from __future__ import annotations

import os
from collections.abc import Iterable

from shipway.errors import CannotRun
from shipway.releases.migrations.analysis import contractions_between, unsafe_rollback
from shipway.releases.migrations.contraction import Contraction
from shipway.releases.migrations.locations import alembic_locations, is_migration
from shipway.releases.release import Release
from shipway.system.files import read_texts

_FOLDERS = ("/versions/", "/migrations/")  # Alembic's, and Django's
_SETTINGS = (".ini", "pyproject.toml")


def migration_scripts(path: str) -> list[str]:
    """The texts of the migrations in a release's folder, and of what lies beside them."""
    return list(read_texts(path, (".py",), _is_script).values())


def pending_contractions(
    running: Release, candidate: Release, *, migrates: bool
) -> tuple[Contraction, ...]:
    """What the candidate's migrations take away from the release that runs until it is replaced.

    What a person calls safe is among them, with the reason. migrates: whether a command migrates
    the database. Raises CannotRun when the files of a release are gone.
    """
    contractions = contractions_between(_scripts_of(running), _scripts_of(candidate))
    return (*contractions, *_not_seen(candidate, migrates=migrates))


def rollback_obstacles(
    target: Release, applied: Iterable[Release], *, migrates: bool
) -> tuple[Contraction, ...]:
    """What stands in the way of going back to the target; nothing when the way is free.

    applied: the releases whose migrations the environment's database has seen since the target.
    migrates: whether a command migrates it. Raises CannotRun when the files of a release are gone:
    then nobody can say that it is safe.
    """
    since = list(applied)
    obstacles = unsafe_rollback(
        _scripts_of(target), [text for release in since for text in _scripts_of(release)]
    )
    unseen = [
        contraction for release in since for contraction in _not_seen(release, migrates=migrates)
    ]
    return (*obstacles, *dict.fromkeys(unseen))


def not_on_record(name: str) -> CannotRun:
    """Why nobody can say what a release did to the database: nothing of it is on record."""
    return CannotRun(
        f"nothing of {name} is on record, so what it did to the database is unknown",
        "Roll a corrected release forward, or use --force if you know that they fit.",
        code="rollback-unsafe",
    )


def _scripts_of(release: Release) -> list[str]:
    if not os.path.isdir(release.path):
        raise CannotRun(
            f"the files of {release.name} are gone, so its migrations cannot be read",
            "Package it again, or use --force if you know that they fit.",
            code="rollback-unsafe",
        )
    return migration_scripts(release.path)


def _not_seen(release: Release, *, migrates: bool) -> list[Contraction]:
    """Migrations that are not among a release's files: nobody knows what they do."""
    if not migrates:
        return []
    texts = read_texts(release.path, _SETTINGS, lambda name, text: "alembic" in text)
    outside = [
        Contraction(f"has migrations in {place}, which is no folder of the release", unknown=True)
        for path, text in texts.items()
        for place in alembic_locations(path, text)
        if not any(  # Alembic is started in the root, or beside its settings
            os.path.isdir(os.path.join(release.path, folder, place))
            for folder in ("", os.path.dirname(path))
        )
        or place.startswith(("/", ".."))
    ]
    if not outside and not any(map(is_migration, _scripts_of(release))):
        what = "migrates by a command whose scripts Shipway does not find"
        return [Contraction(what, unknown=True)]
    return outside


def _is_script(name: str, text: str) -> bool:
    return any(folder in f"/{name}" for folder in _FOLDERS) or is_migration(text)
