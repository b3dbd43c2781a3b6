"""The commands behind the buttons: started as they would be typed, and followed to their end."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from shipway.errors import Busy, ConfigError
from shipway.pipeline.command_line import command_line
from shipway.ports import Clock, Command, Processes, Server
from shipway.reports.figures import utc
from shipway.reports.sanitize import log_line
from shipway.source_text import read_tail, read_text

_MOST_LINES = 500
_KEPT = 20  # commands whose output stays
_NAME = re.compile(r"\d{10,}-\d+")
_CODES = {
    0: ("done", "good"),
    2: ("ended", "unsure"),  # also where it has told another command to go on, or back
    3: ("rolled back", "bad"),
    4: ("unknown", "unsure"),
}


@dataclass(frozen=True, kw_only=True)
class StartedCommand:
    """A command that a button started. typed: as a person would type it."""

    environment: str
    typed: str
    started: float
    server: Server


@dataclass(frozen=True, kw_only=True)
class CommandView:
    """How a command stands. output: its last lines."""

    environment: str
    typed: str
    started: str
    state: str
    tone: str
    output: str
    over: bool


class CommandRunner:
    """Starts commands in processes of their own, which end when they are done and not before.

    root: the project's folder. folder: where their output is kept. environ: what they see, as a
    command in this terminal would.
    """

    def __init__(
        self, root: str, folder: str, processes: Processes, clock: Clock, environ: Mapping[str, str]
    ) -> None:
        self._root = root
        self._folder = folder
        self._processes = processes
        self._clock = clock
        self._environ = environ
        self._lock = threading.Lock()
        self._started: dict[str, StartedCommand] = {}

    def start(self, environment: str, command: str, options: Sequence[str] = ()) -> str:
        """Start a command of an environment; its name. Raises CannotRun, Busy where the same one
        still runs."""
        words = (command, environment, *options)
        typed = command_line(*words)
        with self._lock:
            begun = [other for other in self._started.values() if other.typed == typed]
            if any(self._processes.alive(other.server) for other in begun):
                raise Busy(f"{typed} still runs", "Wait for it: it is not started twice.")
            now = self._clock.now()
            name = f"{int(now)}-{len(self._started) + 1}"
            log = self._path(name)
            module = ("-P", "-m", "shipway.cli.ui_command")
            argv = (sys.executable, *module, f"{log}.code", "-C", self._root, *words)
            server = self._processes.spawn(Command(argv, self._root, self._environ), log)
            self._started[name] = StartedCommand(
                environment=environment, typed=typed, started=now, server=server
            )
            self._forget()
        return name

    def view(self, name: str) -> CommandView:
        """How it stands. Raises KeyError for one that this start of `shipway ui` has not begun."""
        with self._lock:
            command = self._started[name]
        running = self._processes.alive(command.server)
        state, tone = ("running", "live") if running else self._ending(name)
        return CommandView(
            environment=command.environment,
            typed=command.typed,
            started=utc(command.started),
            state=state,
            tone=tone,
            output=self._output(name),
            over=not running,
        )

    def _ending(self, name: str) -> tuple[str, str]:
        try:
            code = int(read_text(f"{self._path(name)}.code", limit=20))
        except (OSError, ValueError, ConfigError):
            return "ended without an exit code", "bad"
        state, tone = _CODES.get(code, ("failed", "bad"))
        return f"{state}, exit code {code}", tone

    def _output(self, name: str) -> str:
        try:
            lines = read_tail(self._path(name)).splitlines()[-_MOST_LINES:]
        except (OSError, ConfigError):
            return ""
        return "\n".join(map(log_line, lines))

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, f"{name}.log")

    def _forget(self) -> None:
        """What older starts left goes, but for the newest."""
        with suppress(OSError):
            names = {entry.split(".")[0] for entry in os.listdir(self._folder)}
            old = sorted(name for name in names if _NAME.fullmatch(name))[:-_KEPT]
            for name in old:
                if name not in self._started:
                    for end in (".log", ".log.code", ".log.pid"):
                        with suppress(FileNotFoundError):
                            os.unlink(os.path.join(self._folder, f"{name}{end}"))
