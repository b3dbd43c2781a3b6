"""State names a path that is deleted, a process that is signalled, a program that is started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.cli.in_process import alive, project, shipway, step
from tests.pipeline.redis_service import program

from shipway.errors import CannotRun
from shipway.pipeline.services import remove_stale_services
from shipway.ports import Command, Server
from shipway.system.files import BlobFolder, copy_files, is_blob
from shipway.system.process import SystemProcesses, this_process
from shipway.system.state_folder import remove_below

NAME = "shipway-redis-0123456789ab"


@contextmanager
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the same user that is none of Shipway's."""
    with subprocess.Popen(["sleep", "300"]) as process:
        yield process
        process.kill()


def born(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


# -- processes -----------------------------------------------------------------------------


def test_a_pid_file_that_names_somebody_else_kills_nobody(tmp_path: Path) -> None:
    log = tmp_path / "envoy.log"
    with bystander() as process:
        (tmp_path / "envoy.log.pid").write_text(str(process.pid))
        assert SystemProcesses().orphans(str(log)) is None
        assert alive(process.pid)


@pytest.mark.parametrize("text", ["1", "0", "-1", "", "x", "9" * 5000, "1\n2", "٣"])
def test_a_pid_file_of_any_content_finds_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "envoy.log.pid").write_text(text)
    assert SystemProcesses().orphans(str(tmp_path / "envoy.log")) is None


@pytest.mark.parametrize("log", ["", "envoy.log", "/dev/null"])
def test_a_recorded_process_that_is_somebody_else_is_not_stopped(tmp_path: Path, log: str) -> None:
    with bystander() as process:
        server = Server(process.pid, born(process.pid), log and str(tmp_path / log))
        SystemProcesses().stop(server, 0.1)
        assert process.poll() is None


def test_an_instance_of_another_environment_is_not_stopped(tmp_path: Path) -> None:
    processes = SystemProcesses()
    command = Command(("sleep", "300"), "/", {"PATH": os.environ["PATH"]})
    server = processes.spawn(command, str(tmp_path / "theirs.log"))
    processes.stop(Server(server.pid, server.born, str(tmp_path / "ours.log")), 0.1)
    assert processes.alive(server)
    processes.stop(server, 1.0)
    assert not processes.alive(server)


def test_what_was_started_is_known_by_its_output_where_its_environment_is_another(
    tmp_path: Path,
) -> None:
    """As what an older version started."""
    processes = SystemProcesses()
    command = Command(("env", "-i", "/bin/sleep", "300"), "/", {"PATH": os.environ["PATH"]})
    server = processes.spawn(command, str(tmp_path / "log"))
    assert processes.alive(server)
    assert processes.orphans(str(tmp_path / "log")) == server
    processes.stop(server, 1.0)
    assert not processes.alive(server)


def test_this_process_is_never_stopped(tmp_path: Path) -> None:
    SystemProcesses().stop(this_process(), 0.1)
    (tmp_path / "x.log.pid").write_text(str(os.getpid()))
    assert SystemProcesses().orphans(str(tmp_path / "x.log")) is None


def test_down_stops_nobody_whom_the_record_names(tmp_path: Path) -> None:
    web = project(tmp_path / "web", step("unit", "true") + "[environments.local]\nport = 0\n")
    assert shipway(web, "run").returncode == 0
    from shipway.system.record import SqliteRecord

    with bystander() as process:
        who = {"pid": process.pid, "born": born(process.pid)}
        instance = {"digest": "a", "release": "b", "address": "127.0.0.1:1", "log": "/c", **who}
        record = SqliteRecord(str(web / ".shipway" / "record.sqlite3"))
        record.put_state("local", {"instances": [instance], "proxy": {**who, "admin": 1}})
        record.close()
        assert shipway(web, "down").returncode == 0
        assert process.poll() is None


# -- notes of services ---------------------------------------------------------------------


def note(folder: str, **changes: Any) -> str:
    """A note of a service whose run has ended."""
    owner = {"pid": 1, "born": "never"}
    fields = {"name": "redis", "owner": owner, "folder": folder, "engine": "", "container": ""}
    return json.dumps({**fields, **changes})


def plant(state: Path, text: str, name: str = NAME) -> Path:
    path = state / "services" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("where", ["victim", "victim/inner", f"victim/{NAME}", "."])
@pytest.mark.parametrize("name", [NAME, "x", "..", "shipway-redis-zz"])
def test_a_note_deletes_no_folder_of_anybody(tmp_path: Path, where: str, name: str) -> None:
    victim = tmp_path / "victim"
    (victim / "inner").mkdir(parents=True)
    (victim / NAME).mkdir()
    state = tmp_path / "state"
    path = plant(state, note(str(tmp_path / where)), name.strip(".") or "x")
    remove_stale_services(str(state), SystemProcesses())
    assert sorted(os.listdir(victim)) == ["inner", NAME]
    assert not path.exists()


