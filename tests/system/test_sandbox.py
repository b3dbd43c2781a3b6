"""Programs in each of the sandboxes that this machine has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.patience import PATIENCE, until
from tests.sandboxes import LANDLOCK, NAMESPACES, PLAIN, need_sandbox, refuses_signals, run_in

from shipway.errors import CannotRun
from shipway.ports import Command, Sandbox
from shipway.system.process import SystemProcesses
from shipway.system.sandbox import (
    LaunchReport,
    SandboxedProgram,
    exceeded,
    machine_memory,
    shortcoming,
)

MODES = pytest.mark.parametrize("mode", [NAMESPACES, LANDLOCK, PLAIN])
PYTHON = sys.executable


def children_of(mark: str) -> list[str]:
    """Processes of this machine with a text in their command line."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = Path(f"/proc/{name}/cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in line and name != str(os.getpid()):
            found.append(name)
    return found


# -- as before -----------------------------------------------------------------------------


@MODES
def test_code_and_both_streams_come_back(mode: str, tmp_path: Path) -> None:
    done = run_in(mode, tmp_path, "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (done.code, done.stdout, done.stderr) == (3, "out\n", "err\n")


@MODES
def test_a_signal_comes_back(mode: str, tmp_path: Path) -> None:
    assert run_in(mode, tmp_path, "sh", "-c", "kill -9 $$").code == -9
    assert run_in(mode, tmp_path, "sh", "-c", "kill -15 $$").code == -15


@MODES
def test_a_program_that_is_not_there_is_told_as_such(mode: str, tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="no-such-program is not here"):
        run_in(mode, tmp_path, "no-such-program")


@MODES
def test_a_program_that_may_not_be_executed_is_told_as_such(mode: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("x")
    with pytest.raises(CannotRun, match="cannot be started: Permission denied"):
        run_in(mode, tmp_path, str(tmp_path / "text"))


@MODES
def test_it_sees_its_own_variables_and_descriptors_only(mode: str, tmp_path: Path) -> None:
    code = (
        "import json, os; "
        "print(json.dumps([sorted(os.environ), sorted(map(int, os.listdir('/proc/self/fd')))]))"
    )
    names, descriptors = json.loads(run_in(mode, tmp_path, PYTHON, "-I", "-c", code).stdout)
    assert {*names} - {"SHIPWAY_STEP", "LC_CTYPE"} == {"HOME", "PATH"}
    assert descriptors == [0, 1, 2, 3]  # the last is the folder that is listed


@MODES
def test_it_leads_a_session_of_its_own(mode: str, tmp_path: Path) -> None:
    code = "import os; print(os.getsid(0) == os.getpid() == os.getpgrp())"
    assert run_in(mode, tmp_path, PYTHON, "-I", "-c", code).stdout == "True\n"


@MODES
def test_it_writes_where_nothing_is_protected(mode: str, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    sandbox = Sandbox(read_only=(str(tmp_path / "state"),))
    script = "echo x > new && mkdir sub && cat new"
    done = run_in(mode, tmp_path, "sh", "-c", script, sandbox=sandbox)
    assert done.stdout == "x\n"
    assert (tmp_path / "new").stat().st_uid == os.geteuid()


@MODES
def test_files_can_be_moved_and_linked_between_folders(mode: str, tmp_path: Path) -> None:
    """Landlock forbids it where nothing allows it."""
    (tmp_path / "state").mkdir()
    sandbox = Sandbox(read_only=(str(tmp_path / "state"),))
    script = "mkdir a b && echo x > a/f && ln a/f b/g && mv a/f b/f && mv a b/a && cat b/f"
    rename = "import os; os.rename('b/f', 'f'); os.link('f', 'b/h'); os.rename('b/a', 'c')"
    done = run_in(mode, tmp_path, "sh", "-c", script, sandbox=sandbox)
    assert (done.stdout, done.stderr) == ("x\n", "")
    assert run_in(mode, tmp_path, PYTHON, "-c", rename, sandbox=sandbox).code == 0


@MODES
def test_it_can_be_timed_out(mode: str, tmp_path: Path) -> None:
    script = "trap 'echo ended; exit' TERM; sleep 60 & wait"
    done = run_in(mode, tmp_path, "sh", "-c", script, timeout=2)
    assert done.timed_out
    assert done.stdout in ("ended\n", "")  # a busy machine may not have come to the trap


@MODES
def test_what_ignores_the_request_is_killed(mode: str, tmp_path: Path) -> None:
    need_sandbox(mode)
    command = Command(
        ("sh", "-c", "trap '' TERM; while :; do sleep 1; done"),
        "/",
        {"PATH": os.defpath},
        2.0,
        sandbox=Sandbox(),
    )
    done = SystemProcesses(0.3, (mode,)).run(command)
    assert (done.timed_out, done.code) == (True, -9)


@MODES
def test_what_is_given_to_it_can_be_read(mode: str, tmp_path: Path) -> None:
    need_sandbox(mode)
    command = Command(("cat",), "/", {"PATH": os.defpath}, sandbox=Sandbox(), stdin=b"hello")
    assert SystemProcesses(modes=(mode,)).run(command).stdout == "hello"


def test_a_program_without_a_sandbox_can_read_what_is_given_to_it() -> None:
    command = Command(("cat",), "/", {"PATH": os.defpath}, stdin=b"hello")
    assert SystemProcesses().run(command).stdout == "hello"


# -- nothing survives ----------------------------------------------------------------------

SURVIVORS = {
    "a child": "sleep {n} &",
    "a session of its own": "setsid sleep {n} &",
    "with nothing open": "setsid sleep {n} </dev/null >/dev/null 2>&1 &",
    "forked twice": "(setsid sleep {n} &) &",
    "nohup": "nohup setsid sleep {n} >/dev/null 2>&1 &",
    "without its variables": "setsid env -i sleep {n} >/dev/null 2>&1 &",
    "stopped": "setsid sleep {n} & kill -STOP $!",
}


@MODES
@pytest.mark.parametrize("how", SURVIVORS)
def test_nothing_survives_its_program(mode: str, how: str, tmp_path: Path) -> None:
    mark = f"86{abs(hash((mode, how, tmp_path))) % 10**6}"
    done = run_in(mode, tmp_path, "sh", "-c", SURVIVORS[how].format(n=mark) + " sleep 0.2; exit 4")
    assert done.code == 4
    assert children_of(mark) == []


@pytest.mark.parametrize("mode", [LANDLOCK, PLAIN])
def test_what_ends_its_launcher_ends_with_it(mode: str, tmp_path: Path) -> None:
    """The launcher is killed by the program: what is left is found by its mark."""
    mark = f"87{abs(hash((mode, tmp_path))) % 10**6}"
    script = f"setsid sleep {mark} & sleep 0.2; kill -9 $PPID; sleep 1; exit 4"
    done = run_in(mode, tmp_path, "sh", "-c", script)
    assert done.code == (4 if mode == LANDLOCK and refuses_signals() else -9)
    until(lambda: children_of(mark) == [])


@MODES
def test_nothing_survives_a_shipway_that_is_killed(mode: str, tmp_path: Path) -> None:
    need_sandbox(mode)
    mark = f"88{abs(hash((mode, tmp_path))) % 10**6}"
    code = (
        "import os; from shipway.ports import Command, Sandbox; "
        "from shipway.system.process import SystemProcesses; "
        f"SystemProcesses(modes=('{mode}',)).run(Command(('sh', '-c', 'setsid sleep {mark} & "
        f"sleep {mark}'), '/', {{'PATH': os.defpath}}, sandbox=Sandbox()))"
    )
    process = subprocess.Popen([PYTHON, "-c", code])
    until(lambda: len(children_of(f"sleep\0{mark}")) == 2)
    process.kill()
    process.wait(PATIENCE)
    until(lambda: children_of(f"sleep\0{mark}") == [])


# -- limits --------------------------------------------------------------------------------


@MODES
def test_what_uses_too_much_memory_is_ended_and_told(mode: str, tmp_path: Path) -> None:
    code = "x = b'x' * 200_000_000; import time; time.sleep(60)"
    sandbox = Sandbox(memory=64 * 2**20)
    done = run_in(mode, tmp_path, PYTHON, "-c", code, sandbox=sandbox)
    assert done.exceeded == "it used more than 0.0625 GB of memory"
    assert done.code == -9
    assert not done.timed_out


@MODES
def test_memory_that_is_shared_counts_once(mode: str, tmp_path: Path) -> None:
    code = (
        "import os, time; x = b'x' * 60_000_000\n"
        "for _ in range(8): os.fork() or (time.sleep(2), os._exit(0))\n"
        "time.sleep(2)"
    )
    sandbox = Sandbox(memory=300 * 2**20)
    done = run_in(mode, tmp_path, PYTHON, "-c", code, sandbox=sandbox)
    assert (done.exceeded, done.code) == ("", 0)


@MODES
def test_a_fork_bomb_is_ended_and_told(mode: str, tmp_path: Path) -> None:
    code = (
        "import os, time\n"
        "for _ in range(60):\n"
        "    if os.fork() == 0: os.setsid(); time.sleep(60)\n"
        "time.sleep(60)"
    )
    done = run_in(mode, tmp_path, PYTHON, "-c", code, sandbox=Sandbox(processes=50))
    assert done.exceeded == "it had more than 50 processes at once"
    assert done.code == -9


@MODES
def test_what_prints_without_end_is_ended_and_told(mode: str, tmp_path: Path) -> None:
    done = run_in(mode, tmp_path, "yes", sandbox=Sandbox(output=3 * 2**20))
    assert done.exceeded == "it printed more than 3 MB"
    assert not done.timed_out


@given(memory=st.integers(1, 2**50), processes=st.integers(1), output=st.integers(1))
@settings(max_examples=20)
def test_only_a_limit_that_was_reached_is_told(memory: int, processes: int, output: int) -> None:
    sandbox = Sandbox(memory=memory, processes=processes, output=output)
    assert exceeded(sandbox, "") == ""
    assert exceeded(None, "memory") == ""
    sentences = {exceeded(sandbox, limit) for limit in ("memory", "processes", "output")}
    assert len(sentences) == 3
    assert "" not in sentences


def test_the_memory_of_this_machine_is_known() -> None:
    assert 2**28 < machine_memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_the_memory_of_every_group_that_this_process_is_in_counts(tmp_path: Path) -> None:
    (tmp_path / "job" / "step").mkdir(parents=True)
    (tmp_path / "membership").write_text("0::/job/step\n")
    (tmp_path / "job" / "memory.max").write_text(f"{2**28}\n")
    (tmp_path / "job" / "step" / "memory.max").write_text("max\n")
    assert machine_memory(str(tmp_path), str(tmp_path / "membership")) == 2**28
    (tmp_path / "job" / "step" / "memory.max").write_text(f"{2**27}\n")
    assert machine_memory(str(tmp_path), str(tmp_path / "membership")) == 2**27


# -- what is held --------------------------------------------------------------------------


def test_what_is_hidden_is_empty(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_text("k")
    sandbox = Sandbox(hidden=(str(tmp_path / "secrets"), str(tmp_path / "none")))
    done = run_in(NAMESPACES, tmp_path, "ls", "-A", "secrets", sandbox=sandbox)
    assert (done.code, done.stdout) == (0, "")


def test_what_is_read_only_can_be_read_and_not_written_except_below(tmp_path: Path) -> None:
    own = tmp_path / "state" / "runs" / "own"
    own.mkdir(parents=True)
    (tmp_path / "state" / "file").write_text("x")
    sandbox = Sandbox(read_only=(str(tmp_path / "state"),), writable=(str(own),))
    script = "cat state/file; echo y > state/file; touch state/runs/new; touch state/runs/own/new"
    done = run_in(NAMESPACES, tmp_path, "sh", "-c", script, sandbox=sandbox)
    assert (done.code, done.stdout) == (0, "x")
    assert (tmp_path / "state" / "file").read_text() == "x"
    assert [path.name for path in (tmp_path / "state" / "runs").rglob("*")] == ["own", "new"]


@pytest.mark.parametrize("name", ["state", "a state", "a,state:x"])
def test_what_is_written_to_a_scratch_folder_is_gone_afterwards(name: str, tmp_path: Path) -> None:
    """The state with the environment, to which some packages write when they are first used."""
    state = tmp_path / name
    (state / "venv" / "lib").mkdir(parents=True)
    (state / "out").mkdir()
    (state / "venv" / "lib" / "module.py").write_text("x")
    sandbox = Sandbox(
        scratch=(str(state),),
        unless_scratch=(str(state / "venv"),),
        writable=(str(state / "out"),),
    )
    script = (
        'cd "$0" && echo y > venv/lib/module.py && mkdir venv/new && mv venv/new venv/newer && '
        "cat venv/lib/module.py && echo z > out/kept; touch new"
    )
    done = run_in(NAMESPACES, tmp_path, "sh", "-c", script, str(state), sandbox=sandbox)
    assert done.stdout == "y\n"
    assert (state / "out" / "kept").read_text() == "z\n"
    assert not (state / "new").exists()
    if name != "a,state:x":  # overlayfs takes no such name, so the environment is writable
        assert (state / "venv" / "lib" / "module.py").read_text() == "x"
        assert not (state / "venv" / "newer").exists()


def test_a_link_to_what_is_protected_is_no_way_around(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "state")
    sandbox = Sandbox(read_only=(str(tmp_path / "link"),))
    done = run_in(NAMESPACES, tmp_path, "touch", "state/new", sandbox=sandbox)
    assert done.code != 0


LOOPBACK = (
    "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); "
    "c = socket.create_connection(s.getsockname()); print('loopback')"
)
OUTSIDE = "import socket; socket.create_connection(('192.0.2.1', 80), 5)"


def test_without_network_loopback_works_and_nothing_else(tmp_path: Path) -> None:
    sandbox = Sandbox(network=False)
    assert run_in(NAMESPACES, tmp_path, PYTHON, "-c", LOOPBACK, sandbox=sandbox).code == 0
    done = run_in(NAMESPACES, tmp_path, PYTHON, "-c", OUTSIDE, sandbox=sandbox)
    assert "Network is unreachable" in done.stderr


@pytest.mark.parametrize("mode", [LANDLOCK, PLAIN])
def test_where_the_network_cannot_be_taken_away_nothing_is_run(mode: str, tmp_path: Path) -> None:
    need_sandbox(mode)
    with pytest.raises(CannotRun, match="network = false cannot be held here") as raised:
        run_in(mode, tmp_path, "touch", "ran", sandbox=Sandbox(network=False))
    assert raised.value.code == "sandbox-unavailable"
    assert not (tmp_path / "ran").exists()


def test_what_does_not_hold_is_told_with_the_reason() -> None:
    refused = dict(SandboxedProgram.refused)
    try:
        SandboxedProgram.refused.clear()
        assert shortcoming() == ""
        SandboxedProgram.refused[NAMESPACES] = "AppArmor restricts user namespaces"
        assert "can write to .shipway" in shortcoming()
        assert "AppArmor restricts user namespaces" in shortcoming()
        SandboxedProgram.refused[LANDLOCK] = "the kernel has no Landlock"
        assert shortcoming().startswith("steps run without a sandbox")
    finally:
        SandboxedProgram.refused.clear()
        SandboxedProgram.refused.update(refused)


def test_a_launcher_that_said_nothing_was_killed() -> None:
    assert LaunchReport(mode=PLAIN).code(0) == -9
    assert LaunchReport(mode=PLAIN, ended=3 << 8).code(0) == 3
    assert LaunchReport().code(7) == 7


def test_a_refusal_of_the_network_alone_does_not_give_up_a_mode(tmp_path: Path) -> None:
    """The next program without that wish still gets the mode."""
    need_sandbox(PLAIN)
    with pytest.raises(CannotRun):
        run_in(PLAIN, tmp_path, "true", sandbox=Sandbox(network=False))
    assert PLAIN not in SandboxedProgram.refused
    assert run_in(PLAIN, tmp_path, "true").code == 0


def test_a_launcher_that_does_not_answer_in_time_gives_up_no_mode(tmp_path: Path) -> None:
    """A busy machine is no weaker one: the next step is held as well as ever."""
    need_sandbox(PLAIN)
    command = Command(("sleep", "600"), str(tmp_path), {"PATH": os.environ["PATH"]})
    with pytest.raises(TimeoutError, match="did not answer"):
        SandboxedProgram.start(command, Sandbox(), (PLAIN,), limit=0.0)
    assert PLAIN not in SandboxedProgram.refused
