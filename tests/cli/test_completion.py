"""What Tab offers, asked as the shells ask, and how a shell learns to ask."""

from __future__ import annotations

import os
import pty
import select
import subprocess
from pathlib import Path

import pytest
from tests.cli.in_process import SHIPWAY, environment, shipway
from tests.patience import PATIENCE, not_hanging

from shipway.system.record import SqliteRecord

CONFIGURATION = """
[steps.good]
run = "true"
inputs = []
stage = "quality"
[steps.bad]
run = "false"
inputs = []
[environments.local]
[environments.lobby]
"""


@pytest.fixture
def town(tmp_path: Path) -> Path:
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "shipway.toml").write_text(CONFIGURATION)
    return folder


def offered(folder: Path, line: str) -> list[str]:
    """What is offered at the end of a line."""
    answer = folder.parent / "answer"
    answer.write_text("")
    done = subprocess.run(
        [SHIPWAY],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env=environment(
            folder,
            _ARGCOMPLETE="1",
            _ARGCOMPLETE_IFS="\n",
            COMP_LINE=line,
            COMP_POINT=str(len(line)),
            _ARGCOMPLETE_STDOUT_FILENAME=str(answer),
            _ARGCOMPLETE_SUPPRESS_SPACE="1",
        ),
    )
    assert done.stdout == ""  # the shells read no errors
    return answer.read_text().splitlines()


def test_commands_are_offered(town: Path) -> None:
    assert {"run", "rollback", "resume", "report", "rehearse"} == set(offered(town, "shipway r"))
    assert set(offered(town, "shipway image ")) == {"build", "scan", "push"}
    assert offered(town, "shipway image pu") == ["push"]


def test_stages_steps_and_environments_are_offered(town: Path) -> None:
    assert offered(town, "shipway run qu") == ["quality"]
    assert offered(town, "shipway run --fail-fast good ba") == ["bad"]
    assert offered(town, "shipway run --skip ba") == ["bad"]
    assert offered(town, "shipway status lo") == ["local", "lobby"]
    assert offered(town, "shipway plan lob") == ["lobby"]
    assert offered(town, "shipway infra plan boot") == ["bootstrap"]
    assert offered(town, "shipway promote local lob") == ["lobby"]
    assert offered(town, "shipway rehearse --strategy can") == ["canary"]
    assert offered(town, "shipway notify --event he") == ["held"]


def test_options_are_offered(town: Path) -> None:
    assert offered(town, "shipway run --no-c") == ["--no-cache"]
    assert set(offered(town, "shipway --in")) == {"--install-completion"}
    assert set(offered(town, "shipway run --no-")) == {"--no-cache", "--no-strict"}
    assert offered(town, "shipway rehearse --fa") == ["--fault"]  # its help has a "%"


def test_another_directory_is_looked_into(town: Path) -> None:
    other = town.parent / "other"
    other.mkdir()
    assert offered(other, "shipway run ba") == []
    assert offered(other, "shipway -C ../town run ba") == ["bad"]
    assert offered(other, "shipway --directory=../town status lob") == ["lobby"]


def test_a_configuration_that_cannot_be_read_stops_nothing(town: Path) -> None:
    (town / "shipway.toml").write_text("rubbish")
    assert offered(town, "shipway run te") == ["test"]
    assert offered(town, "shipway deploy lo") == []
    assert offered(town, "shipway rollback --to re") == []


def test_packaged_releases_are_offered_to_go_back_to(town: Path) -> None:
    assert shipway(town, "plan").returncode == 0  # makes the record
    record = SqliteRecord(os.fspath(town / ".shipway" / "record.sqlite3"))
    record.add_release({"digest": "d", "name": "1.0.0-4f2c9d1"})
    record.close()
    assert offered(town, "shipway rollback local --to 1") == ["1.0.0-4f2c9d1"]
    assert offered(town, "shipway rollback local --to 2") == []


def test_for_wrong_words_nothing_is_offered(town: Path) -> None:
    assert offered(town, "shipway rn r") == []
    assert offered(town, "shipway --bogus run ") == []


