from __future__ import annotations

from pathlib import Path

import pytest
from tests.checks.advisory_projects import LOCK

from shipway.checks.osv.lockfile import locked_packages
from shipway.checks.osv.package import Package


def requirements(folder: Path, text: str | bytes, **others: str) -> tuple[Package, ...]:
    for name, included in others.items():
        (folder / f"{name}.txt").write_text(included)
    file = folder / "requirements.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return locked_packages(str(file))


def test_a_lock_names_what_it_pins_and_what_only_development_needs(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text(LOCK)
    assert locked_packages(str(tmp_path / "uv.lock")) == (
        Package("flask", "0.12.2", 5),
        Package("jinja2", "2.10", 11),
        Package("pytest", "9.2.0", 16, development=True),
    )


def test_a_lock_with_the_ends_of_lines_of_windows_and_a_mark_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_bytes(b"\xef\xbb\xbf" + LOCK.replace("\n", "\r\n").encode())
    assert [one.line for one in locked_packages(str(tmp_path / "uv.lock"))] == [5, 11, 16]


def test_extras_are_shipped(tmp_path: Path) -> None:
    extra = LOCK.replace(
        "[package.dev-dependencies]\ndev", "[package.optional-dependencies]\ntests"
    )
    (tmp_path / "uv.lock").write_text(extra)
    assert not any(one.development for one in locked_packages(str(tmp_path / "uv.lock")))


def test_a_lock_without_a_project_ships_all(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text(LOCK.partition('[[package]]\nname = "town"')[0])
    assert not any(one.development for one in locked_packages(str(tmp_path / "uv.lock")))


def test_what_is_no_toml_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text("version =\n")
    with pytest.raises(ValueError, match="line 1"):
        locked_packages(str(tmp_path / "uv.lock"))


def test_requirements_have_lines_names_and_pins(tmp_path: Path) -> None:
    text = """# made by a tool
--index-url https://example.org/simple
Flask[async]==3.1.3 \\
    --hash=sha256:00 \\
    --hash=sha256:11
    # via town
typing_extensions===4.0 ; python_version < "3.12"  # old
jinja2>=3
redis==7.*
-e .
./wheels/own-1.0-py3-none-any.whl
https://example.org/other.tar.gz
own @ https://example.org/own.tar.gz
"""
    assert requirements(tmp_path, text) == (
        Package("flask", "3.1.3", 3),
        Package("typing-extensions", "4.0", 7),
        Package("jinja2", "", 8),
        Package("redis", "", 9),
        Package("own", "", 13),
    )


def test_included_files_are_read_and_one_that_includes_itself_ends(tmp_path: Path) -> None:
    found = requirements(
        tmp_path, "-r base.txt\n--requirement=more.txt\n", base="a==1\n-r base.txt\n", more="b==2"
    )
    assert found == (Package("a", "1"), Package("b", "2"))


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="absent"):
        requirements(tmp_path, "-r absent.txt\n")


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1"])
def test_any_encoding_is_read(tmp_path: Path, codec: str) -> None:
    """PowerShell writes UTF-16."""
    text = "# für die Stadt\r\nflask==3.1.3\r\n".encode(codec)
    assert requirements(tmp_path, text) == (Package("flask", "3.1.3", 2),)


def test_an_encoding_that_is_named_is_taken(tmp_path: Path) -> None:
    text = "# -*- coding: cp1251 -*-\n# город\nflask==3.1.3\n".encode("cp1251")
    assert requirements(tmp_path, text) == (Package("flask", "3.1.3", 3),)


@pytest.mark.parametrize("text", ["flask==\n", "what is this\n", b"\x00\x01\x02\n"])
def test_what_is_no_requirement_is_not_passed_over(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(ValueError, match="line 1 is no requirement"):
        requirements(tmp_path, text)
