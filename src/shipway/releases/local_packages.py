"""Packages of a lock that are folders of the repository, and not of any index.

An environment that is shared, and a release that must not change, cannot refer to a folder that
people work in: each such package is installed from a copy of what the folder holds now.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from posixpath import join

from shipway.source_text import parse_toml

_EDITABLE = re.compile(r"^(-e|--editable)[\s=]+")
_INCLUDED = re.compile(r"^(-r|--requirement|-c|--constraint)[\s=]+(\S.*)$")
_ARCHIVES = (".whl", ".tar.gz", ".zip", ".tgz")


def local_folder(line: str) -> str:
    """The folder in a requirement that is installed from one, as it is written; else ""."""
    body = _EDITABLE.sub("", line).partition(" ;")[0].rstrip("\\").strip()
    name, at, address = body.partition(" @ ")
    address = (address if at else name).partition("#")[0]
    address = address.removeprefix("file://").removeprefix("file:")
    path = re.sub(r"\[[\w,\s\-]*\]$", "", address)
    if path.endswith(_ARCHIVES) or "://" in path:
        return ""
    is_path = "/" in path or path in (".", "..") or bool(_EDITABLE.match(line))
    return path if is_path and path[:1] not in "-<>=~!;#" else ""


def local_folders(lock: str) -> tuple[str, ...]:
    """The folders that a lock names: of requirements, or of uv.lock without the application."""
    if re.search(r"^\[\[package\]\]", lock, re.MULTILINE):
        return _of_uv(lock)
    folders = (local_folder(line.strip()) for line in lock.splitlines())
    return tuple(dict.fromkeys(path for path in folders if path not in ("", ".", "./")))


def _of_uv(text: str) -> tuple[str, ...]:
    try:
        packages = parse_toml(text.replace("\r\n", "\n")).get("package", [])
    except ValueError:
        return ()
    sources = [package.get("source", {}) for package in packages]
    paths = [source.get("editable") or source.get("directory") for source in sources]
    return tuple(
        path if path.startswith(("/", ".")) else f"./{path}"
        for path in paths
        if path and path != "."
    )


def from_copies(lock: str, root: str, copied: Callable[[str], str]) -> str:
    """A lock with each folder replaced by its copy. copied: folder → path of the copy.

    The text is for another place than its file: what it includes is named by the full path.
    """
    lines = []
    for line in lock.splitlines():
        folder = local_folder(line.strip())
        if match := _INCLUDED.match(line):
            name = match[2].strip().strip("\"'")
            line = line if "://" in name else f'{match[1]} "{join(root, name)}"'
        elif folder not in ("", ".", "./"):
            name, at, address = _EDITABLE.sub("", line.strip()).partition(" @ ")
            rest = (address if at else name).partition(folder)[2]
            line = f"{name} @ file://{copied(folder)}{rest}" if at else f"{copied(folder)}{rest}"
        lines.append(line)
    return "\n".join(lines) + "\n"
