"""What is noticed of a release whose copy is not what was packaged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.releases.manifest import damage, manifest
from shipway.system.files import FileTree


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("a.py", "b.py", "c d.py"):
        (tmp_path / name).write_text(name)
    (tmp_path / "link").symlink_to("a.py")
    return tmp_path


def listed(folder: Path) -> bytes:
    names = ("a.py", "b.py", "c d.py", "link")
    return manifest(FileTree(str(folder), {}).fingerprints(names))


def test_a_whole_copy_is_whole_also_where_its_application_has_written_beside_it(copy: Path) -> None:
    stored = listed(copy)
    (copy / "app.log").write_text("x")
    (copy / "a.py").chmod(0o444)  # as a copy is kept
    assert damage(str(copy), stored) == ""


def test_what_was_deleted_changed_or_led_elsewhere_is_named(copy: Path) -> None:
    stored = listed(copy)
    (copy / "c d.py").unlink()
    assert "c d.py in" in damage(str(copy), stored)
    (copy / "b.py").write_text("other")
    assert damage(str(copy), stored).startswith("b.py in") and "and 1 more" in damage(
        str(copy), stored
    )
    (copy / "link").unlink()
    os.symlink("b.py", copy / "link")
    assert "and 2 more" in damage(str(copy), stored)


def test_a_folder_that_is_gone_is_noticed_even_without_a_list(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    assert (
        damage(gone, None)
        == damage(gone, manifest({"a": "x"}))
        == f"its files are gone from {gone}"
    )
    assert damage(str(tmp_path), None) == ""


@given(st.dictionaries(st.text(), st.text()))
def test_the_list_does_not_depend_on_the_order_of_files(files: dict[str, str]) -> None:
    assert manifest(files) == manifest(dict(reversed(files.items())))
