"""Each signal that ends a command ends what the command started, whatever the command is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.cli.in_process import SHIPWAY, environment, git, only, project, shipway, step
from tests.patience import PATIENCE, until

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
BUSY = "sleep 600 & touch begun; wait"  # with a child in the background, and word of it
STUBBORN = f"trap '' INT TERM HUP QUIT; {BUSY}"
# Whatever starts the tests may have these ignored, and what is ignored stays so.
HEEDED = ("env", "--default-signal=INT,TERM,HUP,QUIT")


def started(
    folder: Path, *words: str, before: tuple[str, ...] = HEEDED, **variables: str
) -> subprocess.Popen[str]:
    """A command on its way, whose children can be told from all others by their PATH."""
    path = f"{mark(folder)}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        [*before, SHIPWAY, *words],
        cwd=folder,
        text=True,
        start_new_session=True,
        env=environment(folder, **{"PATH": path, **variables}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def mark(folder: Path) -> Path:
    return folder.parent / "programs"


def children(folder: Path, command: subprocess.Popen[str]) -> list[int]:
    """The processes that the command started and that run still."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            marked = bytes(mark(folder)) in (path / "environ").read_bytes()
        except OSError:
            continue
        if marked and int(path.name) != command.pid:
            found.append(int(path.name))
    return found


def ended(folder: Path, command: subprocess.Popen[str], number: signal.Signals) -> str:
    """Send the signal, and see what every command keeps to; what was printed."""
    assert children(folder, command)
    command.send_signal(number)
    output, errors = command.communicate(timeout=PATIENCE)
    assert command.returncode == 130, output + errors
    assert "Traceback" not in errors
    until(lambda: not children(folder, command))  # the kernel's part takes a moment
    return output


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_run_and_its_steps(tmp_path: Path, number: signal.Signals) -> None:
    web = project(tmp_path / "web", step("long", BUSY))
    run = started(web, "run")
    until((web / "begun").exists)
    assert "interrupted" in ended(web, run, number)
    assert shipway(web, "report").returncode == 0


@pytest.fixture
def silence() -> Iterator[str]:
    """The address of a package index that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple"


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_init_and_its_first_run(
    tmp_path: Path, silence: str, number: signal.Signals
) -> None:
    files = {
        "uv.lock": "version = 1\n",
        "app.py": "from flask import Flask\n\napp = Flask('a')\n",
        "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n'
        'requires-python = ">=3.11"\ndependencies = ["flask"]\n',
    }
    shop = project(tmp_path / "shop", "", files)
    (shop / "shipway.toml").unlink()
    cache = str(tmp_path / "uv")
    init = started(shop, "init", UV_DEFAULT_INDEX=silence, UV_CACHE_DIR=cache, CI="")
    until(lambda: len(children(shop, init)) > 1)  # tools that are waited for
    assert "next: shipway run" not in ended(shop, init, number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_build_of_an_image(tmp_path: Path, number: signal.Signals) -> None:
    files = {"Dockerfile": "FROM scratch\n", ".gitignore": ".shipway/\n"}
    web = project(tmp_path / "web", '[image]\nbuilder = "buildah"\n' + only(), files)
    git(web, "init", "--quiet")
    git(web, "add", ".")
    git(web, "commit", "--quiet", "--message", "All")
    builder = mark(web) / "buildah"
    builder.parent.mkdir()
    builder.write_text(
        f'#!/bin/sh\ncase "$*" in *Dockerfile*) cd {web}; {BUSY};; *) echo 1.40;; esac\n'
    )
    builder.chmod(0o755)
    build = started(web, "image", "build")
    until(lambda: (web / "begun").exists() or build.poll() is not None)
    ended(web, build, number)


def test_a_signal_ends_a_run_whose_step_heeds_none(tmp_path: Path) -> None:
    web = project(tmp_path / "web", step("long", STUBBORN))
    run = started(web, "run")
    until((web / "begun").exists)
    assert "interrupted" in ended(web, run, signal.SIGQUIT)


def test_what_nohup_started_survives_the_terminal(tmp_path: Path) -> None:
    script = "touch begun; until test -e go; do sleep 0.1; done"
    web = project(tmp_path / "web", step("long", script))
    run = started(web, "run", before=(*HEEDED, "nohup"))
    until((web / "begun").exists)
    run.send_signal(signal.SIGHUP)
    for pid in children(web, run):
        with suppress(ProcessLookupError):  # one of its sleeps, which has ended since
            os.kill(pid, signal.SIGHUP)
    (web / "go").touch()
    output, _ = run.communicate(timeout=PATIENCE)
    assert run.returncode == 0, output


def test_a_terminal_that_closes_ends_the_run_and_the_record_says_so(tmp_path: Path) -> None:
    web = project(tmp_path / "web", step("long", BUSY))
    path = f"{mark(web)}{os.pathsep}{os.environ['PATH']}"
    pid, terminal = os.forkpty()
    if pid == 0:  # pragma: no cover  # the command, whose terminal this is
        os.chdir(web)
        os.execvpe("env", [*HEEDED, SHIPWAY, "run"], environment(web, PATH=path, TERM="xterm"))
    until((web / "begun").exists)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    said = shipway(web, "report")
    assert said.returncode == 0, said.stderr
    assert "interrupted" in (web / ".shipway" / "report.html").read_text()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_after_a_command_ended_changes_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    code = (
        "import atexit, signal, sys\n"
        "from shipway.__main__ import main\n"
        f"atexit.register(signal.raise_signal, {number})\n"
        "sys.argv = ['shipway', '--version']\n"
        "main()"
    )
    done = subprocess.run(
        [*HEEDED, sys.executable, "-c", code], text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
