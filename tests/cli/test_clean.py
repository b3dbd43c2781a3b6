"""`shipway clean`, as a person and as a script use it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
from tests.cleanup.state_folder import gathered
from tests.cli.in_process import SHIPWAY, environment, only, project, shipway
from tests.patience import PATIENCE

from shipway.pipeline.service_kinds import ServiceNote
from shipway.rollouts.local.instances import Instance
from shipway.rollouts.local.state import LOCAL_STATE, LocalState
from shipway.system.record import SqliteRecord

SETTINGS = '[application]\nname = "web"\n[retention]\nreleases = 1\n' + only()


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A project with one release too many, and its venv."""
    folder = project(tmp_path / "web", SETTINGS)
    (folder / ".shipway").mkdir()
    here = gathered(folder / ".shipway")
    for key in "ab":
        here.release(key)
        here.rolled_out(key)
    here.record.put_state("local", {"current": {"digest": "b" * 64}})
    here.record.close()
    return folder


def kept(web: Path) -> list[str]:
    return sorted(os.listdir(web / ".shipway" / "releases"))


def answered(folder: Path, answer: bytes) -> tuple[int, str]:
    """Clean at a terminal where somebody types; the exit code and what was seen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [SHIPWAY, "clean"],
        cwd=folder,
        env=environment(folder),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, answer)
    seen = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # the last one has closed it
            break
        seen += data
    os.close(ours)
    return process.wait(PATIENCE), seen.decode()


def test_a_script_is_shown_what_can_go_and_nothing_is_removed(web: Path) -> None:
    done = shipway(web, "clean")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "release      1      100 B  1.a",
        f"venv         1       50 B  {'a' * 16}",
        "in all       2      150 B",
        "nothing is removed; shipway clean --yes removes it",
    ]
    assert kept(web) == ["a" * 32, "b" * 32]


def test_with_yes_it_is_removed_and_then_there_is_nothing_left_to_do(web: Path) -> None:
    done = shipway(web, "clean", "--yes")
    assert done.returncode == 0
    assert done.stdout.endswith("removed: 150 B freed\n")
    assert kept(web) == ["b" * 32]
    assert shipway(web, "clean", "--yes").stdout == "nothing can go\n"


def test_json_says_the_same(web: Path) -> None:
    shown = json.loads(shipway(web, "clean", "--json").stdout)
    assert (shown["agreed"], shown["bytes"]) == (False, 150)
    assert [(one["kind"], one["name"], one["removed"]) for one in shown["found"]] == [
        ("release", "1.a", False),
        ("venv", "a" * 16, False),
    ]
    done = json.loads(shipway(web, "clean", "--json", "--yes").stdout)
    assert all(one["removed"] for one in done["found"])
    assert kept(web) == ["b" * 32]
    assert json.loads(shipway(web, "clean", "--json").stdout)["found"] == []


def service_of(web: Path, environment: str) -> ServiceNote:
    """A Redis of an environment, with 300 bytes of data."""
    folder = web / ".shipway" / "environments" / environment / "services"
    data = folder / f"shipway-redis-{'0' * 12}"  # as Shipway names it: a note may name no other
    data.mkdir(parents=True)
    (data / "appendonly").write_bytes(b"x" * 300)
    note = ServiceNote(name="redis", owner=None, folder=str(data), ready=True)
    (folder / "redis.json").write_text(note.to_json())
    return note


def test_the_services_of_an_environment_go_with_their_data_when_it_is_down(web: Path) -> None:
    record = SqliteRecord(str(web / ".shipway" / "record.sqlite3"))
    serving = LocalState(instances=(Instance("b" * 64, "1.b", "127.0.0.1:1", "/nowhere"),))
    record.put_state("busy", LOCAL_STATE.fields(serving))
    record.put_state("drill", LOCAL_STATE.fields(LocalState()))
    record.close()
    idle, unreadable = service_of(web, "drill"), service_of(web, "local")
    running = service_of(web, "busy")
    assert "service      1      300 B  redis of drill with its data" in shipway(web, "clean").stdout
    assert Path(idle.folder).exists()
    assert shipway(web, "clean", "--yes").returncode == 0
    assert not Path(idle.folder).exists()
    assert Path(running.folder).exists()
    assert Path(unreadable.folder).exists()
    assert shipway(web, "clean", "--yes").stdout == "nothing can go\n"


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"\x04"])
def test_a_person_who_does_not_agree_keeps_everything(web: Path, answer: bytes) -> None:
    code, seen = answered(web, answer)
    assert code == 0
    assert "Remove all of this? [y/N]" in seen
    assert kept(web) == ["a" * 32, "b" * 32]


def test_a_person_who_agrees_does_not(web: Path) -> None:
    code, seen = answered(web, b"y\n")
    assert (code, "removed: 150 B freed" in seen) == (0, True)
    assert kept(web) == ["b" * 32]


def test_a_wrong_policy_removes_nothing(web: Path) -> None:
    (web / "shipway.toml").write_text(SETTINGS.replace("releases = 1", "releases = 0"))
    done = shipway(web, "clean", "--yes")
    assert done.returncode == 2
    assert "retention.releases" in done.stderr
    assert kept(web) == ["a" * 32, "b" * 32]
