"""Names of one fault are one match."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.checks.advisory_projects import advisory

from shipway.checks.osv.advisory import Entry
from shipway.checks.osv.match import vulnerabilities_of
from shipway.checks.osv.package import Package, PyPI

TOWN = Package("town", "1.0")
LOW = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}
NONE = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"}


def entry(name: str, *aliases: str, fixed: str = "2.0", **other: Any) -> Entry:
    one = advisory(name, "town", [{"introduced": "0"}, {"fixed": fixed}], aliases=list(aliases))
    one.update(other)
    return one, one["affected"][0]


def test_a_rated_name_speaks_for_one_that_is_not_rated() -> None:
    (match,) = vulnerabilities_of(
        TOWN,
        [entry("PYSEC-1", "CVE-1"), entry("GHSA-1", "CVE-1", severity=[LOW], summary="It leaks")],
        PyPI(),
    )
    assert (match["id"], match["cvss"], match["summary"]) == ("GHSA-1", 1.6, "It leaks")
    assert set(match["ids"]) == {"PYSEC-1", "GHSA-1", "CVE-1"}


def test_a_score_of_nought_is_a_score() -> None:
    (match,) = vulnerabilities_of(TOWN, [entry("A", "C"), entry("B", "C", severity=[NONE])], PyPI())
    assert match["cvss"] == 0.0


def test_a_name_that_joins_two_others_makes_one_of_all_three() -> None:
    entries = [entry("A", "CVE-1"), entry("B", "CVE-2"), entry("C", "CVE-1", "CVE-2")]
    (match,) = vulnerabilities_of(TOWN, entries, PyPI())
    assert set(match["ids"]) == {"A", "B", "C", "CVE-1", "CVE-2"}


def test_the_last_fix_mends_what_any_of_them_means() -> None:
    entries = [entry("A", "C", fixed="10.0"), entry("B", "C", fixed="9.1")]
    (match,) = vulnerabilities_of(TOWN, entries, PyPI())
    assert match["fixed"] == ["9.1", "10.0"]


def test_what_does_not_affect_the_version_joins_nothing() -> None:
    entries = [entry("A", "C", fixed="0.9"), entry("B", "C")]
    assert [one["id"] for one in vulnerabilities_of(TOWN, entries, PyPI())] == ["B"]


@given(st.lists(st.sets(st.integers(0, 8), max_size=3), max_size=6))
def test_no_name_is_in_two_matches_whatever_the_aliases_are(aliases: list[set[int]]) -> None:
    entries = [
        entry(f"A{number}", *(f"CVE-{alias}" for alias in some))
        for number, some in enumerate(aliases)
    ]
    names = [name for match in vulnerabilities_of(TOWN, entries, PyPI()) for name in match["same"]]
    assert len(names) == len(set(names))
    assert {f"A{number}" for number in range(len(aliases))} <= set(names)
