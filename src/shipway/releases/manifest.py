"""The list of a release's files, by which their copy is held to what was packaged."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from shipway.system.files import FileTree


def manifest(files: Mapping[str, str]) -> bytes:
    """The list to store. files: path → fingerprint, as `FileTree` has them."""
    return json.dumps(files, indent=0, sort_keys=True).encode()


def damage(folder: str, stored: bytes | None) -> str:
    """What is wrong with the copy of a release, in one clause; "" where it is whole.

    stored: its manifest; None where there is none, so that only a missing folder can be noticed.
    What was added to the folder is no damage: an application may write beside its files.
    """
    if not os.path.isdir(folder):
        return f"its files are gone from {folder}"
    expected: dict[str, str] = json.loads(stored) if stored else {}
    files = FileTree(folder, {})
    changed = [path for path, value in expected.items() if files.fingerprint(path) != value]
    if not changed:
        return ""
    more = f", and {len(changed) - 1} more" if len(changed) > 1 else ""
    return f"{changed[0]} in {folder} is not as it was packaged{more}"
