"""A pull request commits `.shipway`, or puts a link there."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from tests.cli.in_process import git, project, shipway, step

STEP = step("unit", "true")
COMMANDS = (
    ("run",),
    ("plan",),
    ("report",),
    ("clean", "--yes"),
    ("status",),
    ("down",),
    ("findings", "import"),
    ("run", "security", "--baseline", "main"),
)
FILES = (
    "record.sqlite3",
    "blobs/ab/abcd",
    "services/x.json",
    "environments/local/envoy/envoy.log.pid",
    "baselines/0123456789abcdef0123456789abcdef01234567.json",
    "imported/bandit.json",
    "venvs/0123456789abcdef/bin/python",
    "venvs/0123456789abcdef/complete",
    "releases/0123456789abcdef0123456789abcdef/app.py",
    "place.json",
    ".gitignore",
    "install.lock",
    "rehearsal/record.sqlite3",
    "image/index.json",
)


def refused(web: Path, *words: str) -> str:
    """The command ends with exit code 2; what it says."""
    done = shipway(web, *words)
    assert done.returncode == 2, done.stdout + done.stderr
    return done.stderr


def repository(folder: Path) -> Path:
    web = project(folder / "web", STEP, {"docs/page.md": "a page"})
    git(web, "init", "--quiet")
    git(web, "add", "--all")
    git(web, "commit", "--quiet", "--message", "first")
    return web


def commit_below_state(web: Path, name: str) -> None:
    path = web / ".shipway" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    git(web, "add", "--force", f".shipway/{name}")
    git(web, "commit", "--quiet", "--message", "looks harmless")


@pytest.mark.parametrize("name", FILES)
def test_a_committed_file_of_the_state_is_refused(tmp_path: Path, name: str) -> None:
    web = repository(tmp_path)
    commit_below_state(web, name)
    assert "git tracks files below" in refused(web, "run")
    assert (web / ".shipway" / name).read_text() == "{}"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_uses_a_committed_state(tmp_path: Path, words: tuple[str, ...]) -> None:
    web = repository(tmp_path)
    commit_below_state(web, "services/x.json")
    assert "git rm -r --force .shipway" in refused(web, *words)


def test_a_state_that_is_only_staged_is_refused(tmp_path: Path) -> None:
    web = repository(tmp_path)
    (web / ".shipway").mkdir()
    (web / ".shipway" / "x").write_text("")
    git(web, "add", "--force", ".shipway/x")
    assert "git tracks" in refused(web, "run")


def test_a_committed_state_below_a_project_in_a_folder_of_the_repository_is_refused(
    tmp_path: Path,
) -> None:
    git(tmp_path, "init", "--quiet")
    web = project(tmp_path / "web", STEP)
    (web / ".shipway").mkdir()
    (web / ".shipway" / "record.sqlite3").write_text("")
    git(tmp_path, "add", "--force", "web/.shipway/record.sqlite3")
    assert "git tracks" in refused(web, "run")


def test_the_state_of_another_project_of_the_repository_does_not_count(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    web = project(tmp_path / "web", STEP)
    (tmp_path / "other" / ".shipway").mkdir(parents=True)
    (tmp_path / "other" / ".shipway" / "x").write_text("")
    git(tmp_path, "add", "--force", "other")
    assert shipway(web, "run").returncode == 0
    assert shipway(tmp_path / "other", "plan").returncode == 2


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_an_index_of_any_version_tells_it(tmp_path: Path, version: str) -> None:
    web = repository(tmp_path)
    git(web, "update-index", "--index-version", version)
    assert shipway(web, "run").returncode == 0
    commit_below_state(web, "record.sqlite3-wal")
    git(web, "update-index", "--index-version", version)
    assert "git tracks" in refused(web, "run")


def test_a_split_index_tells_it(tmp_path: Path) -> None:
    web = repository(tmp_path)
    commit_below_state(web, "x")
    git(web, "update-index", "--split-index")
    assert "git tracks" in refused(web, "run")


def test_a_state_that_is_a_repository_of_its_own_is_refused(tmp_path: Path) -> None:
    web = repository(tmp_path)
    state = web / ".shipway"
    state.mkdir()
    (state / "x").write_text("")
    git(state, "init", "--quiet")
    git(state, "add", "x")
    git(state, "commit", "--quiet", "--message", "first")
    git(web, "add", "--force", ".shipway")
    assert "git tracks" in refused(web, "run")


def test_a_committed_link_in_the_place_of_the_state_is_refused(tmp_path: Path) -> None:
    web = repository(tmp_path)
    (web / ".shipway").symlink_to("docs")
    git(web, "add", "--force", ".shipway")
    git(web, "commit", "--quiet", "--message", "tidy")
    assert refused(web, "run")
    assert os.listdir(web / "docs") == ["page.md"]


# -- links, with git or without ------------------------------------------------------------


@pytest.mark.parametrize("target", ["docs", "..", "/tmp", "nowhere", "docs/page.md"])
def test_a_link_in_the_place_of_the_state_is_refused(tmp_path: Path, target: str) -> None:
    web = project(tmp_path / "web", STEP, {"docs/page.md": "a page"})
    (web / ".shipway").symlink_to(target)
    assert "is a link" in refused(web, "run")
    assert os.listdir(web / "docs") == ["page.md"]


@pytest.mark.parametrize(
    "name",
    [
        "blobs",
        "services",
        "environments",
        "environments/local",
        "releases",
        "releases/0123456789abcdef0123456789abcdef",
        "venvs",
        "venvs/0123456789abcdef",
        "runs",
        "runs/1",
        "baselines",
        "imported",
        "blobs/ab",
        "rehearsal",
        "lock",
        "report.html",
        "record.sqlite3",
        "record.sqlite3-wal",
        "place.json",
        ".gitignore",
        "install.lock",
    ],
)
def test_a_link_below_the_state_is_refused(tmp_path: Path, name: str) -> None:
    web = project(tmp_path / "web", STEP, {"docs/page.md": "a page"})
    link = web / ".shipway" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(web / "docs", target_is_directory=True)
    assert "is a link" in refused(web, "clean", "--yes")
    assert (web / "docs" / "page.md").read_text() == "a page"


def test_a_state_that_is_a_file_is_refused(tmp_path: Path) -> None:
    web = project(tmp_path / "web", STEP, {".shipway": "me"})
    assert "is no folder" in refused(web, "run")
    assert (web / ".shipway").read_text() == "me"


# -- what must go on working ---------------------------------------------------------------


def test_a_state_that_git_ignores_is_used(tmp_path: Path) -> None:
    web = repository(tmp_path)
    for _ in range(2):
        assert shipway(web, "run").returncode == 0
    assert git(web, "status", "--porcelain") == ""


def test_what_a_commit_took_away_again_is_no_longer_in_the_way(tmp_path: Path) -> None:
    web = repository(tmp_path)
    commit_below_state(web, "services/x.json")
    refused(web, "run")
    git(web, "rm", "-r", "--force", "--quiet", ".shipway")
    assert shipway(web, "run").returncode == 0


def test_a_record_that_is_no_database_is_said_and_kept(tmp_path: Path) -> None:
    web = project(tmp_path / "web", STEP)
    (web / ".shipway").mkdir()
    (web / ".shipway" / "record.sqlite3").write_text("not a database, but long enough " * 100)
    assert "is damaged" in refused(web, "run")
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(web / ".shipway" / "record.sqlite3").execute("SELECT 1 FROM runs")
