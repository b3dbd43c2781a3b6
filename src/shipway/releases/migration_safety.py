"""What migrations take away between releases, from the releases' own files."""

from __future__ import annotations

import os
from collections.abc import Iterable

from shipway.errors import CannotRun
from shipway.releases.migrations.analysis import contractions_between, unsafe_rollback
from shipway.releases.migrations.contraction import Contraction
from shipway.releases.release import Release
from shipway.system.files import read_texts

_FOLDERS = ("/versions/", "/migrations/")  # Alembic's, and Django's


def migration_scripts(path: str) -> list[str]:
    """The texts of the migrations, and of what lies beside them, in a release's folder."""
    return read_texts(path, _is_script)


def pending_contractions(running: Release, candidate: Release) -> tuple[Contraction, ...]:
    """What the candidate's migrations take away from the release that runs until it is replaced.

    What a person calls safe is among them, with the reason. Raises CannotRun when the files of a
    release are gone.
    """
    return contractions_between(_scripts_of(running), _scripts_of(candidate))


def rollback_obstacles(target: Release, applied: Iterable[Release]) -> tuple[Contraction, ...]:
    """What stands in the way of going back to the target; nothing when the way is free.

    applied: the releases whose migrations the environment's database has seen since the target.
    Raises CannotRun when the files of a release are gone: then nobody can say that it is safe.
    """
    return unsafe_rollback(
        _scripts_of(target), [text for release in applied for text in _scripts_of(release)]
    )


def _scripts_of(release: Release) -> list[str]:
    if not os.path.isdir(release.path):
        raise CannotRun(
            f"the files of {release.name} are gone, so its migrations cannot be read",
            "Package it again, or use --force if you know that they fit.",
            code="rollback-unsafe",
        )
    return migration_scripts(release.path)


def _is_script(name: str) -> bool:
    return name.endswith(".py") and any(folder in f"/{name}" for folder in _FOLDERS)
