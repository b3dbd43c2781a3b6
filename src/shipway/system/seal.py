"""Seals on what a run stores for the next one: only who has this user's key can make them.

The code under test can write below the project, and a commit brings files along: an outcome, a
file's digest or a compiled pipeline that anybody wrote there would be believed. So each carries a
keyed digest (BLAKE2, RFC 7693), and what has none is unknown: its step runs again.

The key is outside of every project, readable by this user alone. SHIPWAY_STATE_KEY takes its place
where machines share what they stored.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress

VARIABLE = "SHIPWAY_STATE_KEY"
_KEY = "key"
_JOB = "github-job"  # the last one that began on this machine
_SIZE = 16  # bytes of a seal
_SHORTEST = 16  # bytes of a key


class Seal:
    """Makes and checks seals with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.blake2b(key, digest_size=32).digest()

    def of(self, *parts: str) -> str:
        """The seal of some texts, in this order."""
        digest = hashlib.blake2b(key=self._key, digest_size=_SIZE)
        for part in parts:  # with its length, so that no two lists of texts are alike
            data = part.encode("utf-8", "surrogateescape")
            digest.update(b"%d:" % len(data))
            digest.update(data)
        return digest.hexdigest()

    def holds(self, seal: str, *parts: str) -> bool:
        """Whether a seal is that of these texts."""
        return seal == self.of(*parts)  # it is read from a file: nobody can time the comparison


def own_seal() -> Seal:
    """That of this user. Where no key can be kept, what is stored is believed by this process
    only."""
    shared = os.environ.get(VARIABLE, "").encode("utf-8", "surrogateescape")
    return Seal(shared if len(shared) >= _SHORTEST else _own_key())


def _own_key() -> bytes:
    path = os.path.join(key_folder(), _KEY)
    with suppress(OSError):
        return _kept_key(path)
    return os.urandom(32)


def restored_by_github(environment: Mapping[str, str]) -> bool:
    """Whether this is the first command of a job in GitHub Actions.

    What is stored then was restored by the job itself, from GitHub's cache or the run's artifacts,
    and no code under test has run yet. GitHub lets only the branches that are deployed write what
    these jobs restore. Every later command of the job believes seals only.
    """
    if environment.get("GITHUB_ACTIONS") != "true":
        return False
    names = ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB")
    job = " ".join(environment.get(name, "") for name in names)
    path = os.path.join(key_folder(), _JOB)
    with suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:
        if file.read(4096) == job:
            return False
    try:
        os.makedirs(key_folder(), mode=0o700, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(job)
    except OSError:
        return False  # nobody could tell that this was the first
    return True


def key_folder() -> str:
    """Where the key is: the user's folder for state (XDG Base Directory)."""
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(home, "shipway")


def _kept_key(path: str) -> bytes:
    """The key in a file, which is made whole or not at all. Two processes may make it at once."""
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        beside = f"{path}.{os.urandom(8).hex()}"
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(32))
        try:
            with suppress(FileExistsError):
                os.link(beside, path)
        finally:
            os.unlink(beside)
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise PermissionError(f"{path} can be read by others")
        key = file.read(4096)
    if len(key) < _SHORTEST:
        raise PermissionError(f"{path} is no key")
    return key
