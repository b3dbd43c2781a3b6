"""What git says of a working tree: its commit and branch, and what changed since another."""

from __future__ import annotations

import os
import re
from hashlib import sha256

from shipway.errors import ConfigError
from shipway.ports import Changes, Commit
from shipway.source_text import read_bytes

_LARGEST_INDEX = 1 << 30  # bytes
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


def head_commit(root: str) -> tuple[str, str]:
    """The commit and the branch, read from .git without starting git; "" where there is none."""
    git = _folder(root)
    if not git:
        return "", ""
    now = _text(os.path.join(git, "HEAD"))
    if not now.startswith("ref: "):
        return now, ""
    name = now[5:]
    shared = _shared(git)
    commit = _text(os.path.join(shared, name)) or _packed(shared, name)
    return commit, name.removeprefix("refs/heads/")


def refs(root: str) -> str:
    """A digest of what every branch and tag points at: the same while the history is the same.

    "" outside a repository.
    """
    git = _folder(root)
    if not git:
        return ""
    shared = _shared(git)
    parts = [_text(os.path.join(git, "HEAD")), _text(os.path.join(shared, "packed-refs"))]
    for folder, folders, names in os.walk(os.path.join(shared, "refs")):
        folders.sort()
        parts += [f"{folder}/{name} {_text(os.path.join(folder, name))}" for name in sorted(names)]
    return sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def tracks(root: str, name: str) -> bool:
    """Whether git tracks a file or folder of this name in `root`, or anything below it.

    The index is searched for the name before git is asked, which takes longer than all else that
    an unchanged run does. Where git then refuses to answer, the name in the index is the answer.
    """
    git = _folder(root)
    if not git:
        return False
    try:
        index = read_bytes(os.path.join(git, "index"), _LARGEST_INDEX).lower()
    except FileNotFoundError:
        return False
    # Version 4 shortens names, a split index has them in another file (gitformat-index).
    whole = index[4:8] in (b"\0\0\0\2", b"\0\0\0\3") and b"link" not in index
    wanted = os.fsencode(name.lower())
    if whole and not any(wanted + end in index for end in (b"/", b"\0")):
        return False
    listed = _git(root, "ls-files", "--cached", "-z", "--", f":(icase){name}")
    return wanted in index if listed is None else bool(listed)


def repository_root(root: str) -> str:
    """The repository's top folder; "" outside of one."""
    folder = os.path.abspath(root)
    while not os.path.exists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above
    return folder


def _folder(root: str) -> str:
    """Where git keeps what belongs to this working tree."""
    folder = repository_root(root)
    if not folder:
        return ""
    git = os.path.join(folder, ".git")
    if os.path.isfile(git):  # a linked working tree: "gitdir: PATH" (gitrepository-layout)
        return os.path.join(folder, _text(git).removeprefix("gitdir: "))
    return git


def _shared(git: str) -> str:
    """What all working trees of a repository share."""
    return os.path.join(git, _text(os.path.join(git, "commondir")))


def changed_files(root: str, ref: str) -> frozenset[str]:
    """Paths that differ from `ref`, with those that git does not track yet.

    Raises ConfigError where git knows no such commit, branch or tag.
    """
    compare = ("diff", "--name-only", "--no-renames", "--relative", "-z", "--end-of-options")
    tracked = _git(root, *compare, ref, "--")
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    if tracked is None or new is None:
        raise ConfigError(
            f"git cannot compare with {ref!r}", "Name a commit, branch or tag.", code="git-failed"
        )
    return frozenset(path for path in (tracked + new).split("\0") if path)


def committed_files(root: str) -> int:
    """When the commit was made, in seconds since the epoch; 0 where there is none."""
    output = _git(root, "log", "-1", "--format=%ct")
    return int(output) if output and output.strip().isdigit() else 0


def has_changes(root: str) -> bool:
    """Whether files below a folder differ from the commit, or are not in it and not ignored."""
    return bool(_git(root, "status", "--porcelain", "-z", "--", "."))


def changes_between(root: str, old: str, new: str, most: int = 20) -> Changes:
    """The commits below `root` that `new` has and `old` has not, newest first, merges left out.

    Where there are none, those the other way round: going back takes them away. Empty where
    either commit is not known here, as in a shallow clone.
    """
    for since, until in ((old, new), (new, old)):
        commits, more = _between(root, since, until, most)
        if commits:
            return Changes(commits, more, undone=since == new)
    return Changes()


def _between(root: str, since: str, until: str, most: int) -> tuple[tuple[Commit, ...], int]:
    if not (_COMMIT.fullmatch(since) and _COMMIT.fullmatch(until)):
        return (), 0
    span = ("--no-merges", f"{since}..{until}", "--", ".")
    form = ("--format=%h%x1f%an%x1f%s", "--encoding=UTF-8", "--no-show-signature", "--no-color")
    text = _git(root, "log", "-z", f"--max-count={most}", *form, *span)
    count = _git(root, "rev-list", "--count", *span)
    rows = [row.split("\x1f", 2) for row in (text or "").split("\0") if row]
    commits = tuple(Commit(*row) for row in rows if len(row) == 3)
    return commits, max(0, int(count or 0) - len(commits))


def _git(root: str, *arguments: str) -> str | None:
    import logging
    import subprocess

    logging.getLogger(__name__).info("start git %s in %s", " ".join(arguments), root)
    try:
        answer = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
    except OSError:
        return None
    return os.fsdecode(answer.stdout) if answer.returncode == 0 else None


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _packed(git: str, name: str) -> str:
    for line in _text(os.path.join(git, "packed-refs")).splitlines():
        commit, _, ref = line.partition(" ")
        if ref == name:
            return commit
    return ""
