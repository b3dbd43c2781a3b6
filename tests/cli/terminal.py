"""Shipway as a person starts it: the real command, in a folder of its own."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from shipway.checks import CHECKS

SHIPWAY = os.path.join(os.path.dirname(sys.executable), "shipway")
PATIENCE = 60.0  # seconds; a busy machine is slow


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """The caller's variables, with a cache folder of its own beside `folder`.

    Shipway is on the PATH, so that it names itself as people do.
    """
    path = os.pathsep.join((os.path.dirname(SHIPWAY), os.environ.get("PATH", os.defpath)))
    own = {"XDG_CACHE_HOME": str(folder.parent / "cache"), "CI": "", "PATH": path}
    return {**os.environ, **own, **changes}


def shipway(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [SHIPWAY, *words], cwd=folder, env=environment(folder, **variables), timeout=180,
        capture_output=True, encoding="utf-8", errors="surrogateescape", check=False,
    )  # fmt: skip


def begun(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start a command and leave it running."""
    return subprocess.Popen(
        [SHIPWAY, *words], cwd=folder, env=environment(folder), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def git(folder: Path, *words: str) -> str:
    """Run git as somebody with a name."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)
    return os.fsdecode(done.stdout).strip()


def project(folder: Path, configuration: str, files: dict[str, str] | None = None) -> Path:
    """A folder with a configuration and files."""
    for name, text in {"shipway.toml": configuration, **(files or {})}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def only(*checks: str) -> str:
    """The table that switches all other checks off."""
    others = [check.name for check in CHECKS if check.name not in checks]
    return "[checks]\n" + "".join(f"{name} = false\n" for name in others)


def step(name: str, script: str, more: str = "inputs = []") -> str:
    """A step of the team's own, as shipway.toml has it."""
    return f'[steps.{name}]\nrun = ["sh", "-c", """{script}"""]\n{more}\n'


def until(condition: Callable[[], object]) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def waiting(pid: int) -> bool:
    """Whether it sleeps, and goes on sleeping: it waits for somebody."""
    for _ in range(10):
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
        if state != b"S":
            return False
        time.sleep(0.02)
    return True


def alive(pid: int) -> bool:
    """Whether it runs: what is dead and not reaped has no command line any more."""
    path = Path(f"/proc/{pid}/cmdline")
    try:
        return bool(path.read_bytes())
    except OSError:
        return False


def sound(folder: Path) -> bool:
    """Whether the record of a project is whole."""
    with sqlite3.connect(folder / ".shipway" / "record.sqlite3") as db:
        return [row[0] for row in db.execute("PRAGMA integrity_check")] == ["ok"]
