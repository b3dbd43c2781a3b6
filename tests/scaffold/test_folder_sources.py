"""What the detection asked, and whether the answers still hold."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from shipway.scaffold.folder_sources import FolderSources


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    for folder in ("app", "tests", ".hidden"):
        (tmp_path / folder).mkdir()
    return tmp_path


def asked(root: Path) -> dict[str, str]:
    """The answers to one question of each kind, and to one about what is not there."""
    sources = FolderSources(str(root))
    sources.read("pyproject.toml")
    sources.read("absent file.toml")
    sources.folders("")
    sources.folders("src")
    sources.files("app")
    sources.files("infra")
    return sources.asked


def test_files_are_text_and_what_cannot_be_read_is_none(root: Path) -> None:
    (root / "latin.py").write_bytes(b"# caf\xe9\n")
    sources = FolderSources(str(root))
    assert sources.read("pyproject.toml") == "[project]\n"
    assert sources.read("latin.py") == "# café\n"
    assert sources.read("absent.toml") is None
    assert sources.read("app") is None


def test_folders_are_sorted_and_the_hidden_are_left_out(root: Path) -> None:
    (root / "file").touch()
    os.symlink("tests", root / "also")
    sources = FolderSources(str(root))
    assert sources.folders("") == ["also", "app", "tests"]
    assert sources.folders("src") == []
    assert sources.folders("file") == []


def test_files_of_a_folder_are_sorted_and_the_hidden_are_left_out(root: Path) -> None:
    for name in ("b.yaml", "a.json", ".hidden.yaml"):
        (root / "app" / name).touch()
    (root / "app" / "folder.yaml").mkdir()
    os.symlink("a.json", root / "app" / "c.json")
    sources = FolderSources(str(root))
    assert sources.files("app") == ["a.json", "b.yaml", "c.json"]
    assert sources.files("absent") == []
    assert sources.files("pyproject.toml") == []


def test_answers_hold_as_long_as_nothing_changes(root: Path) -> None:
    answers = asked(root)
    (root / "tests" / "not_asked_about.py").touch()
    assert FolderSources(str(root)).still(answers)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "pyproject.toml").write_text("[tool]\n"),
        lambda root: (root / "pyproject.toml").unlink(),
        lambda root: (root / "absent file.toml").touch(),
        lambda root: (root / "another").mkdir(),
        lambda root: (root / "app").rename(root / "renamed"),
        lambda root: (root / "src" / "package").mkdir(parents=True),
        lambda root: (root / "app" / "template.yaml").touch(),
        lambda root: [(root / "infra").mkdir(), (root / "infra" / "template.yaml").touch()],
    ],
)
def test_any_other_answer_ends_it(root: Path, change: Callable[[Path], object]) -> None:
    answers = asked(root)
    change(root)
    assert not FolderSources(str(root)).still(answers)


def test_an_empty_file_is_not_an_absent_one(root: Path) -> None:
    (root / "uv.lock").touch()
    sources = FolderSources(str(root))
    assert sources.read("uv.lock") == ""
    (root / "uv.lock").unlink()
    assert not FolderSources(str(root)).still(sources.asked)
