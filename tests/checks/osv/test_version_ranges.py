"""Which versions a range holds: by examples of the OSV schema, and against packaging's order."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from shipway.checks.osv.match import affects, fixes
from shipway.checks.osv.package import PyPI

Event = Mapping[str, str]


def within(version: str, *events: Event, **other: object) -> bool:
    affected = {"ranges": [{"type": "ECOSYSTEM", "events": events}], **other}
    return affects(affected, version, PyPI())


def events(*pairs: str) -> list[Event]:
    return [dict([pair.split("=")]) for pair in pairs]


@pytest.mark.parametrize(
    ("version", "range_", "inside"),
    [
        ("1.0", "introduced=0", True),
        ("0.dev0", "introduced=0", True),
        ("1.0", "introduced=1.0 fixed=1.1", True),
        ("1.1", "introduced=1.0 fixed=1.1", False),
        ("0.9", "introduced=1.0 fixed=1.1", False),
        ("1.1rc1", "introduced=1.0 fixed=1.1", True),
        ("1.1", "introduced=0 last_affected=1.1", True),
        ("1.1.post1", "introduced=0 last_affected=1.1", False),
        ("2.5", "introduced=1 fixed=2 introduced=2.4 fixed=3", True),
        ("2.2", "introduced=1 fixed=2 introduced=2.4 fixed=3", False),
        ("2.5", "fixed=3 introduced=2.4 fixed=2 introduced=1", True),
        ("2.0", "introduced=1 fixed=2 introduced=2", True),
        ("2.0", "introduced=2 last_affected=2", True),
        ("2.1", "introduced=2 last_affected=2", False),
        ("1.9", "introduced=0 limit=2", True),
        ("2.0", "introduced=0 limit=2", False),
        ("2.0", "introduced=0 limit=*", True),
        ("2.0", "introduced=0 limit=1 limit=3", True),
        ("1.0+cu118", "introduced=0 last_affected=1.0", True),
        ("1.0+cu118", "introduced=0 fixed=1.0", False),
        ("1!0.1", "introduced=0 fixed=9", False),
    ],
)
def test_a_range_is_read_as_the_schema_says(version: str, range_: str, inside: bool) -> None:
    assert within(version, *events(*range_.split())) is inside


def test_a_listed_version_is_affected_in_any_spelling() -> None:
    listed = {"versions": ["1.0", "2004d", "3.0"]}
    assert affects(listed, "1.0.0", PyPI())
    assert affects(listed, "2004d", PyPI())
    assert not affects(listed, "2.0", PyPI())


def test_any_of_several_ranges_is_enough() -> None:
    ranges = [
        {"type": "ECOSYSTEM", "events": events("introduced=1", "fixed=2")},
        {"type": "ECOSYSTEM", "events": events("introduced=3", "fixed=4")},
    ]
    assert affects({"ranges": ranges}, "3.5", PyPI())
    assert not affects({"ranges": ranges}, "2.5", PyPI())
    assert fixes({"ranges": ranges}, "3.5", PyPI()) == ["4"]


def test_commits_are_no_releases() -> None:
    commits = {"type": "GIT", "events": events("introduced=0", "fixed=deadbeef")}
    assert not affects({"ranges": [commits], "versions": ["1.0"]}, "2.0", PyPI())
    with pytest.raises(ValueError, match="no versions"):
        affects({"ranges": [commits]}, "1.0", PyPI())


@pytest.mark.parametrize("version", ["latest", "2004d"])
def test_what_is_no_version_is_not_said_to_be_safe(version: str) -> None:
    with pytest.raises(ValueError, match="Invalid version"):
        within(version, *events("introduced=0", "fixed=1"))
    with pytest.raises(ValueError, match="Invalid version"):
        within("1.0", *events("introduced=0", f"fixed={version}"))


def test_the_fix_is_the_first_after_the_version() -> None:
    affected = {
        "ranges": [
            {
                "type": "ECOSYSTEM",
                "events": events("introduced=0", "fixed=1.2", "introduced=2", "fixed=2.10"),
            }
        ]
    }
    assert fixes(affected, "2.9", PyPI()) == ["2.10"]
    assert fixes(affected, "0.1", PyPI()) == ["1.2"]
    assert fixes(affected, "1.5", PyPI()) == []


numbers = st.integers(0, 4)
# From 1: an event at "0" is not that version, but before them all.
releases = st.builds(
    lambda first, more: [first, *more], st.integers(1, 4), st.lists(numbers, max_size=2)
)
versions = st.builds(
    lambda epoch, release, pre, post, dev: Version(
        f"{epoch}!{'.'.join(map(str, release))}{pre}{post}{dev}"
    ),
    st.sampled_from([0, 0, 0, 1]),
    releases,
    st.sampled_from(["", "", "a1", "b2", "rc1"]),
    st.sampled_from(["", "", ".post1"]),
    st.sampled_from(["", "", ".dev3"]),
)


@given(versions, versions, versions)
def test_introduced_and_fixed_are_a_half_open_interval(
    asked: Version, one: Version, other: Version
) -> None:
    first, last = sorted((one, other))
    pair = [{"introduced": str(first)}, {"fixed": str(last)}]
    inside = first <= asked < last if first != last else asked >= first
    assert within(str(asked), *pair) == inside == within(str(asked), *reversed(pair))


@given(versions, versions, versions)
def test_introduced_and_last_affected_are_a_closed_interval(
    asked: Version, one: Version, other: Version
) -> None:
    first, last = sorted((one, other))
    pair = [{"introduced": str(first)}, {"last_affected": str(last)}]
    assert within(str(asked), *pair) == (first <= asked <= last)


@given(versions, st.lists(versions, min_size=2, max_size=6, unique=True), st.randoms())
def test_any_number_of_intervals_in_any_order(
    asked: Version, edges: list[Version], random: Random
) -> None:
    edges.sort()
    turns = [{("introduced", "fixed")[n % 2]: str(edge)} for n, edge in enumerate(edges)]
    random.shuffle(turns)
    passed = sum(edge <= asked for edge in edges)
    assert within(str(asked), *turns) == (passed % 2 == 1)


@given(versions, versions)
def test_it_agrees_with_packagings_own_specifiers(asked: Version, fixed: Version) -> None:
    """Where PEP 440's `<` has no exception of its own: it leaves out pre-releases of its limit."""
    same_release = Version(asked.base_version) == Version(fixed.base_version)
    if not (asked.is_prerelease and same_release):
        inside = SpecifierSet(f"<{fixed}", prereleases=True).contains(asked)
        assert within(str(asked), {"introduced": "0"}, {"fixed": str(fixed)}) == inside


@given(versions, versions, versions)
def test_a_local_label_changes_nothing(asked: Version, first: Version, last: Version) -> None:
    pair = ({"introduced": str(first)}, {"last_affected": str(last)})
    assert within(str(asked), *pair) == within(f"{asked}+local.1", *pair)


@given(versions, st.lists(versions, max_size=4))
def test_a_list_holds_what_equals_one_of_it(asked: Version, listed: list[Version]) -> None:
    affected = {"versions": [str(one) for one in listed] or ["99"]}
    assert affects(affected, str(asked), PyPI()) == (asked in listed)


@given(versions, versions)
def test_a_fix_is_after_the_version_and_has_the_fault_no_more(
    asked: Version, fixed: Version
) -> None:
    affected = {
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": str(fixed)}]}]
    }
    for text in fixes(affected, str(asked), PyPI()):
        assert Version(text) > asked
        assert not affects(affected, text, PyPI())
