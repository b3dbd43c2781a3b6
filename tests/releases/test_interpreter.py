"""The Pythons of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from shipway.ports import Command, Completed, OnOutput
from shipway.releases.interpreter import Interpreters
from shipway.system.process import SystemProcesses
from shipway.system.uv import uv_program


def interpreters(home: Path, **env: str) -> Interpreters:
    surroundings = {"HOME": str(home), "PATH": os.environ["PATH"], **env}
    return Interpreters(uv_program(), SystemProcesses(), str(home), surroundings)


def test_what_uv_finds_is_here_and_can_be_started(tmp_path: Path) -> None:
    [(version, path), *_] = interpreters(tmp_path).available().items()
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"Python {version}.")


def test_a_python_of_pyenv_is_here_although_no_shim_leads_to_it(tmp_path: Path) -> None:
    for version in ("3.9.9", "3.9.18", "pypy3.10-7.3"):
        folder = tmp_path / ".pyenv" / "versions" / version / "bin"
        folder.mkdir(parents=True)
        (folder / "python3").symlink_to(sys.executable)
    found = interpreters(tmp_path)
    assert found.find("3.9") == str(tmp_path / ".pyenv/versions/3.9.18/bin/python3")
    assert "3.10" not in {version for version, path in found.available().items() if "pypy" in path}


class NoProcesses(SystemProcesses):
    """Starts nothing."""

    def run(self, command: Command, on_output: OnOutput | None = None) -> Completed:
        raise AssertionError(command.argv)


def test_a_python_of_pyenv_is_found_without_starting_any(tmp_path: Path) -> None:
    folder = tmp_path / ".pyenv" / "versions" / "3.11.9" / "bin"
    folder.mkdir(parents=True)
    (folder / "python3").symlink_to(sys.executable)
    found = replace(interpreters(tmp_path), processes=NoProcesses())
    assert found.find("3.11") == str(folder / "python3")


def test_what_is_not_here_keeps_its_name_and_uv_says_why_it_cannot_be_brought(
    tmp_path: Path,
) -> None:
    found = interpreters(tmp_path)
    assert found.find("3.99") == "3.99"
    assert "3.99" in found.install("3.99")
