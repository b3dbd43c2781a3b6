"""Real programs through the one place that runs them."""

from __future__ import annotations

import os
import stat
import sys
import threading
from pathlib import Path

import pytest
from tests.patience import PATIENCE, until

from shipway.errors import CannotRun
from shipway.ports import Command, Server
from shipway.system.process import SystemProcesses


def python(code: str, **more: object) -> Command:
    env = {"PATH": os.environ["PATH"]}
    return Command((sys.executable, "-c", code), "/", **{"env": env, **more})  # type: ignore[arg-type]


def running(pid: str) -> bool:
    """Whether it runs: what is dead and not reaped has no command line any more."""
    path = Path(f"/proc/{pid}/cmdline")
    return path.exists() and bool(path.read_bytes())


def test_code_and_both_streams_come_back() -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    done = SystemProcesses().run(python(code))
    assert (done.code, done.stdout, done.stderr) == (3, "out\n", "err\n")


def test_nothing_of_the_environment_is_inherited() -> None:
    done = SystemProcesses().run(python("import os; print(sorted(os.environ))", env={"A": "1"}))
    assert "HOME" not in done.stdout
    assert "'A'" in done.stdout


def test_a_timeout_ends_grandchildren_too(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    code = (
        "import subprocess, time; p = subprocess.Popen(['sleep', '600']);"
        f"open({str(mark)!r}, 'w').write(str(p.pid)); time.sleep(600)"
    )
    for timeout in (1.0, 10.0, PATIENCE):  # a busy machine starts a program slowly
        assert SystemProcesses().run(python(code, timeout=timeout)).timed_out
        if mark.exists() and mark.read_text():
            break
    until(lambda: not running(mark.read_text()))


def test_the_end_of_a_long_output_is_kept_and_it_says_so() -> None:
    code = "print('first'); print('x\\n' * 100_000); print('why it failed')"
    done = SystemProcesses().run(python(code, output_limit=1000))
    assert done.stdout.endswith("why it failed\n")
    assert done.stdout.startswith("[output cut here: the last 1000 characters follow]\n")
    assert "first" not in done.stdout
    assert len(done.stdout) < 1100


def test_output_beyond_the_limit_is_cut_and_says_so() -> None:
    done = SystemProcesses().run(python("print('x' * 100_000)", output_limit=1000))
    assert "output cut here" in done.stdout
    assert len(done.stdout) < 1200


def test_bytes_that_are_no_text_do_no_harm() -> None:
    done = SystemProcesses().run(python(r"import os; os.write(1, b'\xff\xfeok\n')"))
    assert done.stdout.endswith("ok\n")


def test_a_secret_is_blotted_out_even_when_it_arrives_in_pieces() -> None:
    code = "import os, time; os.write(1, b'a hush'); time.sleep(0.2); os.write(1, b'-hush b\\n')"
    lines: list[str] = []
    done = SystemProcesses().run(python(code, secrets=("hush-hush",)), lines.append)
    assert done.stdout == "a [redacted] b\n"
    assert lines == ["a [redacted] b"]


def test_a_program_that_is_not_there_cannot_run() -> None:
    with pytest.raises(CannotRun, match="no-such-program is not here"):
        SystemProcesses().run(Command(("no-such-program",), "/"))
    with pytest.raises(CannotRun, match="no-such-program is not here"):
        SystemProcesses().spawn(Command(("no-such-program",), "/"), "/dev/null")


def test_cancelling_ends_what_runs_and_what_comes_later() -> None:
    processes = SystemProcesses()
    threading.Timer(0.3, processes.cancel).start()
    assert processes.run(python("import time; time.sleep(600)", timeout=PATIENCE)).cancelled
    assert processes.run(python("import time; time.sleep(600)", timeout=PATIENCE)).cancelled


def test_only_the_owner_reads_what_a_server_prints(tmp_path: Path) -> None:
    processes = SystemProcesses()
    logs = tmp_path / "logs"
    earlier = tmp_path / "earlier.log"
    earlier.touch(0o644)
    for log in (logs / "a.log", earlier):
        server = processes.spawn(
            Command(("sleep", "60"), "/", {"PATH": os.environ["PATH"]}), str(log)
        )
        processes.stop(server, 5)
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE(logs.stat().st_mode) == 0o700


def test_a_server_is_known_by_its_birth_and_stopped(tmp_path: Path) -> None:
    processes = SystemProcesses()
    env = {"PATH": os.environ["PATH"]}
    log = tmp_path / "log"
    server = processes.spawn(Command(("sleep", "60"), "/", env), str(log))
    other = Server(server.pid, "1")
    assert processes.alive(server)
    assert not processes.alive(other)
    processes.stop(other, 1)
    assert processes.alive(server)
    processes.stop(server, 5)
    assert not processes.alive(server)


def test_a_server_is_alive_from_its_first_moment(tmp_path: Path) -> None:
    processes = SystemProcesses()
    command = Command(("sleep", "60"), "/", {"PATH": os.environ["PATH"]})
    for number in range(5):
        server = processes.spawn(command, str(tmp_path / str(number)))
        seen = {processes.alive(server) for _ in range(500)}
        processes.stop(server, 5)
        assert seen == {True}
