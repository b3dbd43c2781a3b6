"""Paths that scanners write on other machines, as paths from the application's root."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

from shipway.findings.finding import Finding

_WINDOWS = re.compile(r"[A-Za-z]:/")


def is_absolute(path: str) -> bool:
    """Whether it begins at the root of a machine, or at a drive of Windows."""
    return path.startswith("/") or bool(_WINDOWS.match(path))


def normal_path(path: str) -> str:
    """With slashes, and without `.` and what `..` takes back."""
    return posixpath.normpath(path) if path else ""


def relocate(
    findings: Iterable[Finding], *, root: str, folder: str, files: Collection[str]
) -> tuple[Finding, ...]:
    """The findings with their paths as seen from the application's root.

    root: where the application is on this machine. folder: where it is in its repository, "" at
    the top: scanners count from there. files: what the application has. Of the absolute paths of
    another machine, the folder that most of them can be counted from is taken for the root there.
    What fits nothing stays as it is.
    """
    known = frozenset(files)
    listed = [replace(finding, path=_slashes(finding.path, known)) for finding in findings]
    here = root.rstrip("/") + "/"
    below = f"{folder}/" if folder else ""
    foreign = {
        finding.path
        for finding in listed
        if is_absolute(finding.path) and not finding.path.startswith(here)
    }
    elsewhere = _root_elsewhere(foreign, known)

    def path_here(path: str) -> str:
        if path in known or not path:
            return path
        if path.startswith(here):
            return path.removeprefix(here)
        if elsewhere and path.startswith(elsewhere):
            return path.removeprefix(elsewhere)
        if below and path.startswith(below) and path.removeprefix(below) in known:
            return path.removeprefix(below)
        return path

    return tuple(replace(finding, path=path_here(finding.path)) for finding in listed)


def _slashes(path: str, known: Collection[str]) -> str:
    """A path of Windows with slashes; a name may have a backslash where files are so named."""
    if "\\" not in path or path in known:
        return path
    return normal_path(path.replace("\\", "/"))


def _root_elsewhere(paths: Iterable[str], known: Collection[str]) -> str:
    """The folder, with a slash at its end, below which most of the paths are files that we have.

    Of two that explain as many, the one that is nearer to the top; "" where none explains any.
    """
    votes: Counter[str] = Counter()
    for path in paths:
        parts = path.split("/")
        for index in range(1, len(parts)):
            if "/".join(parts[index:]) in known:
                votes["/".join(parts[:index]) + "/"] += 1
    return min(votes, key=lambda prefix: (-votes[prefix], prefix.count("/"), prefix), default="")
