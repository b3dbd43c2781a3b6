"""One command at a time works on an environment; others can leave it a message."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

from shipway.errors import Busy
from shipway.pipeline.command_line import command_line
from shipway.source_text import read_text
from shipway.system.files import write_atomic
from shipway.system.user import current_user

_LONGEST_ANSWER = 100  # bytes


class Signal(StrEnum):
    """What another command wants of the one that holds the lease."""

    CONTINUE = "continue"
    STOP = "stop"


class EnvironmentLock:
    """The kernel keeps it: it goes with the process that holds it, however that ends."""

    def __init__(self, folder: str, environment: str) -> None:
        self._folder = folder
        self._environment = environment
        self._answer = os.path.join(folder, "answer")

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Raises Busy, with who holds it, when somebody else does."""
        os.makedirs(self._folder, exist_ok=True)
        with open(os.path.join(self._folder, "lease"), "a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.seek(0)
                raise Busy(
                    f"another command works on {self._environment} ({_words(file.read())})",
                    "Wait for it, or stop its rollout: "
                    f"{command_line('cancel', self._environment)}.",
                    code="environment-locked",
                ) from None
            holder = {"pid": os.getpid(), "owner": current_user(), "since": time.time()}
            with suppress(OSError):  # on a full disk nobody reads who holds it
                os.ftruncate(file.fileno(), 0)
                os.write(file.fileno(), json.dumps(holder).encode())
            with suppress(FileNotFoundError):
                os.unlink(self._answer)
            yield

    def send(self, answer: Signal) -> None:
        """Tell the command that holds the lease."""
        write_atomic(self._answer, answer.encode())

    def receive(self) -> Signal | None:
        """What was left, once."""
        try:
            text = read_text(self._answer, limit=_LONGEST_ANSWER)
            os.unlink(self._answer)
        except FileNotFoundError:
            return None
        return Signal(text) if text in set(Signal) else None


def _words(text: str) -> str:
    try:
        lease = json.loads(text)
        since = time.strftime("%H:%M:%S", time.localtime(lease["since"]))
        return f"process {lease['pid']} of {lease['owner']}, since {since}"
    except (ValueError, KeyError, TypeError):
        return "which has just begun"
