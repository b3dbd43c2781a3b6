"""What counts as a change of an application's files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.cli.in_process import git

from shipway.system.watched_files import WatchedFiles


@pytest.fixture
def town(tmp_path: Path) -> Path:
    for name, text in {"a.py": "a", "sub/b.py": "b", ".gitignore": "*.log\n"}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


@pytest.fixture
def watched(town: Path) -> WatchedFiles:
    return WatchedFiles(str(town))


def test_content_that_is_new_gone_or_other_is_a_change(town: Path, watched: WatchedFiles) -> None:
    assert watched.changes() == set() and len(watched) == 3
    (town / "a.py").write_text("other")
    (town / "sub" / "b.py").unlink()
    (town / "new" / "deep").mkdir(parents=True)
    (town / "new" / "deep" / "c.py").touch()
    assert watched.changes() == {"a.py", "sub/b.py", "new/deep/c.py"}
    assert watched.changes() == set()
    (town / "beside").write_text("moved")
    (town / "beside").replace(town / "a.py")
    assert watched.changes() == {"a.py"}
    (town / "a.py").chmod(0o755)
    assert watched.changes() == {"a.py"}


def test_what_git_ignores_and_what_shipway_keeps_is_none(town: Path, watched: WatchedFiles) -> None:
    (town / "a.log").touch()
    (town / ".shipway").mkdir()
    (town / ".shipway" / "record").touch()
    (town / "sub" / "__pycache__").mkdir()
    (town / "sub" / "__pycache__" / "b.pyc").touch()
    os.utime(town / "a.py", (1, 1))
    (town / "sub" / "b.py").write_text("b")
    assert watched.changes() == set()
    (town / ".gitignore").write_text("")
    (town / "sub" / "new").touch()  # or it is listed two seconds later
    assert watched.changes() == {".gitignore", "a.log", "sub/new"}


def test_a_checkout_is_the_files_that_it_changes(town: Path, watched: WatchedFiles) -> None:
    git(town, "checkout", "--quiet", "-b", "other")
    (town / "a.py").write_text("other")
    (town / "c.py").touch()
    git(town, "add", ".")
    git(town, "commit", "--quiet", "-m", "second")
    assert watched.changes() == {"a.py", "c.py"}
    git(town, "checkout", "--quiet", "main")
    assert watched.changes() == {"a.py", "c.py"}
    assert watched.settled
    (town / ".git" / "index.lock").touch()
    assert not watched.settled


def test_a_git_that_does_not_answer_is_told_and_the_known_files_stay(
    town: Path, watched: WatchedFiles
) -> None:
    (town / ".git" / "HEAD").rename(town / "HEAD.log")
    (town / "a.py").write_text("other")
    assert watched.changes() == {"a.py"} and "git" in watched.problem
    (town / "HEAD.log").rename(town / ".git" / "HEAD")
    (town / "sub" / "new").touch()
    assert watched.changes() == {"sub/new"} and watched.problem == ""


def test_files_outside_of_a_repository_and_odd_ones_are_watched(tmp_path: Path) -> None:
    (tmp_path / "a.py").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    watched = WatchedFiles(str(tmp_path))
    assert watched.changes() == set()
    (tmp_path / "nowhere").touch()
    assert "nowhere" in watched.changes()


def test_looking_takes_a_twentieth_of_the_time(town: Path) -> None:
    assert WatchedFiles(str(town), lambda: 0.0).pause == 0.2
    ticks: Iterator[int] = count(0, 10)
    slow = WatchedFiles(str(town), lambda: float(next(ticks)))
    assert slow.pause == 20 * 30  # the clock was asked three times more
    (town / "a.py").write_text("other")
    assert slow.changes() == {"a.py"}
