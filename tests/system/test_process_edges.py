"""Programs that misbehave: without end, without lines, without a right to be run."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from tests.patience import PATIENCE, until

from shipway.errors import CannotRun
from shipway.ports import Command, Server
from shipway.system.process import SystemProcesses

ENV = {"PATH": os.environ["PATH"]}


def python(code: str, **more: object) -> Command:
    return Command((sys.executable, "-c", code), "/", **{"env": ENV, **more})  # type: ignore[arg-type]


def shell(script: str, **more: object) -> Command:
    return Command(("sh", "-c", script), "/", **{"env": ENV, **more})  # type: ignore[arg-type]


def gone(pid: str) -> bool:
    """Whether it has ended: what is dead and not reaped has no command line any more."""
    end = time.monotonic() + PATIENCE
    path = Path(f"/proc/{pid}/cmdline")
    while time.monotonic() < end:
        try:
            if not path.read_bytes():
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_a_line_without_end_is_passed_on_in_pieces_and_kept_whole() -> None:
    pieces: list[str] = []
    code = "import sys, time\nfor _ in range(4):\n sys.stdout.write('x' * 50_000); time.sleep(0.05)"
    done = SystemProcesses().run(python(code), pieces.append)
    assert done.stdout == "x" * 200_000
    assert len(pieces) > 1


@pytest.mark.parametrize("first", [1, 4, 8])
def test_a_secret_in_a_line_without_end_leaves_nothing_of_it(first: int) -> None:
    secret = "hush-hush"
    code = (
        "import os, time\n"
        f"os.write(1, b'x' * 70_000 + b'{secret[:first]}')\n"
        f"time.sleep(0.3); os.write(1, b'{secret[first:]}' + b'y' * 70_000)\n"
        f"time.sleep(0.3); os.write(1, b'{secret}\\n')\n"
    )
    pieces: list[str] = []
    done = SystemProcesses().run(python(code, secrets=(secret, "other")), pieces.append)
    blot = "[redacted]"
    assert done.stdout == "x" * 70_000 + blot + "y" * 70_000 + blot + "\n"
    assert "hush" not in "|".join(pieces)


def test_what_comes_after_the_limit_is_read_and_thrown_away() -> None:
    code = "for n in range(20_000): print('line', n)"
    lines: list[str] = []
    done = SystemProcesses().run(python(code, output_limit=100), lines.append)
    assert done.code == 0  # it was not held up by a full pipe
    assert len(done.stdout) < 200
    assert lines[-1] == "[output cut here: more than 100 characters]"


def test_half_a_character_at_the_end_is_marked() -> None:
    done = SystemProcesses().run(python(r"import os; os.write(1, b'caf\xc3')"))
    assert done.stdout in ("caf", "caf\ufffd")


def test_what_a_program_leaves_behind_is_ended_with_it() -> None:
    done = SystemProcesses().run(shell("sleep 600 & echo $!", timeout=60.0))
    assert (done.code, done.timed_out) == (0, False)
    assert done.seconds < 30
    assert gone(done.stdout.strip())


def test_a_program_that_closes_its_streams_is_waited_for() -> None:
    done = SystemProcesses().run(shell("exec >&- 2>&-; sleep 0.3; exit 7"))
    assert (done.code, done.stdout) == (7, "")
    assert done.seconds >= 0.3


def test_a_program_that_was_killed_says_by_what() -> None:
    assert SystemProcesses().run(shell("kill -9 $$")).code == -9


def test_it_is_ended_when_nobody_can_take_its_output() -> None:
    pids: list[str] = []

    def take(line: str) -> None:
        pids.append(line)
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        SystemProcesses().run(shell("echo $$; exec sleep 600"), take)
    assert gone(pids[0])


def test_a_file_that_is_no_program_cannot_run(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no program")
    program = str(tmp_path / "data")
    with pytest.raises(CannotRun, match="cannot be started: Permission denied"):
        SystemProcesses().run(Command((program,), "/", ENV))
    with pytest.raises(CannotRun, match="is not here"):
        SystemProcesses().spawn(Command((program,), "/", ENV), "/dev/null")
    (tmp_path / "data").chmod(0o755)
    with pytest.raises(CannotRun, match="cannot be started: Exec format error"):
        SystemProcesses().run(Command((program,), "/", ENV))


def test_nothing_runs_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    with pytest.raises(CannotRun, match="true is not here"):
        SystemProcesses().run(Command(("true",), nowhere, ENV))
    with pytest.raises(CannotRun, match="true cannot be started"):
        SystemProcesses().spawn(Command(("true",), nowhere, ENV), "/dev/null")


def test_a_server_that_heeds_no_signal_is_killed_with_its_children(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = "trap '' TERM; sleep 600 & echo $$ $!; while true; do sleep 0.1; done"
    processes = SystemProcesses()
    server = processes.spawn(shell(script), str(log))
    until(lambda: log.read_text().endswith("\n"))
    processes.stop(server, 0.2)
    assert all(map(gone, log.read_text().split()))
    processes.stop(server, 0.2)  # a dead one is fine
    assert not processes.alive(server)
    assert not processes.alive(Server(2**22 + 1, "1"))  # no process can have this number
