"""A person at a real terminal, and one whose hand is on Ctrl-C."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

from tests.cli.in_process import SHIPWAY, begun, environment, project, step
from tests.patience import PATIENCE, until


def at_a_terminal(folder: Path, *words: str, **variables: str) -> tuple[int, str]:
    """Run a command with a terminal as its output; its exit code and what was seen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [SHIPWAY, *words],
        cwd=folder,
        env=environment(folder, **variables),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen, end = b"", time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if not select.select([ours], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(ours, 65536)
        except OSError:  # the last one has closed it
            break
        if not data:
            break
        seen += data
    os.close(ours)
    return process.wait(PATIENCE), seen.decode()


def test_a_terminal_shows_the_run_as_it_goes_and_is_given_back(tmp_path: Path) -> None:
    web = project(tmp_path / "web", step("slow", "sleep 0.5") + step("bad", "echo why; exit 1"))
    code, seen = at_a_terminal(web, "run", TERM="xterm-256color")
    assert code == 1
    assert "\x1b[" in seen
    assert "why" in seen
    assert seen.rfind("\x1b[?25h") >= seen.rfind("\x1b[?25l")  # the cursor is there again


def test_a_dumb_terminal_gets_plain_lines(tmp_path: Path) -> None:
    web = project(tmp_path / "web", step("quick", "true"))
    code, seen = at_a_terminal(web, "run", TERM="dumb")
    assert code == 0
    assert "\x1b[" not in seen
    assert "1 passed" in seen


def test_ctrl_c_before_anything_runs_is_an_interruption_without_words(tmp_path: Path) -> None:
    web = project(tmp_path / "web", step("quick", "true"))
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\nexec sleep 600\n")
    git.chmod(0o755)
    path = os.pathsep.join((str(git.parent), os.environ.get("PATH", os.defpath)))
    running = begun(web, "run", "--changed-since", "HEAD", PATH=path)
    until((tmp_path / "asked").exists)
    running.send_signal(signal.SIGINT)
    output, errors = running.communicate(timeout=PATIENCE)
    assert (running.returncode, output) == (130, "")
    assert "Traceback" not in errors
