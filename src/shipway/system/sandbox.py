"""Holds programs that are the code under test, as far as this machine allows without root.

step_launcher.py does it, in a process between Shipway and the program. What a mode holds and what
it does not is a table in docs/security.md.
"""

from __future__ import annotations

import errno
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

from shipway.errors import CannotRun
from shipway.ports import Command, Sandbox
from shipway.system.processors import CGROUPS, MEMBERSHIP, group_settings

MODES = ("namespaces", "landlock", "plain")  # the best first
_MARK = "SHIPWAY_STEP"  # in the environment of what a sandbox holds
_BOOT = "import sys; sys.path.append(sys.argv[1]); from step_launcher import main; main()"
_START_LIMIT = 30.0  # seconds
_END_LIMIT = 3.0  # seconds in which the launcher ends what is left
_LARGEST_REPORT = 65536  # bytes


@dataclass
class LaunchReport:
    """What the launcher said; empty for a program without one.

    mode: what holds the program. refused: what the kernel does not allow. missing: errno of the
    program's start. limit: which one was reached. ended: status, as wait(2) has it; None where the
    launcher was killed itself.
    """

    mode: str = ""
    refused: str = ""
    missing: int = 0
    limit: str = ""
    ended: int | None = None

    def code(self, launcher: int) -> int:
        """The program's exit code, negative for a signal. launcher: that of what was started."""
        if not self.mode:
            return launcher
        return -signal.SIGKILL if self.ended is None else os.waitstatus_to_exitcode(self.ended)


class SandboxedProgram:
    """A program that was started in a sandbox; all that it starts ends with it."""

    refused: ClassVar[dict[str, str]] = {}  # mode → why this machine does not have it

    def __init__(
        self, process: subprocess.Popen[bytes], control: int, status: int, token: str
    ) -> None:
        self.process = process
        self._control = control
        self._status = status
        self._token = token
        self._unread = b""
        self.report = LaunchReport()

    @classmethod
    def start(
        cls,
        command: Command,
        sandbox: Sandbox,
        modes: Sequence[str] = MODES,
        limit: float = _START_LIMIT,
    ) -> SandboxedProgram:
        """Start it in the best mode that this machine has.

        Raises CannotRun where the network is to be taken away and none can; OSError where the
        launcher cannot be started, or does not answer.
        """
        reason = ""
        for mode in modes:
            reason = cls.refused.get(mode, "")
            if reason:
                continue
            program = cls._start(command, sandbox, mode)
            program._read(limit)
            if program.report.mode:
                return program
            answered = program.report.refused or program.has_ended()
            reason = program.report.refused or "its launcher ended"
            program.discard()
            if not answered:  # which says nothing of the machine: no step runs in less for that
                raise TimeoutError(errno.ETIMEDOUT, "the sandbox did not answer")
            if sandbox.network or mode == MODES[0]:  # only that one can take it away
                cls.refused[mode] = reason
        if sandbox.network:
            raise PermissionError(errno.EPERM, reason)
        raise _no_network_namespace(reason)

    @classmethod
    def _start(cls, command: Command, sandbox: Sandbox, mode: str) -> SandboxedProgram:
        token = secrets.token_hex(16)
        control, control_end = os.pipe()
        status_end, status = os.pipe()
        try:
            process = subprocess.Popen(
                (*_launcher(control, status), *_options(sandbox, mode), "--", *command.argv),
                cwd=command.cwd,
                env={**command.env, **({} if mode == MODES[0] else {_MARK: token})},
                stdin=subprocess.PIPE if command.stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=(control, status),
                bufsize=0,
            )
        except BaseException:
            os.close(control_end)
            os.close(status_end)
            raise
        finally:
            os.close(control)
            os.close(status)
        return cls(process, control_end, status_end, token)

    def has_ended(self) -> bool:
        """Whether the launcher has, or is about to."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_END_LIMIT)
        return self.process.returncode is not None

    def terminate(self) -> None:
        """SIGTERM to the program's group."""
        with suppress(OSError):
            if self._control >= 0:
                os.write(self._control, b"t")

    def kill(self) -> None:
        """End the program and all that it started, and wait for that."""
        self._close_control()
        deadline = time.monotonic() + _END_LIMIT
        while self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def discard(self) -> None:
        """End a launcher that could not begin."""
        self.kill()
        self.process.wait()
        self.close()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def close(self) -> LaunchReport:
        """What became of it, once the launcher has ended. Ends what a killed launcher left."""
        self._close_control()
        self._read()
        if self.report.mode not in ("", MODES[0]) and self.report.ended is None:
            _end_marked(self._token)
        if self._status >= 0:
            os.close(self._status)
            self._status = -1
        return self.report

    def _close_control(self) -> None:
        control, self._control = self._control, -1
        if control >= 0:
            os.close(control)

    def _read(self, limit: float = 0.0) -> None:
        """Take in what the launcher said; limit: seconds to wait for whether it could begin."""
        deadline = time.monotonic() + limit
        poll = select.poll()
        poll.register(self._status, select.POLLIN)
        size = 0
        while size < _LARGEST_REPORT:
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                return
            data = os.read(self._status, 4096)
            if not data:
                return
            size += len(data)
            *lines, self._unread = (self._unread + data).split(b"\n")
            for line in lines:
                self._take(line.decode("utf-8", "replace"))
            if limit and (self.report.mode or self.report.refused):
                return

    def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "held":
            self.report.mode = rest
        elif word == "refused":
            self.report.refused = rest
        elif word == "missing":
            self.report.missing = int(rest)
        elif word == "limit":
            self.report.limit = rest
        elif word == "ended":
            self.report.ended = int(rest)


