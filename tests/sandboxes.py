"""Which sandboxes this machine has, for tests of what they hold."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path

from tests.left_out import leave_out

from shipway.errors import CannotRun
from shipway.ports import Command, Completed, Sandbox
from shipway.system.process import SystemProcesses

NAMESPACES, LANDLOCK, PLAIN = "namespaces", "landlock", "plain"


@cache
def refusal(mode: str) -> str:
    """Why this machine does not have a mode; "" where it does."""
    try:
        SystemProcesses(modes=(mode,)).run(
            Command(("true",), "/", {"PATH": os.defpath}, sandbox=Sandbox())
        )
    except CannotRun as problem:
        return problem.message
    return ""


def need_sandbox(mode: str = NAMESPACES) -> None:
    """Leave this test out where a mode is not here."""
    if reason := refusal(mode):
        leave_out("sandbox", reason)


def refuses_signals() -> bool:
    """Whether this kernel's Landlock (ABI 6) keeps signals within the sandbox."""
    library = ctypes.CDLL(None)
    return int(library.syscall(444, None, ctypes.c_size_t(0), 1)) >= 6


def run_in(
    mode: str, folder: Path, *argv: str, sandbox: Sandbox | None = None, timeout: float = 60.0
) -> Completed:
    """Run a program in a sandbox of this mode to its end."""
    need_sandbox(mode)
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    command = Command(argv, str(folder), variables, timeout, sandbox=sandbox or Sandbox())
    return SystemProcesses(modes=(mode,)).run(command)
