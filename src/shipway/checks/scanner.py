"""What scanners of code and configuration have in common."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from shipway.checks.base import Linter
from shipway.core.check import Site
from shipway.core.config import Config
from shipway.core.errors import CannotRun
from shipway.core.gate import Gate


@dataclass(frozen=True)
class Scanner(Linter):
    """Defaults for a check of the security stage."""

    stage: str = "security"

    def gates(self, config: Config) -> tuple[Gate, ...]:
        """None of its own: the findings of all scanners are judged together."""
        return ()


def dockerfiles(config: Config) -> tuple[str, ...]:
    """All Dockerfiles, that of the application first, each once."""
    application = config.application
    given = (application.dockerfile, *application.dockerfiles)
    return tuple(dict.fromkeys(filter(None, given)))


def workflows(config: Config, site: Site) -> tuple[str, ...]:
    """The workflow files, for tools that look into no folder."""
    folder = config.application.workflows
    below = os.path.join(site.root, folder)
    names = sorted(os.listdir(below)) if folder and os.path.isdir(below) else []
    return tuple(f"{folder}/{name}" for name in names if name.endswith((".yml", ".yaml")))


def unread(tool: str, files: Sequence[str], remedy: str) -> CannotRun:
    """The tool could not read some files: what it says of the others is not the whole."""
    more = f" and {len(files) - 1} more" if files[1:] else ""
    return CannotRun(f"{tool} could not read {files[0]}{more}", remedy)


def nothing_found(tool: str, what: str) -> CannotRun:
    """The tool had nothing to look at: no data is never a pass. what: "no workflow"."""
    return CannotRun(
        f"{tool} found {what} to look at",
        f"See what [application] names, or switch it off: [checks] {tool} = false.",
    )
