"""A command of Shipway's own that another one starts, watches and ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import IO

from shipway.system.interruption import deferred

_PATIENCE = 30.0  # seconds that a command has to end what it started, before it is asked again


def own_program() -> tuple[str, ...]:
    """What starts Shipway as it was started here: its script beside its Python."""
    python = os.path.abspath(sys.executable)
    script = os.path.join(os.path.dirname(python), "shipway")
    return (script,) if os.path.exists(script) else (python, "-P", "-m", "shipway")


class ChildCommand:
    """One command, which reads no input. output: where it prints; None for where this one does."""

    def __init__(self, arguments: Sequence[str], output: IO[bytes] | None = None) -> None:
        error = None if output is None else subprocess.STDOUT
        with deferred():
            self._process = subprocess.Popen(
                [*own_program(), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=error,
            )

    def ended(self) -> int | None:
        """Its exit code; None while it works."""
        return self._process.poll()

    def stop(self) -> None:
        """End it, and wait until all that it started has ended: first as Ctrl-C does, then by the
        second one, which kills its programs; at last by SIGKILL."""
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGKILL):
            self._process.send_signal(number)
            try:
                self._process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                continue
            return
