"""What nothing needs any more goes, so that the state folder stays small."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress

from shipway.flows.surplus import CACHE_AGE, Past, Surplus

PRUNE_ABOVE = 15  # run folders, or runs too many: below, looking costs more than it frees


def prune(past: Past) -> None:
    """Remove what is too much after a run, when enough has gathered."""
    too_many = past.record.old_runs(past.policy.runs)
    if max(len(past.folders("runs")), len(too_many)) > PRUNE_ABOVE:
        remove(past, past.surplus())


def remove(past: Past, found: Iterable[Surplus]) -> list[Surplus]:
    """Remove what was found, but for what is needed again by now; returns what has gone.

    Releases are forgotten first, so that no rollback can choose them, then everything is looked
    at again: a rollout that began in between names its release, and that one stays.
    """
    shown = {one.key for one in found}
    going = [one for one in past.surplus() if one.key in shown]
    past.record.forget_releases([one.digest for one in going if one.digest])
    still = {one.key for one in past.surplus()}
    past.record.forget_runs(past.policy.runs)
    past.record.forget_cache(past.now - CACHE_AGE)
    gone = []
    for one in going:
        if one.kind == "run" or not one.path:
            gone.append(one)
        elif one.key in still:
            _delete(one.path)
            if not os.path.lexists(one.path):
                gone.append(one)
    return gone


def size(path: str) -> int:
    """Bytes that deleting a file or folder gives back; what has another name gives back none."""
    total = 0
    for file in _files(path):
        with suppress(OSError):
            status = os.lstat(file)
            total += status.st_size if status.st_nlink == 1 else 0
    return total


def _files(path: str) -> list[str]:
    if not os.path.isdir(path):
        return [path]
    return [os.path.join(below, name) for below, _, names in os.walk(path) for name in names]


def _delete(path: str) -> None:
    """A release is read-only; its folders must be writable to let go of what they hold."""
    if not os.path.isdir(path):
        with suppress(OSError):
            os.unlink(path)
        return
    for below, _, _ in os.walk(path):
        with suppress(OSError):
            os.chmod(below, 0o700)
    shutil.rmtree(path, ignore_errors=True)
