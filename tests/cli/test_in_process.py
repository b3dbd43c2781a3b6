"""A command that runs in the tests' own process is the command that a person starts."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest
from tests.cli.in_process import project, shipway, shipway_process, step

NAMED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGPIPE")


@pytest.fixture
def web(tmp_path: Path) -> Path:
    good = step("good", "echo $SHOWN > shown", 'inputs = []\nenv = ["SHOWN"]')
    return project(tmp_path / "web", good + step("bad", "exit 3"))


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--version",),
        ("--help",),
        ("run", "--help"),
        ("run", "qualty"),
        ("rnu",),
        ("plan",),
        ("plan", "--json"),
        ("status", "moon"),
        ("-C", "nowhere", "plan"),
        ("run",),
    ],
)
def test_it_says_what_the_process_says_and_ends_with_its_code(
    web: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    shipway(web, *words)  # durations and what is remembered are there for both
    process, called = shipway_process(web, *words), shipway(web, *words)
    assert called.returncode == process.returncode
    if words != ("run",):  # it prints how long it took
        assert (called.stdout, called.stderr) == (process.stdout, process.stderr)


def test_it_has_the_variables_that_were_given_and_takes_none_along(web: Path) -> None:
    before = dict(os.environ)
    assert shipway(web, "run", "good", SHOWN="elsewhere").returncode == 0
    assert (web / "shown").read_text() == "elsewhere\n"
    assert dict(os.environ) == before


def test_nothing_that_it_sets_stays(web: Path) -> None:
    def state() -> tuple[object, ...]:
        handlers = [signal.getsignal(getattr(signal, name)) for name in NAMED]
        streams = sys.stdin, sys.stdout, sys.stderr
        return os.getcwd(), sys.argv, streams, handlers, sys.modules["__main__"]

    before, descriptors = state(), len(os.listdir("/proc/self/fd"))
    shipway(web, "run")
    assert state() == before
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert not [one for one in threading.enumerate() if one.name.startswith("ThreadPool")]
