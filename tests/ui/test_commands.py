"""The commands behind the buttons, from their start to their exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.ui.sample_workspace import RecordedProcesses, runner

from shipway.errors import Busy


def test_a_command_that_was_killed_is_not_called_done(tmp_path: Path) -> None:
    processes = RecordedProcesses()
    commands = runner(str(tmp_path), processes)
    name = commands.start("local", "cancel")
    assert commands.view(name).state == "running"
    processes.running = False
    view = commands.view(name)
    assert (view.state, view.tone, view.over) == ("ended without an exit code", "bad", True)


@pytest.mark.parametrize(
    ("code", "state", "tone"),
    [
        ("0", "done, exit code 0", "good"),
        ("2", "ended, exit code 2", "unsure"),
        ("3", "rolled back, exit code 3", "bad"),
        ("1", "failed, exit code 1", "bad"),
        ("odd", "ended without an exit code", "bad"),
    ],
)
def test_the_exit_code_says_how_it_ended(tmp_path: Path, code: str, state: str, tone: str) -> None:
    processes = RecordedProcesses()
    commands = runner(str(tmp_path), processes)
    name = commands.start("local", "resume")
    processes.running = False
    (tmp_path / f"{name}.log.code").write_text(f"{code}\n")
    view = commands.view(name)
    assert (view.state, view.tone) == (state, tone)


def test_what_older_starts_left_goes_but_for_the_newest(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"17000000{number:02}-1.log").write_text("old")
    (tmp_path / "open.html").write_text("kept")
    runner(str(tmp_path), RecordedProcesses()).start("local", "cancel")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert len(left) == 21 and "open.html" in left and left[0] == "1700000010-1.log"


def test_a_command_that_still_runs_is_not_started_twice(tmp_path: Path) -> None:
    processes = RecordedProcesses()
    commands = runner(str(tmp_path), processes)
    commands.start("local", "rollback", ("--to", "1.0"))
    with pytest.raises(Busy, match=r"rollback local --to 1\.0 still runs"):
        commands.start("local", "rollback", ("--to", "1.0"))
    commands.start("local", "cancel")
    commands.start("staging", "rollback", ("--to", "1.0"))
    assert len(processes.commands) == 3
    processes.running = False
    commands.start("local", "rollback", ("--to", "1.0"))
    assert len(processes.commands) == 4


def test_a_command_of_another_start_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        runner(str(tmp_path), RecordedProcesses()).view("1700000000-1")
