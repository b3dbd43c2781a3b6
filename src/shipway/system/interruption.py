"""What ends a command: SIGINT (Ctrl-C), SIGTERM, SIGHUP and SIGQUIT, all four in the same way.

By default each of them raises KeyboardInterrupt in the main thread, and what is under way
unwinds and ends what it started. A command that works in other threads, or that has something
better to do, says with `interruptions` what happens instead.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# Seconds within which signals are one: timeout(1), a terminal that closes and systemd send two.
_TOGETHER = 0.3

React = Callable[[], None]
_deferred: list[React] | None = None


def interrupt() -> None:
    """What a signal does where nothing else was asked for."""
    raise KeyboardInterrupt


@contextmanager
def interruptions(react: React = interrupt) -> Iterator[None]:
    """Have each of the signals call `react`, in the main thread; to be entered there.

    A signal that was ignored when this process began stays ignored: nohup, and the jobs that a
    shell script starts in the background, rely on it.
    """
    last = float("-inf")

    def received(number: int, _: object) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _TOGETHER:
            return
        last = now
        if number == signal.SIGHUP:
            _leave_terminal()
        if _deferred is None:
            react()
        else:
            _deferred.append(react)

    before = {
        number: signal.signal(number, received)
        for number in SIGNALS
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is received:
                signal.signal(number, handler)


def ignore_interruptions() -> None:
    """Ignore the signals from now on: the command has ended, and its exit code says how. One that
    comes while the interpreter winds up would change it, and has nothing left to end."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def deferred() -> Iterator[None]:
    """Let signals wait until the end of this block: between a process's start and the moment at
    which it is known, an exception would leave it behind. Only for what takes milliseconds."""
    global _deferred
    if _deferred is not None or threading.current_thread() is not threading.main_thread():
        yield  # exceptions of signals arise in the main thread only
        return
    _deferred = []
    try:
        yield
    finally:
        waiting, _deferred = _deferred, None
        for react in waiting:
            react()


def _leave_terminal() -> None:
    """What is still printed goes nowhere where the terminal has gone: writing to it fails (EIO),
    which would end the winding up."""
    for stream in (1, 2):
        try:
            os.write(stream, b"")
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream)
            os.close(nowhere)
