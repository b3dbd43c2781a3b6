"""One command at a time works on an environment; others can leave it a message."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

from shipway.core.command_line import command_line
from shipway.core.errors import Busy
from shipway.effects.files import write_atomic
from shipway.effects.who import owner


class Answer(StrEnum):
    """What another command wants of the one that holds the lease."""

    CONTINUE = "continue"
    STOP = "stop"


class Lease:
    """The kernel keeps it: it goes with the process that holds it, however that ends."""

    def __init__(self, folder: str, environment: str) -> None:
        self._folder = folder
        self._environment = environment
        self._answer = os.path.join(folder, "answer")

    @contextmanager
    def held(self) -> Iterator[None]:
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
                ) from None
            file.truncate(0)
            file.write(json.dumps({"pid": os.getpid(), "owner": owner(), "since": time.time()}))
            file.flush()
            with suppress(FileNotFoundError):
                os.unlink(self._answer)
            yield

    def leave(self, answer: Answer) -> None:
        """Tell the command that holds the lease."""
        write_atomic(self._answer, answer.encode())

    def answer(self) -> Answer | None:
        """What was left, once."""
        try:
            with open(self._answer, encoding="utf-8") as file:
                text = file.read()
            os.unlink(self._answer)
        except FileNotFoundError:
            return None
        return Answer(text) if text in set(Answer) else None


def _words(text: str) -> str:
    try:
        held = json.loads(text)
        since = time.strftime("%H:%M:%S", time.localtime(held["since"]))
        return f"process {held['pid']} of {held['owner']}, since {since}"
    except (ValueError, KeyError, TypeError):
        return "which has just begun"
