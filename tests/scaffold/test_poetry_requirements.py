"""Poetry's constraints in the words of PEP 440."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from shipway.scaffold.requirements import requirement_from_poetry, version_constraint


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


def test_tables_have_extras_markers_and_addresses() -> None:
    assert requirement_from_poetry("a", {"version": "^1", "markers": "os_name == 'posix'"}) == (
        "a>=1,<2 ; os_name == 'posix'"
    )
    assert (
        requirement_from_poetry("a", {"git": "https://x/a.git", "tag": "v1"})
        == "a @ git+https://x/a.git@v1"
    )
    assert (
        requirement_from_poetry("a", {"path": "../a"})
        == requirement_from_poetry("a", {"optional": True})
        == ""
    )
    assert requirement_from_poetry("a", [{"version": "^1"}, {"version": "^2"}]) == "a"
    assert requirement_from_poetry("a", [{"version": "^1"}]) == "a>=1,<2"