def _launcher(control: int, status: int) -> tuple[str, ...]:
    """-I and -S: nothing of the environment or of site-packages is imported."""
    folder = os.path.dirname(os.path.abspath(__file__))
    return (sys.executable, "-I", "-S", "-c", _BOOT, folder, str(control), str(status))


def _options(sandbox: Sandbox, mode: str) -> list[str]:
    options = [f"mode={mode}"]
    for name in ("read_only", "writable", "scratch", "unless_scratch", "hidden"):
        for folder in getattr(sandbox, name):
            path = os.path.realpath(folder)
            if os.path.isdir(path) if name == "hidden" else os.path.exists(path):
                options.append(f"{name}={path}")
    for name in ("memory", "processes"):
        if amount := getattr(sandbox, name):
            options.append(f"{name}={amount}")
    return options if sandbox.network else [*options, "network=none"]


def _end_marked(token: str) -> None:
    """Kill whatever was started with this mark in its environment."""
    mark = f"{_MARK}={token}".encode()
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if not name.isdigit():
            continue
        with suppress(OSError), open(f"/proc/{name}/environ", "rb") as environment:
            if mark in environment.read().split(b"\0"):
                os.kill(int(name), signal.SIGKILL)


def machine_memory(cgroups: str = CGROUPS, membership: str = MEMBERSHIP) -> int:
    """Bytes that this machine has, or the container that this process is in.

    cgroups, membership: as `group_settings` takes them. Version 1 has one file for all.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    texts = [*group_settings("memory.max", cgroups, membership)]
    with suppress(OSError), open(f"{cgroups}/memory/memory.limit_in_bytes") as file:
        texts.append(file.read(64))
    for text in texts:
        with suppress(ValueError):
            memory = min(memory, int(text))  # "max" is no number
    return memory


def shortcoming() -> str:
    """What does not hold the programs that this process started; "" where all of it does."""
    if not available():
        return "steps run without a sandbox: this system has none"
    refused = SandboxedProgram.refused
    if MODES[0] not in refused:
        return ""
    why = "; ".join(f"{mode}: {reason}" for mode, reason in refused.items())
    if MODES[1] not in refused:
        return (
            "steps run in a part of the sandbox: they can write to .shipway and read Shipway's key "
            f"({why})"
        )
    return f"steps run without a sandbox ({why})"


def available() -> bool:
    """Whether this system has any of it: Linux alone."""
    return sys.platform == "linux"


def require_none(sandbox: Sandbox | None) -> None:
    """Raises CannotRun where a program must be held, and nothing here can."""
    if sandbox is not None and not sandbox.network:
        raise _no_network_namespace("this system has none")


def start_error(report: LaunchReport) -> OSError | None:
    """Why the program itself could not be started; None where it was."""
    if report.missing:
        return OSError(report.missing, os.strerror(report.missing))
    if report.mode and report.refused:
        return PermissionError(errno.EPERM, report.refused)
    return None


def exceeded(sandbox: Sandbox | None, limit: str) -> str:
    """A sentence about the limit that a program reached; "" for none."""
    if sandbox is None or not limit:
        return ""
    return {
        "memory": f"it used more than {sandbox.memory / 2**30:g} GB of memory",
        "processes": f"it had more than {sandbox.processes} processes at once",
        "output": f"it printed more than {sandbox.output / 2**20:g} MB",
    }[limit]


def _no_network_namespace(why: str) -> CannotRun:
    return CannotRun(
        "[checks] network = false cannot be held here: it takes a network namespace, and there is "
        f"none ({why})",
        "See `shipway doctor`; or let unit tests have the network: [checks] network = true.",
        code="sandbox-unavailable",
    )
