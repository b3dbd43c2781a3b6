"""What a build may see: a copy of the files that git knows, the same on every machine.

What git ignores (secrets for development, databases, caches) never reaches a builder. Modes are
those that git knows, 644 and 755, whatever the umask was; times are the commit's.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from shipway.core.errors import CannotRun


@dataclass(frozen=True)
class Context:
    """A folder to build from. contents: SHA-256 of each file that is not empty."""

    folder: str
    contents: frozenset[str]


def stage(root: str, files: Iterable[str], target: str, moment: int) -> Context:
    """Copy the files. moment: seconds since the epoch that all of them get."""
    contents = set()
    folders = {target}
    try:
        os.makedirs(target, mode=0o755)
        for name in sorted(files):
            source, copy = os.path.join(root, name), os.path.join(target, name)
            folder = os.path.dirname(copy)
            while folder not in folders:
                folders.add(folder)
                folder = os.path.dirname(folder)
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            contents.add(_copy(source, copy, moment))
        for folder in sorted(folders, reverse=True):  # after the files in them
            os.chmod(folder, 0o755)
            os.utime(folder, (moment, moment))
    except OSError as problem:
        raise CannotRun(
            f"{problem.filename} cannot be copied for the build: {problem.strerror}",
            "Look at that file, and at the free space.",
        ) from None
    return Context(target, frozenset(contents - {""}))


def _copy(source: str, copy: str, moment: int) -> str:
    """The content's digest; "" where there is none to speak of."""
    if os.path.islink(source):
        os.symlink(os.readlink(source), copy)
        os.utime(copy, (moment, moment), follow_symlinks=False)
        return ""
    shutil.copyfile(source, copy)
    executable = os.stat(source).st_mode & stat.S_IXUSR
    os.chmod(copy, 0o755 if executable else 0o644)
    os.utime(copy, (moment, moment))
    with open(copy, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if os.path.getsize(copy) else ""
