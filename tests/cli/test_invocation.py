"""What is printed to be typed, typed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.in_process import SHIPWAY, environment, project, step

from shipway.cli.invocation import program

NAMES = ("plain", "it.s", "9-x_y+z")
FAILING = "".join(step(f"'{name}'", "exit 3") for name in NAMES)


def files(folder: Path, *names: str) -> str:
    """A PATH of folders that each have a shipway."""
    for name in names:
        (folder / name).mkdir()
        (folder / name / "shipway").write_text(name)
        (folder / name / "shipway").chmod(0o755)
    return os.pathsep.join(str(folder / name) for name in names)


def test_the_program_is_named_as_it_was_typed(tmp_path: Path) -> None:
    path = files(tmp_path, "first", "second")
    first, second = (str(tmp_path / name / "shipway") for name in ("first", "second"))
    assert program(first, "", {"PATH": path}) == ("shipway",)
    assert program(second, "", {"PATH": path}) == (second,)  # the name alone is another one
    assert program(".venv/bin/shipway", "", {"PATH": path}) == (".venv/bin/shipway",)
    module = "/lib/shipway/__main__.py"
    assert program(module, ".venv/bin/python", {}) == (".venv/bin/python", "-m", "shipway")
    assert program("/usr/bin/pytest", "python", {"PATH": path}) == ("shipway",)


def test_on_a_runner_of_github_no_path_of_the_runner_is_named(tmp_path: Path) -> None:
    runner = {"GITHUB_ACTIONS": "true", "PATH": files(tmp_path, "first")}
    assert program("/home/runner/work/_temp/shipway/bin/shipway", "", runner) == ("shipway",)
    assert program(".venv/bin/shipway", "", runner) == (".venv/bin/shipway",)
    assert program("/lib/shipway/__main__.py", "/usr/bin/python", runner) == ("shipway",)


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=folder,
        env=environment(folder, **variables),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    "start",
    [
        (SHIPWAY, "-C", "my 'candidate'"),
        (os.path.relpath(SHIPWAY), "-C", "my 'candidate'"),
        (sys.executable, "-m", "shipway", "-C", "my 'candidate'"),
    ],
    ids=["absolute", "relative", "module"],
)
def test_every_command_of_a_failing_run_does_what_it_says_where_it_was_printed(
    tmp_path: Path, start: tuple[str, ...]
) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "shipway").symlink_to(SHIPWAY)
    start = (".venv/bin/shipway", *start[1:]) if not os.path.isabs(start[0]) else start
    project(tmp_path / "my 'candidate'", FAILING)
    bare = {"PATH": os.environ.get("PATH", os.defpath)}  # where no shipway is
    failed = run(tmp_path, *start, "run", **bare)
    assert failed.returncode == 1, failed.stderr
    commands = re.findall(r"^  again: (.*)$", failed.stdout, re.MULTILINE)
    assert len(commands) == len(NAMES)
    ran = set()
    for command in commands:
        words = shlex.split(command)
        assert words[: len(start)] == list(start)
        again = run(tmp_path, *words, **bare)
        assert again.returncode == 1, again.stderr
        assert "1 step: 1 failed" in again.stdout
        ran.add(next(name for name in NAMES if f"failed: {name}:" in again.stdout))
    assert ran == set(NAMES)


def test_what_helps_after_an_error_is_typed_where_it_was_printed(tmp_path: Path) -> None:
    configuration = '[application]\nname = "web"\nserve = "x"\n[environments.nightly]\n'
    project(tmp_path / "web", configuration, {"requirements.txt": ""})
    wrong = run(tmp_path, SHIPWAY, "-C", "web", "resume", "nightly")
    assert "next: See what was: shipway -C web status nightly --history.\n" in wrong.stderr
    history = run(tmp_path, SHIPWAY, "-C", "web", "status", "nightly", "--history")
    assert history.returncode == 0, history.stderr
    assert history.stdout == "nightly: nothing runs; start it with shipway -C web run\n"


def test_below_the_application_nothing_has_to_be_said_of_where_it_is(tmp_path: Path) -> None:
    web = project(tmp_path / "web", step("bad", "exit 3"), {"src/app.py": ""})
    failed = run(web / "src", SHIPWAY, "run")
    assert "  again: shipway run bad\n" in failed.stdout
    assert run(web / "src", SHIPWAY, "run", "bad").returncode == 1
