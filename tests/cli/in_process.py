"""Shipway's commands, run in this process or as one of their own, in a folder of their own."""

from __future__ import annotations

import gc
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from tests.patience import PATIENCE

from shipway.checks.registry import CHECKS
from shipway.cli.dispatch import invoke

SHIPWAY = os.path.join(os.path.dirname(sys.executable), "shipway")
_HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE)


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """The caller's variables, with a cache folder of its own beside `folder`.

    Shipway is on the PATH, so that it names itself as people do.
    """
    path = os.pathsep.join((os.path.dirname(SHIPWAY), os.environ.get("PATH", os.defpath)))
    own = {
        "XDG_CACHE_HOME": str(folder.parent / "cache"),
        "XDG_STATE_HOME": str(folder.parent / "state"),
        "CI": "",
        "PATH": path,
    }
    return {**os.environ, **own, **changes}


def shipway(
    folder: Path, *words: str, stdin: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in this process: its imports are paid for once, not per command.

    The command has its own variables, folder, arguments and streams, and nothing that it sets
    outlives it. What has to be a process (signals, a terminal, servers that stay) is
    `shipway_process`.
    """
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        variables = environment(folder, **variables)
        gc.freeze()  # what was there before is not searched afterwards
        with _as_a_process(["shipway", *words], folder, variables), _streams(given, out, err):
            code = _ended()
        gc.collect()  # a record that is still open is closed, as at a process's end
        gc.unfreeze()
        return subprocess.CompletedProcess(["shipway", *words], code, _text(out), _text(err))


def shipway_process(
    folder: Path, *words: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, as a process of its own."""
    return subprocess.run(
        [SHIPWAY, *words],
        cwd=folder,
        env=environment(folder, **variables),
        timeout=5 * PATIENCE,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
    )


def _ended() -> int:
    """Carry out sys.argv as `shipway` does; the exit code that the process would have."""
    before = set(threading.enumerate())
    try:
        code: object = invoke(sys.argv[1:])
    except SystemExit as end:
        code = end.code
    for thread in set(threading.enumerate()) - before:
        if not thread.daemon:  # an interpreter waits for these before it ends
            thread.join(5 * PATIENCE)
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
        return 1
    return code if isinstance(code, int) else 0


@contextmanager
def _as_a_process(argv: list[str], folder: Path, variables: dict[str, str]) -> Iterator[None]:
    """Its arguments, folder, variables and signal handlers; afterwards all is as it was."""
    kept = dict(os.environ), sys.argv, tempfile.tempdir
    handlers = {number: signal.getsignal(number) for number in _HANDLED}
    os.environ.clear()
    os.environ.update(variables)
    sys.argv, tempfile.tempdir = argv, None
    try:
        with chdir(folder):
            yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        variables, sys.argv, tempfile.tempdir = kept
        os.environ.clear()
        os.environ.update(variables)


@contextmanager
def _streams(*files: IO[bytes]) -> Iterator[None]:
    """Standard input, output and error, for the processes that it starts, too."""
    kept = sys.stdin, sys.stdout, sys.stderr
    descriptors = [os.dup(number) for number in range(3)]
    for number, file in enumerate(files):
        os.dup2(file.fileno(), number)
    try:
        with (
            open(0, encoding="utf-8", closefd=False) as sys.stdin,
            open(1, "w", encoding="utf-8", closefd=False) as sys.stdout,
            open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False) as sys.stderr,
        ):
            yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = kept
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def begun(folder: Path, *words: str, **variables: str) -> subprocess.Popen[str]:
    """Start a command and leave it running."""
    return subprocess.Popen(
        [SHIPWAY, *words],
        cwd=folder,
        env=environment(folder, **variables),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def git(folder: Path, *words: str, **variables: str) -> str:
    """Run git as somebody with a name."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(
        ["git", *who, *words],
        cwd=folder,
        env={**os.environ, **variables},
        check=True,
        capture_output=True,
    )
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
