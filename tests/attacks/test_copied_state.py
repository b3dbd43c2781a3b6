"""A project is copied, moved or unpacked together with its state."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from tests.attacks.instances import end, running
from tests.cli.in_process import alive, project, shipway, step

CONFIGURATION = step("unit", "true") + "[environments.local]\nport = 0\n"


@pytest.fixture
def web(tmp_path: Path) -> Path:
    web = project(tmp_path / "web", CONFIGURATION)
    assert shipway(web, "run").returncode == 0
    return web


def test_down_stops_what_runs(web: Path) -> None:
    pid = running(web)
    assert shipway(web, "down").returncode == 0
    assert not alive(pid)


@pytest.mark.parametrize("words", [("down",), ("status",), ("clean", "--yes"), ("run",)])
def test_a_copy_does_nothing_to_the_original(web: Path, words: tuple[str, ...]) -> None:
    pid = running(web)
    copy = web.parent / "copy"
    shutil.copytree(web, copy, symlinks=True)
    done = shipway(copy, *words)
    assert alive(pid)
    end(pid)
    assert done.returncode == 2
    assert f"is a copy of the state of {web}" in done.stderr
    assert f"rm -r {copy}/.shipway" in done.stderr


def test_a_copy_of_a_state_that_says_no_place_does_nothing_to_the_original(web: Path) -> None:
    """As versions before this one left it: the process is not the copy's by its log."""
    pid = running(web)
    copy = web.parent / "copy"
    shutil.copytree(web, copy, symlinks=True)
    (copy / ".shipway" / "place.json").unlink()
    done = shipway(copy, "down")
    assert alive(pid)
    end(pid)
    assert done.returncode == 0


def test_the_original_goes_on_when_it_was_copied(web: Path) -> None:
    shutil.copytree(web, web.parent / "copy")
    assert "1 cached" in shipway(web, "run").stdout


def test_a_copy_begins_anew_as_it_was_told(web: Path) -> None:
    copy = web.parent / "copy"
    shutil.copytree(web, copy)
    assert shipway(copy, "run").returncode == 2
    shutil.rmtree(copy / ".shipway")
    assert "1 passed" in shipway(copy, "run").stdout


def test_a_project_that_was_moved_keeps_its_state_and_stops_what_runs(web: Path) -> None:
    pid = running(web)
    moved = web.parent / "moved"
    web.rename(moved)
    assert "1 cached" in shipway(moved, "run").stdout
    assert shipway(moved, "down").returncode == 0
    assert not alive(pid)


def test_a_copy_that_took_the_place_of_the_original_keeps_its_state(web: Path) -> None:
    copy = web.parent / "copy"
    shutil.copytree(web, copy, symlinks=True)
    shutil.rmtree(web)
    copy.rename(web)
    assert "1 cached" in shipway(web, "run").stdout


def test_an_archive_of_somebody_else_is_refused(web: Path) -> None:
    archive = web.parent / "web.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(web, "stranger")
    subprocess.run(["tar", "--extract", "--file", archive, "--directory", web.parent], check=True)
    assert shipway(web.parent / "stranger", "run").returncode == 2


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "[" * 100_000, "\0", "x" * 100_000])
def test_a_damaged_place_is_said(web: Path, text: str) -> None:
    (web / ".shipway" / "place.json").write_text(text)
    done = shipway(web, "run")
    assert done.returncode == 2
    assert "place.json is damaged" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_place_of_a_strange_kind_is_refused(web: Path) -> None:
    place = {"root": ["x"], "device": {}, "inode": None}
    (web / ".shipway" / "place.json").write_text(json.dumps(place))
    assert shipway(web, "run").returncode == 2


def test_another_way_to_the_same_folder_is_the_same_folder(web: Path) -> None:
    (web.parent / "way").symlink_to(web)
    assert "1 cached" in shipway(web.parent / "way", "run").stdout
