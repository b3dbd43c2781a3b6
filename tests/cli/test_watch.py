"""`run --watch`: at a real terminal, and without one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cli.in_process import SHIPWAY, alive, environment, git, project, shipway
from tests.patience import PATIENCE, until

SETTINGS = """
[steps.words]
run = ["sh", "-c", "grep -q good words.txt"]
inputs = ["words.txt"]
stage = "quality"

[steps.others]
run = ["sh", "-c", "echo $$ > ../pid; test ! -e slow || sleep 600"]
inputs = ["other/**", "slow"]
stage = "test"

[steps.rollout]
run = "true"
inputs = []
stage = "deploy"
"""


@pytest.fixture
def town(tmp_path: Path) -> Path:
    files = {"words.txt": "good\n", "other/a.txt": "", ".gitignore": "*.log\n"}
    folder = project(tmp_path / "town", SETTINGS, files)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    return folder


@dataclass
class Watching:
    """A command that watches. shown: all that it has printed."""

    process: subprocess.Popen[bytes]
    terminal: int
    shown: str = ""

    def read(self) -> str:
        while select.select([self.terminal], [], [], 0)[0]:
            try:
                data = os.read(self.terminal, 65536)
            except OSError:  # nobody writes any more
                break
            if not data:
                break
            self.shown += data.decode("utf-8", "replace")
        return self.shown

    def until(self, pattern: str, times: int = 1) -> None:
        """Wait until a text has been shown so often."""

        def is_shown() -> bool:
            return len(re.findall(pattern, self.read())) >= times

        try:
            until(is_shown)
        except AssertionError as late:
            raise AssertionError(f"{pattern!r} is not among:\n{self.shown}") from late

    def press(self, key: str) -> None:
        os.write(self.terminal, key.encode())

    def ended(self) -> int:
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            self.read()
            time.sleep(0.02)
        self.read()
        return self.process.wait(1)


@contextmanager
def watching(folder: Path, *words: str, terminal: bool = True) -> Iterator[Watching]:
    """`run --watch`, with a terminal of its own that gives it Ctrl-C; or with a pipe."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    process = subprocess.Popen(
        [SHIPWAY, "run", "--watch", *words],
        cwd=folder,
        env=environment(folder, TERM="xterm-256color"),
        stdin=theirs if terminal else subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=(lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)) if terminal else None,
    )
    os.close(theirs)
    try:
        yield Watching(process, ours)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)
        os.close(ours)


def save(path: Path, text: str) -> None:
    """As editors do it: the new file takes the old one's place."""
    beside = path.with_name(f".{path.name}.swp.log")
    beside.write_text(text)
    beside.replace(path)


def test_every_save_is_answered_at_the_terminal(town: Path) -> None:
    with watching(town) as seen:
        seen.until(r"watching 4 files · a all · f failed · d deploy · q quit")
        assert "rollout" not in seen.shown  # a rollout is asked for
        save(town / "words.txt", "bad\n")
        seen.until(r"words.txt changed  before: passed: 2 steps")
        seen.until(r"failed: words: it ended with exit code 1")
        seen.until(r"watching 4 files", 2)
        assert re.search(r"cached\S* +test +others", plain(seen.shown))  # what it does not reach
        fcntl.ioctl(seen.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 40, 0, 0))
        seen.press("f")
        seen.until(r"watching 4 files", 3)
        assert "what failed  before: failed: wo" in plain(seen.shown)
        save(town / "words.txt", "good\n")
        seen.until(r"watching 4 files", 4)
        seen.press("d")
        seen.until(r"passed: 3 steps, none failed")
        seen.until(r"watching 4 files", 5)
        seen.press("a")
        seen.until(r"watching 4 files", 6)
        assert "2 steps: 2 passed" in plain(seen.shown)  # nothing is taken from the cache
        seen.press("q")
        assert seen.ended() == 0


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_a_save_in_the_middle_of_a_run_ends_that_run_and_ctrl_c_leaves_nothing(town: Path) -> None:
    pid = town.parent / "pid"
    (town / "slow").touch()
    with watching(town) as seen:
        until(pid.exists)
        until(lambda: pid.read_text().strip() != "")
        first = int(pid.read_text())
        save(town / "words.txt", "good again\n")
        until(lambda: pid.read_text().strip() not in ("", str(first)))
        assert not alive(first)
        second = int(pid.read_text())
        before = termios.tcgetattr(seen.terminal)[3]
        assert not before & termios.ECHO
        seen.press("\x03")
        assert seen.ended() == 130
        until(lambda: not alive(second))  # the kernel ends it with its launcher, a moment later
        assert termios.tcgetattr(seen.terminal)[3] & termios.ECHO  # the terminal is given back


def test_without_a_terminal_each_verdict_is_a_line(town: Path) -> None:
    with watching(town, terminal=False) as seen:
        seen.until(r"passed: 2 steps, none failed\n")
        save(town / "shipway.toml", SETTINGS + "[gates]\ncoverge = 1\n")
        seen.until(r"shipway: shipway.toml: gates.coverge")
        save(town / "shipway.toml", SETTINGS)
        seen.until(r"passed: 2 steps, none failed\n", 2)
        (town / "ignored.log").write_text("ignored")
        os.utime(town / "words.txt")  # its content is what it was
        git(town, "checkout", "--quiet", "-b", "other")
        save(town / "words.txt", "bad\n")
        git(town, "commit", "--quiet", "-am", "bad")
        seen.until(r"failed: words")
        git(town, "checkout", "--quiet", "main")
        seen.until(r"passed: 2 steps, none failed\n", 3)
        assert len(seen.shown.splitlines()) == 5, seen.shown
        assert re.fullmatch(r"(\d\d:\d\d:\d\d  \S.*\n)+", seen.shown)
        seen.process.send_signal(signal.SIGTERM)
        assert seen.ended() == 130


def test_a_file_that_every_run_writes_begins_no_run_for_ever(town: Path) -> None:
    writes = '[steps.writes]\nrun = "sh -c \'date +%s%N > stamp.txt\'"\nstage = "quality"\n'
    save(town / "shipway.toml", SETTINGS + writes + 'inputs = ["stamp.txt"]\n')
    (town / "stamp.txt").touch()
    with watching(town, terminal=False) as seen:
        seen.until(r"stamp.txt changes in every run: it is looked at again when no run is")
        seen.until(r"(?s)in every run.*\n\d\d:\d\d:\d\d  passed: 3 steps")
        save(town / "words.txt", "bad\n")
        seen.until(r"failed: words")
        assert seen.shown.count("changes in every run") == 1


def test_json_is_refused(town: Path) -> None:
    done = shipway(town, "run", "--watch", "--json")
    assert done.returncode == 2 and "explain invalid-input" in done.stderr


def test_options_are_handed_on(town: Path) -> None:
    with watching(town, "quality", "--jobs", "1", "--skip=others", terminal=False) as seen:
        seen.until(r"passed: 1 step, none failed\n")
