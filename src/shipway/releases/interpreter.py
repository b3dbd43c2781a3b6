"""The Pythons of this machine: those that uv knows, and those of pyenv that no shim leads to."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from shipway.errors import CannotRun
from shipway.ports import Command, Processes

_LIMIT = 60.0  # seconds
_MADE_BY_PYENV = re.compile(r"3\.\d+\.\d+$")
_LISTED = re.compile(r"^cpython-(3\.\d+)\.\d+-\S+\s+(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Interpreters:
    """root: the application's folder. env: all that uv sees."""

    uv: str
    processes: Processes
    root: str
    env: Mapping[str, str]

    def available(self) -> dict[str, str]:
        """version → path, of all that are here. `3.12` stands for its newest patch release."""
        return {**self._of_uv(), **self._of_pyenv()}

    def find(self, version: str) -> str:
        """The path of a version; the version itself where only uv can bring it."""
        # uv starts every Python of the machine to list them, and each of pyenv's shims.
        return self._of_pyenv().get(version) or self._of_uv().get(version, version)

    def install(self, version: str) -> str:
        """Have uv bring a version that is not here; uv's own words where it cannot."""
        argv = (self.uv, "python", "install", "--quiet", version)
        try:
            done = self.processes.run(Command(argv, self.root, self.env, _LIMIT))
        except CannotRun as problem:
            return problem.message
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        return " ".join(line.strip() for line in lines) if done.code or done.timed_out else ""

    def _of_uv(self) -> dict[str, str]:
        argv = (self.uv, "python", "list", "--only-installed", "--no-python-downloads")
        try:
            done = self.processes.run(Command(argv, self.root, self.env, _LIMIT))
        except CannotRun:
            return {}
        paths: dict[str, str] = {}
        for version, path in _LISTED.findall(done.stdout):
            paths.setdefault(version, path)
        return paths

    def _of_pyenv(self) -> dict[str, str]:
        home = self.env.get("PYENV_ROOT") or os.path.join(self.env.get("HOME", ""), ".pyenv")
        folder = os.path.join(home, "versions")
        paths: dict[str, str] = {}
        names = os.listdir(folder) if os.path.isdir(folder) else []
        for name in sorted(filter(_MADE_BY_PYENV.match, names), key=_patch_release):
            path = os.path.join(folder, name, "bin", "python3")
            if os.access(path, os.X_OK):
                paths[name.rpartition(".")[0]] = path
        return paths


def _patch_release(name: str) -> int:
    return int(name.rpartition(".")[2])
