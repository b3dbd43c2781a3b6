"""Requirements of Poetry and Pipfile in the words of PEP 508."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from shipway.scaffold.requirements import Translation, version_constraint


def translated(name: str, value: Any, **revisions: str) -> Translation:
    translation = Translation(revisions=revisions)
    translation.add(name, value)
    return translation


@pytest.mark.parametrize(
    ("poetry", "pep440"),
    [
        ("^1.2.3", ">=1.2.3,<2"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^0", ">=0,<1"),
        ("~1.2.3", ">=1.2.3,<1.3"),
        ("~1", ">=1,<2"),
        ("*", ""),
        ("", ""),
        ("1.2.*", "==1.2.*"),
        (">= 1.2, <2", ">=1.2,<2"),
        ("1.2.3", "==1.2.3"),
        ("~=1.2", "~=1.2"),
        ("^1.0 || ^2.0", ""),
        ("^1.2b1", ">=1.2b1,<2"),
        ("latest", ""),
        ("what?", ""),
    ],
)
def test_each_constraint_has_its_like(poetry: str, pep440: str) -> None:
    assert version_constraint(poetry) == pep440


@given(st.lists(st.integers(0, 30), min_size=1, max_size=4), st.sampled_from("^~"))
def test_a_version_satisfies_its_own_caret_and_tilde(figures: list[int], sign: str) -> None:
    version = ".".join(map(str, figures))
    assert SpecifierSet(version_constraint(sign + version)).contains(version)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ({"version": "^1", "markers": "os_name == 'posix'"}, "a>=1,<2 ; os_name == 'posix'"),
        ({"version": "*", "extras": ["x", "y"]}, "a[x,y]"),
        ({"git": "https://x/a.git", "tag": "v1"}, "a @ git+https://x/a.git@v1"),
        ({"git": "git@x:y/a.git"}, "a @ git+ssh://git@x/y/a.git"),
        (
            {"git": "https://x/a.git", "subdirectory": "b"},
            "a @ git+https://x/a.git#subdirectory=b",
        ),
        ({"url": "https://x/a-1.tar.gz"}, "a @ https://x/a-1.tar.gz"),
        ({"path": "../a", "develop": True}, "a @ {root}/../a"),
        ({"path": "./libs/a"}, "a @ {root}/libs/a"),
        ({"file": "wheels/a-1-py3-none-any.whl"}, "a @ {root}/wheels/a-1-py3-none-any.whl"),
        ({"file": "https://x/a-1.zip"}, "a @ https://x/a-1.zip"),
        ({"version": "1", "platform": "linux"}, "a==1 ; sys_platform == 'linux'"),
        (
            {"version": "1", "python": "^3.9", "markers": "os_name == 'nt'"},
            "a==1 ; (os_name == 'nt') and (python_version >= '3.9' and python_version < '4')",
        ),
    ],
)
def test_a_table_has_its_like(value: dict[str, Any], line: str) -> None:
    translation = translated("a", value)
    assert translation.lines == [line]
    assert translation.notes == []
    Requirement(line.replace("{root}", "file:///root"))


def test_alternatives_by_python_stay_alternatives() -> None:
    alternatives = [
        {"version": "^1", "python": "<3.10"},
        {"version": "^2", "python": ">=3.10"},
    ]
    assert translated("a", alternatives).lines == [
        "a>=1,<2 ; python_version < '3.10'",
        "a>=2,<3 ; python_version >= '3.10'",
    ]


def test_a_repository_has_the_revision_that_the_lock_pins() -> None:
    value = {"git": "https://x/a.git", "branch": "main"}
    assert translated("A", value, a="abc1").lines == ["A @ git+https://x/a.git@abc1"]


def test_the_index_of_a_package_is_kept() -> None:
    assert translated("A_b", {"version": "1", "source": "company"}).indexes == {"a-b": "company"}
    assert translated("a", {"version": "1", "index": "company"}).indexes == {"a": "company"}


@pytest.mark.parametrize(
    ("value", "note"),
    [
        ({"version": "1", "optional": True}, "a: optional"),
        ({"version": "1", "allow-prereleases": True}, "a: allow-prereleases"),
        ("^1.0 || ^2.0", "a: its constraint ^1.0 || ^2.0"),
    ],
)
def test_what_has_no_like_is_named(value: Any, note: str) -> None:
    assert any(text.startswith(note) for text in translated("a", value).notes)
