"""Signals as this process gets them, and a program that it has started meanwhile."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.patience import PATIENCE, not_hanging

from shipway.ports import Command
from shipway.system.interruption import SIGNALS, deferred, interruptions
from shipway.system.process import SystemProcesses

STUBBORN = (
    "import signal, sys, time\n"
    "def told(*_): open(sys.argv[1] + '.told', 'w').close()\n"
    "signal.signal(signal.SIGTERM, told)\n"
    "open(sys.argv[1], 'w').close()\n"
    "while True: time.sleep(1)\n"
)


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    """Whatever started the tests may have signals ignored."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_each_signal_is_an_interruption_and_means_afterwards_what_it_meant(
    number: signal.Signals,
) -> None:
    with pytest.raises(KeyboardInterrupt), interruptions():
        signal.raise_signal(number)
    assert signal.getsignal(number) is signal.SIG_DFL


@pytest.mark.parametrize("number", SIGNALS)
def test_what_was_ignored_stays_ignored(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    with interruptions():
        signal.raise_signal(number)
    assert signal.getsignal(number) is signal.SIG_IGN


def test_signals_that_come_together_are_one() -> None:
    heard: list[str] = []
    with interruptions(lambda: heard.append("one")):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGHUP)
    assert heard == ["one"]


def test_a_command_says_what_is_done_instead_and_the_outer_one_comes_back() -> None:
    heard: list[str] = []
    with interruptions(lambda: heard.append("outer")):
        with interruptions(lambda: heard.append("inner")):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    assert heard == ["inner", "outer"]


def test_a_signal_waits_while_something_is_being_started() -> None:
    known = ""
    with pytest.raises(KeyboardInterrupt), interruptions():
        with deferred():
            signal.raise_signal(signal.SIGTERM)
            with deferred():
                known = "it is known"
        known = "it went on"
    assert known == "it is known"


def test_other_threads_defer_nothing() -> None:
    inside, leave = threading.Event(), threading.Event()

    def start() -> None:
        with deferred():
            inside.set()
            leave.wait(PATIENCE)

    other = threading.Thread(target=start)
    other.start()
    inside.wait(PATIENCE)
    with pytest.raises(KeyboardInterrupt), interruptions():
        signal.raise_signal(signal.SIGTERM)
    leave.set()
    other.join()


def test_an_interruption_ends_the_program_that_runs_and_a_second_one_its_grace(
    tmp_path: Path,
) -> None:
    mark = tmp_path / "begun"

    def press() -> None:
        for path in (mark, tmp_path / "begun.told"):
            while not path.exists():
                time.sleep(0.02)
            time.sleep(0.5)  # those that come together are one
            os.kill(os.getpid(), signal.SIGINT)

    program = Command((sys.executable, "-c", STUBBORN, str(mark)), "/", timeout=600.0)
    pressing = threading.Thread(target=press, daemon=True)
    pressing.start()
    with not_hanging(), pytest.raises(KeyboardInterrupt), interruptions():
        SystemProcesses(grace=300.0).run(program)
    pressing.join()


def test_cancelled_by_force_is_cancelled_without_grace(tmp_path: Path) -> None:
    mark = tmp_path / "begun"
    processes = SystemProcesses(grace=300.0)

    def cancel() -> None:
        while not mark.exists():
            time.sleep(0.02)
        processes.cancel(force=True)

    cancelling = threading.Thread(target=cancel, daemon=True)
    cancelling.start()
    with not_hanging():
        program = Command((sys.executable, "-c", STUBBORN, str(mark)), "/", timeout=600.0)
        done = processes.run(program)
    assert (done.cancelled, done.code) == (True, -signal.SIGKILL)
    cancelling.join()