def test_a_note_deletes_nothing_behind_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    (victim / "inner").mkdir(parents=True)
    link = Path(tempfile.gettempdir()) / NAME
    link.symlink_to(victim)
    try:
        plant(tmp_path / "state", note(str(link)))
        remove_stale_services(str(tmp_path / "state"), SystemProcesses())
    finally:
        link.unlink()
    assert os.listdir(victim) == ["inner"]


@pytest.mark.parametrize("program_name", ["docker", "podman", "evil", "sh"])
def test_a_note_starts_no_program_of_its_own(tmp_path: Path, program_name: str) -> None:
    evil = tmp_path / program_name
    program(evil, f'#!/bin/sh\necho "$@" > {tmp_path}/started\n')
    folder = os.path.join(tempfile.gettempdir(), NAME)
    for container in (NAME, "", "somebody-elses"):
        text = note(folder, engine=str(evil), container=container)
        plant(tmp_path / "state", text)
        remove_stale_services(str(tmp_path / "state"), SystemProcesses())
        assert not (tmp_path / "started").exists()


def test_a_note_kills_nobody(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp()).rename(Path(tempfile.gettempdir()) / NAME)
    with bystander() as process:
        (folder / "redis.log.pid").write_text(str(process.pid))
        plant(tmp_path / "state", note(str(folder)))
        assert remove_stale_services(str(tmp_path / "state"), SystemProcesses()) == 1
        assert process.poll() is None
    assert not folder.exists()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "[" * 100_000, note("/"), note("", name="../x"), '{"owner": 1}', "\0"],
    ids=range(9),
)
def test_a_note_of_any_content_is_removed_and_that_is_all(tmp_path: Path, text: str) -> None:
    path = plant(tmp_path / "state", text)
    assert remove_stale_services(str(tmp_path / "state"), SystemProcesses()) == 1
    assert not path.exists()


def test_a_run_survives_planted_notes(tmp_path: Path) -> None:
    web = project(tmp_path / "web", step("unit", "true"), {"docs/page.md": "a page"})
    assert shipway(web, "run").returncode == 0
    plant(web / ".shipway", note(str(web / "docs")))
    assert shipway(web, "run").returncode == 0
    assert (web / "docs" / "page.md").exists()


# -- paths ---------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["../outside", "link/file", "link/inner", "a/../../outside", ".."])
def test_nothing_is_deleted_but_below_the_folder(tmp_path: Path, way: str) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (tmp_path / "outside" / "inner").mkdir(parents=True)
    (tmp_path / "outside" / "file").write_text("x")
    (state / "link").symlink_to(tmp_path / "outside")
    assert not remove_below(str(state), os.path.join(state, way))
    assert sorted(os.listdir(tmp_path / "outside")) == ["file", "inner"]


def test_a_link_itself_is_deleted_and_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "state" / "link").symlink_to(tmp_path / "outside")
    assert remove_below(str(tmp_path / "state"), str(tmp_path / "state" / "link"))
    assert (tmp_path / "outside").is_dir()


def test_what_is_below_goes_also_where_it_cannot_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "releases" / "x"
    folder.mkdir(parents=True)
    (folder / "app.py").write_text("")
    folder.chmod(0o555)
    assert remove_below(str(tmp_path / "state"), str(folder))


def test_clean_deletes_contents_only(tmp_path: Path) -> None:
    web = project(tmp_path / "web", step("unit", "true"))
    assert shipway(web, "run").returncode == 0
    kept = web / ".shipway" / "blobs" / "notes" / "mine.md"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    old = web / ".shipway" / "blobs" / "ab" / ("ab" + "0" * 62)
    old.parent.mkdir(exist_ok=True)
    old.write_text("x")
    for path in (kept, old):
        os.utime(path, (1, 1))
    assert shipway(web, "clean", "--yes").returncode == 0
    assert kept.read_text() == "mine"
    assert not old.exists()


@pytest.mark.parametrize(
    "path", ["page.md", "ab/page.md", "ab/" + "0" * 64, "ab/" + "ab" * 31, "", "ab/../" + "a" * 64]
)
def test_what_is_no_content_is_not_taken_for_one(path: str) -> None:
    assert not is_blob(path)


def test_a_content_is_one(tmp_path: Path) -> None:
    name = BlobFolder(str(tmp_path)).put(b"x")
    assert is_blob(str(tmp_path / name[:2] / name))


@pytest.mark.parametrize("name", ["../fast/app.py", "link/app.py", "/etc/x", "a/../../x"])
def test_a_release_writes_nothing_outside_of_it(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (tmp_path / "fast").mkdir()
    (tmp_path / "fast" / "app.py").write_text("theirs")
    (tmp_path / "x").write_text("theirs")
    (root / "link").symlink_to(tmp_path / "fast")
    target = tmp_path / "releases" / "1"
    with pytest.raises(CannotRun):
        copy_files(str(root), ["link", name], str(target))
    assert (tmp_path / "fast" / "app.py").read_text() == "theirs"
    assert not target.exists()
    assert sorted(os.listdir(tmp_path / "fast")) == ["app.py"]
    assert sys.executable
