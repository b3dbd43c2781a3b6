"""What earlier runs left and nothing names any more goes, so that the state folder stays small."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

KEEP_RUNS = 50
KEEP_FOLDERS = 5  # run folders with the raw reports; their contents are stored blobs, too
PRUNE_ABOVE = 15  # run folders: below that, looking would cost more than it frees
CACHE_AGE = 30 * 86_400.0  # seconds that a cached outcome is kept
GRACE = 86_400.0  # seconds that what nothing names yet may belong to a run that is under way

_NAME = re.compile(r"[0-9a-f]{16,64}")


class PruneRecord(Protocol):
    """What pruning needs of the record."""

    def forget_runs(self, keep: int) -> None: ...
    def forget_cache(self, older_than: float) -> None: ...
    def texts(self) -> Iterable[str]: ...


def prune(state: str, record: PruneRecord, now: float) -> None:
    """Forget old runs and cache entries, and delete what only they named.

    Blobs, releases and environments carry their digests as names; whatever the record still
    holds names the ones in use. now: seconds since the epoch.
    """
    folders = _folders(os.path.join(state, "runs"))
    if len(folders) <= PRUNE_ABOVE:
        return
    record.forget_runs(KEEP_RUNS)
    record.forget_cache(now - CACHE_AGE)
    for folder in folders[:-KEEP_FOLDERS]:
        shutil.rmtree(folder, ignore_errors=True)
    used = {name for text in record.texts() for name in _NAME.findall(text)}
    for kind in ("releases", "venvs"):
        for folder in _folders(os.path.join(state, kind)):
            if not _in_use(folder, used, now):
                _delete(folder)
    for below, _, names in os.walk(os.path.join(state, "blobs")):
        for name in names:
            if not _in_use(os.path.join(below, name), used, now):
                with suppress(OSError):
                    os.unlink(os.path.join(below, name))


def _folders(path: str) -> list[str]:
    """Folders below a folder, oldest first."""
    try:
        with os.scandir(path) as entries:
            found = [(entry.stat().st_mtime, entry.path) for entry in entries if entry.is_dir()]
    except OSError:
        return []
    return [folder for _, folder in sorted(found)]


def _in_use(path: str, used: set[str], now: float) -> bool:
    if used.intersection(_NAME.findall(os.path.basename(path))):
        return True
    try:
        return now - os.stat(path).st_mtime < GRACE
    except OSError:
        return True


def _delete(folder: str) -> None:
    """A release is read-only; its folders must be writable to let go of what they hold."""
    for below, _, _ in os.walk(folder):
        with suppress(OSError):
            os.chmod(below, 0o700)
    shutil.rmtree(folder, ignore_errors=True)