def shown(folder: Path, shell: str) -> str:
    """The script that Shipway shows to whoever asks from this shell."""
    return subprocess.run(
        [shell, "-c", f"'{SHIPWAY}' --show-completion; true"],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    ).stdout


def test_bash_completes_with_the_script_that_is_shown(town: Path) -> None:
    script = shown(town, "bash")
    ask = (
        "COMP_LINE='shipway run ba' COMP_POINT=14 COMP_TYPE=9\n"
        f"_python_argcomplete '{SHIPWAY}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    done = subprocess.run(
        ["bash", "-c", f"{script}\n{ask}"],
        cwd=town,
        env=environment(town),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert done.stdout.strip() == "bad"


@pytest.mark.needs("fish")
def test_fish_completes_with_the_script_that_is_shown(town: Path) -> None:
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"{shown(town, 'fish')}\ncomplete -C 'shipway run ba'"],
        cwd=town,
        env=environment(town, HOME=str(town)),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["bad"]


@pytest.mark.needs("zsh")
def test_zsh_completes_with_the_script_that_is_shown(town: Path) -> None:
    functions = town.parent / "functions"
    functions.mkdir()
    (functions / "_shipway").write_text(shown(town, "zsh"))
    start = "PS1='ready> '; fpath+=($FUNCTIONS); autoload -Uz compinit; compinit -u -D"
    typed = [start, "shipway run ba\t"]
    assert "shipway run bad " in answered_by_zsh(town, typed, FUNCTIONS=str(functions))


def answered_by_zsh(folder: Path, typed: list[str], **variables: str) -> str:
    """What zsh shows on a terminal while a person types; a new line follows all but the last."""
    terminal, end = pty.openpty()
    variables = {**variables, "HOME": str(folder), "TERM": "dumb"}
    shell = subprocess.Popen(
        ["zsh", "--no-rcs", "--interactive"],
        cwd=folder,
        env=environment(folder, **variables),
        stdin=end,
        stdout=end,
        stderr=end,
        start_new_session=True,
    )
    os.close(end)
    seen = ""
    try:
        for text in typed:
            os.write(terminal, text.encode() + (b"" if text.endswith("\t") else b"\n"))
            if not text.endswith("\t"):
                seen += _until(terminal, "ready> ")
        return seen + _until(terminal, "bad ")
    finally:
        shell.kill()
        shell.wait()
        os.close(terminal)


def _until(terminal: int, words: str) -> str:
    """What a terminal shows, up to these words."""
    seen = ""
    with not_hanging():
        while words not in seen:
            assert select.select([terminal], [], [], PATIENCE)[0], seen
            seen += os.read(terminal, 4096).decode(errors="replace")
    return seen


@pytest.mark.parametrize(
    ("shell", "start", "script"),
    [
        ("bash", ".bashrc", ".bash_completions/shipway.sh"),
        ("zsh", ".zshrc", ".zfunc/_shipway"),
        ("fish", None, ".config/fish/completions/shipway.fish"),
    ],
)
def test_installing_twice_is_installing_once(
    shell: str, start: str | None, script: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    if start:
        (home / start).write_text("alias ll='ls -l'\n")
    program = tmp_path / shell  # a shell of that name, for which it is installed
    program.write_text(f'#!/bin/sh\n"{SHIPWAY}" --install-completion\nexit $?\n')
    program.chmod(0o755)
    texts = []
    for _ in range(2):
        done = subprocess.run(
            [program],
            env=environment(tmp_path, HOME=str(home), SHELL="/bin/no"),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        assert os.fspath(home / script) in done.stdout
        texts.append([path.read_text() for path in sorted(home.rglob("*")) if path.is_file()])
    assert texts[0] == texts[1]
    assert "_ARGCOMPLETE" in (home / script).read_text()
    if start:
        assert (home / start).read_text().startswith("alias ll='ls -l'\n")
        assert len((home / start).read_text().split("\n")) == 4


def test_a_script_of_an_older_build_is_told_to_be_replaced(town: Path) -> None:
    done = shipway(town, _SHIPWAY_COMPLETE="complete_bash", COMP_WORDS="shipway ", COMP_CWORD="1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[1] == "  next: shipway --install-completion"
