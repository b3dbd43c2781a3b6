"""One process at a time: the others wait for it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shipway.core.errors import CannotRun

_LOOK = 0.1  # seconds between looks


@contextmanager
def alone(path: str, stopping: Callable[[], bool], what: str) -> Iterator[None]:
    """Hold the lock at a path meanwhile. Raises CannotRun when it is stopped while it waits.

    what: what the other one does ("installed").
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if stopping():
                    raise CannotRun(f"it was stopped while another run {what}") from None
                time.sleep(_LOOK)
        yield
