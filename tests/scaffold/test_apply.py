"""Files are written where they are missing; what exists stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shipway.errors import ConfigError
from shipway.scaffold.apply import file_changes, lock_changes, write_changes
from shipway.scaffold.folder_sources import FolderSources
from shipway.scaffold.proposal import Proposal, make_proposal
from shipway.scaffold.survey import survey_application


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    (tmp_path / "requirements.txt").write_text("flask\n")
    return tmp_path


def proposed(root: Path) -> Proposal:
    return make_proposal(survey_application(FolderSources(str(root)), "app"))


def words(root: Path, *, force: bool = False) -> dict[str, str]:
    return {one.path: one.word for one in file_changes(str(root), proposed(root), force=force)}


def test_what_is_missing_is_written_once(root: Path) -> None:
    said: list[str] = []
    write_changes(str(root), file_changes(str(root), proposed(root), force=False), said.append)
    files = ["shipway.toml", "Dockerfile", ".dockerignore", ".gitignore", ".gitattributes"]
    assert [line.split()[1] for line in said] == files
    assert words(root) == dict.fromkeys(files, "same")


def test_what_exists_stays_unless_somebody_says_so(root: Path) -> None:
    (root / "Dockerfile").write_text("FROM scratch\n")
    (root / "Dockerfile").chmod(0o600)
    assert words(root)["Dockerfile"] == "kept"
    write_changes(
        str(root), file_changes(str(root), proposed(root), force=False), lambda line: None
    )
    assert (root / "Dockerfile").read_text() == "FROM scratch\n"
    assert words(root, force=True)["Dockerfile"] == "changed"
    write_changes(str(root), file_changes(str(root), proposed(root), force=True), lambda line: None)
    assert "gunicorn" in (root / "Dockerfile").read_text()
    assert os.stat(root / "Dockerfile").st_mode & 0o777 == 0o600


def test_settings_in_pyproject_are_settings_that_exist(root: Path) -> None:
    (root / "pyproject.toml").write_text("[tool.shipway.gates]\ncoverage = 50\n")
    assert words(root)["shipway.toml"] == "kept"
    assert words(root, force=True)["shipway.toml"] == "new"


def test_a_gitignore_is_added_to_and_keeps_its_lines(root: Path) -> None:
    (root / ".gitignore").write_text("*.log\n")
    write_changes(
        str(root), file_changes(str(root), proposed(root), force=False), lambda line: None
    )
    assert (root / ".gitignore").read_text() == "*.log\n.shipway/\n__pycache__/\n"


def test_what_shipway_writes_keeps_its_line_ends_in_every_clone(root: Path) -> None:
    (root / ".gitattributes").write_text("Dockerfile text eol=crlf")
    write_changes(
        str(root), file_changes(str(root), proposed(root), force=False), lambda line: None
    )
    text = (root / ".gitattributes").read_text()
    assert text.startswith("Dockerfile text eol=crlf\nshipway.toml text eol=lf\n")
    assert text.count("Dockerfile") == 1
    (root / ".gitattributes").write_text("* text=auto eol=lf\n")
    assert words(root)[".gitattributes"] == "same"


def test_line_ends_are_no_change_of_what_was_written(root: Path) -> None:
    write_changes(
        str(root), file_changes(str(root), proposed(root), force=False), lambda line: None
    )
    before = words(root)
    for name in before:
        path = root / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert words(root) == before == dict.fromkeys(before, "same")


def test_a_lock_stays_until_it_is_asked_for_again(root: Path) -> None:
    (root / "lock.txt").write_text("old\n")
    [kept] = lock_changes(str(root), {"lock.txt": "new\n"}, relock=False)
    [made] = lock_changes(str(root), {"lock.txt": "new\n"}, relock=True)
    assert (kept.word, made.word) == ("kept", "changed")


def test_a_library_gets_no_container(root: Path) -> None:
    (root / "app.py").write_text("")
    assert set(words(root)) == {"shipway.toml", ".gitignore", ".gitattributes"}


def test_a_link_that_leads_nowhere_is_nobodys_to_replace(root: Path) -> None:
    (root / "Dockerfile").symlink_to("gone")
    with pytest.raises(ConfigError, match="Dockerfile is a link that leads nowhere"):
        words(root)


def test_a_place_that_cannot_be_read_or_written_is_named(root: Path) -> None:
    found = file_changes(str(root), proposed(root), force=False)
    (root / "Dockerfile").mkdir()
    with pytest.raises(ConfigError, match="Dockerfile cannot be read"):
        words(root)
    with pytest.raises(ConfigError, match="Dockerfile cannot be written"):
        write_changes(str(root), found, lambda line: None)
