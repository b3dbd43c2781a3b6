"""An instance as the record of a project has it, for acts against the state."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from shipway.ports import Command
from shipway.system.process import SystemProcesses
from shipway.system.record import SqliteRecord


def running(web: Path) -> int:
    """The pid of an instance of the environment `local`, as the record has it."""
    log = web / ".shipway" / "environments" / "local" / "logs" / "abcdef01-4000.log"
    log.parent.mkdir(parents=True)
    command = Command(("sleep", "300"), "/", {"PATH": os.environ["PATH"]})
    server = SystemProcesses().spawn(command, str(log))
    instance = {
        "digest": "abcdef01",
        "release": "web 1",
        "address": "127.0.0.1:4000",
        "log": str(log),
        "pid": server.pid,
        "born": server.born,
        "joined": True,
    }
    record = SqliteRecord(str(web / ".shipway" / "record.sqlite3"))
    record.put_state("local", {"instances": [instance]})
    record.close()
    return server.pid


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
