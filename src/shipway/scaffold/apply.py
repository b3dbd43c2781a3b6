"""The verb `init`: from what was found to files, without touching what somebody else wrote."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from shipway.errors import ConfigError
from shipway.scaffold.generated_files import (
    FileChange,
    dockerfile,
    dockerignore,
    gitattributes,
    gitignore,
    settings_text,
)
from shipway.scaffold.proposal import LOCK, TEST_LOCK, Proposal
from shipway.source_text import read_text
from shipway.system.files import write_atomic

SETTINGS = "shipway.toml"


def file_changes(root: str, proposal: Proposal, *, force: bool) -> list[FileChange]:
    """Every file that init has to do with, but the locks. force: what exists is replaced."""
    files = [(SETTINGS, settings_text(proposal))]
    if proposal.settings["application"].get("serve") and proposal.lock:
        files += [("Dockerfile", dockerfile(proposal)), (".dockerignore", dockerignore())]
    planned = [_change(root, path, text, force=force) for path, text in files]
    if not force and "[tool.shipway" in (_read(root, "pyproject.toml") or ""):
        planned[0] = replace(planned[0], kept=True)  # a shipway.toml would win over what is there
    ignored = _read(root, ".gitignore")
    attributes = _read(root, ".gitattributes")
    written = [path for path, _ in files if path != ".dockerignore"]
    locks = (LOCK, TEST_LOCK) if proposal.lock == LOCK else ()
    return [
        *planned,
        FileChange(".gitignore", ignored, gitignore(ignored or "")),
        FileChange(
            ".gitattributes", attributes, gitattributes(attributes or "", [*written, *locks])
        ),
    ]


def lock_changes(root: str, locks: Mapping[str, str], *, relock: bool) -> list[FileChange]:
    """The locks. They are made, not written by anybody; yet one that is there stays by default."""
    return [_change(root, path, text, force=relock) for path, text in locks.items()]


def write_changes(root: str, changes: Sequence[FileChange], say: Callable[[str], None]) -> None:
    """Write what is needed. Raises ConfigError for a place where nothing can be written."""
    for change in changes:
        if not change.needed:
            continue
        path = os.path.join(root, change.path)
        try:
            mode = stat.S_IMODE(os.stat(path).st_mode) if change.before is not None else 0o644
            write_atomic(path, change.after.encode("utf-8"), mode)
        except OSError as error:
            raise ConfigError(
                f"{change.path} cannot be written: {error.strerror}", "Look at its folder."
            ) from None
        say(f"{change.word:<8} {change.path}")


def _change(root: str, path: str, text: str, *, force: bool) -> FileChange:
    before = _read(root, path)
    if before is not None:
        before = before.replace("\r\n", "\n")  # git's own doing, and no change of the file
    return FileChange(path, before, text, kept=before is not None and not force)


def _read(root: str, path: str) -> str | None:
    """The text of what is there; a link that leads nowhere is there, too, and is nobody's to
    replace."""
    full = os.path.join(root, path)
    if os.path.islink(full) and not os.path.exists(full):
        raise ConfigError(
            f"{path} is a link that leads nowhere", "Remove it, or make what it names."
        )
    try:
        return read_text(full)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", "Look at it.") from None
