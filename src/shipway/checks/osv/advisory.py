"""Advisories from a folder: OSV's JSON, one a file, or archives of them (all.zip)."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shipway.checks.osv.package import Ordering

Entry = tuple[Mapping[str, Any], Mapping[str, Any]]  # an advisory, and its part on a package


@dataclass
class AdvisoryDatabase:
    """Those of one ecosystem.

    by_package: what is said of each package. count: advisories that are in force. newest: when
    the last of them was changed, seconds since the epoch. unread: files that are no advisory.
    """

    by_package: dict[str, list[Entry]] = field(default_factory=dict)
    count: int = 0
    newest: float | None = None
    unread: list[str] = field(default_factory=list)


def read_advisories(folder: str, ecosystem: str, ordering: Ordering) -> AdvisoryDatabase:
    """All of a folder and the folders in it. OSError where it is not there."""
    advisories = AdvisoryDatabase()
    for name, data in _files(folder):
        try:
            _add(json.loads(data), ecosystem, ordering, advisories)
        except (ValueError, KeyError, TypeError, AttributeError):
            advisories.unread.append(name)
    return advisories


def _files(folder: str) -> Iterator[tuple[str, bytes]]:
    with os.scandir(folder):
        pass  # os.walk says nothing of a folder that is not there
    for directory, _, names in os.walk(folder):
        for name in sorted(names):
            path = os.path.join(directory, name)
            if name.endswith(".json"):
                with open(path, "rb") as file:
                    yield os.path.relpath(path, folder), file.read()
            elif name.endswith(".zip"):
                yield from _archived(path, os.path.relpath(path, folder))


def _archived(path: str, shown: str) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield f"{shown}/{name}", archive.read(name)
    except (zipfile.BadZipFile, EOFError, OSError):
        yield shown, b""  # no advisory: it is named as unread


def _add(
    advisory: Mapping[str, Any], ecosystem: str, ordering: Ordering, advisories: AdvisoryDatabase
) -> None:
    """Those that were withdrawn count for nothing but the age."""
    modified = datetime.fromisoformat(advisory["modified"]).timestamp()
    str(advisory["id"])
    parts = [
        (ordering.name(part["package"]["name"]), part)
        for part in advisory.get("affected") or ()
        if part.get("package") is not None and _same(part["package"]["ecosystem"], ecosystem)
    ]
    if not parts:
        return
    advisories.newest = max(modified, advisories.newest or modified)
    if advisory.get("withdrawn"):
        return
    advisories.count += 1
    for name, part in parts:
        advisories.by_package.setdefault(name, []).append((advisory, part))


def _same(stated: str, ecosystem: str) -> bool:
    """Without a release it is said of all of them."""
    return stated == ecosystem or (":" not in stated and stated == ecosystem.partition(":")[0])
