"""The same fault is one row that names all tools."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.findings.deduplication import deduplicate
from shipway.findings.finding import Finding, FindingKind, Severity

CODE = Finding(
    tool="bandit",
    rule="B608",
    severity=Severity.MEDIUM,
    path="main/a.py",
    line=3,
    message="SQL from parts",
    cwe=("CWE-89",),
)
DEPENDENCY = Finding(
    tool="pip-audit",
    rule="PYSEC-1",
    severity=Severity.HIGH,
    path="uv.lock",
    line=0,
    message="bad",
    kind=FindingKind.DEPENDENCY,
    package="jinja2 2.10",
    ids=("CVE-1", "PYSEC-1"),
)


def test_two_tools_at_one_line_with_one_weakness_are_one() -> None:
    other = replace(CODE, tool="semgrep", rule="shipway.sql", severity=Severity.HIGH, remedy="bind")
    (one,) = deduplicate([CODE, other])
    assert one.tools == ("bandit", "semgrep")
    assert one.severity is Severity.HIGH
    assert one.remedy == "bind"


def test_another_line_or_another_weakness_is_another_fault() -> None:
    assert len(deduplicate([CODE, replace(CODE, line=4)])) == 2
    assert len(deduplicate([CODE, replace(CODE, tool="x", rule="y", cwe=("CWE-79",))])) == 2


def test_a_dependency_is_one_by_any_of_its_names() -> None:
    osv = replace(DEPENDENCY, tool="osv", rule="GHSA-2", ids=("GHSA-2", "CVE-1"), cvss=9.8)
    third = replace(DEPENDENCY, tool="trivy", rule="GHSA-2", ids=("GHSA-2",))
    (one,) = deduplicate([DEPENDENCY, osv, third])
    assert one.tools == ("pip-audit", "osv", "trivy")
    assert one.cvss == 9.8
    assert set(one.ids) == {"CVE-1", "PYSEC-1", "GHSA-2"}
    assert len(deduplicate([DEPENDENCY, replace(osv, package="flask 1.0")])) == 2


def test_a_secret_is_one_whatever_each_tool_calls_it() -> None:
    secret = Finding(
        tool="gitleaks",
        rule="aws",
        severity=Severity.HIGH,
        path="a.py",
        line=3,
        message="a key",
        kind=FindingKind.SECRET,
    )
    assert len(deduplicate([secret, replace(secret, tool="trufflehog", rule="AWS")])) == 1


def test_two_rules_of_one_tool_at_one_line_are_two_faults() -> None:
    second = replace(CODE, rule="B610")
    other = replace(CODE, tool="semgrep", rule="shipway.sql")
    assert [one.tools for one in deduplicate([CODE, second, other])] == [
        ("bandit", "semgrep"),
        ("bandit",),
    ]
    assert [one.rule for one in deduplicate([other, CODE, second])] == ["B610", "shipway.sql"]


def test_two_rules_of_one_tool_are_one_fault_if_their_ids_agree() -> None:
    first = replace(CODE, ids=("CVE-1",))
    (one,) = deduplicate([first, replace(first, rule="B610", cwe=("CWE-79",))])
    assert one.cwe == ("CWE-89", "CWE-79")


@pytest.mark.parametrize("word", ["", "UNKNOWN", "undefined"])
def test_a_severity_that_nobody_gave_does_not_outweigh_one_that_a_tool_gave(word: str) -> None:
    low = replace(CODE, severity=Severity.LOW, score="LOW")
    guess = replace(CODE, tool="x", rule="y", severity=Severity.HIGH, score=word)
    worse = replace(CODE, tool="z", rule="z", severity=Severity.MEDIUM, score="warning")
    for pair in ([low, guess], [guess, low]):
        (one,) = deduplicate(pair)
        assert (one.severity, one.score) == (Severity.LOW, "LOW")
    (one,) = deduplicate([guess, low, worse])
    assert (one.severity, one.score) == (Severity.MEDIUM, "warning")


def test_a_cvss_score_is_a_rating() -> None:
    rated = replace(DEPENDENCY, tool="osv", severity=Severity.MEDIUM, cvss=5.0)
    assert [one.severity for one in deduplicate([DEPENDENCY, rated])] == [Severity.MEDIUM]


def test_of_severities_that_nobody_gave_the_worse_one_counts() -> None:
    other = replace(CODE, tool="x", rule="y", severity=Severity.HIGH)
    assert [one.severity for one in deduplicate([CODE, other])] == [Severity.HIGH]


findings = st.lists(
    st.builds(
        Finding,
        tool=st.sampled_from("abc"),
        rule=st.sampled_from("rs"),
        severity=st.sampled_from(Severity),
        path=st.sampled_from(["x.py", "y.py"]),
        line=st.integers(0, 2),
        message=st.just("m"),
        cwe=st.sampled_from([(), ("CWE-1",), ("CWE-1", "CWE-2")]),
        score=st.sampled_from(["", "LOW"]),
    ),
    max_size=12,
)


@given(findings)
def test_no_place_and_no_tool_is_lost_and_the_worst_comes_first(found: list[Finding]) -> None:
    merged = deduplicate(found)
    assert {one.place for one in merged} == {one.place for one in found}
    assert {tool for one in merged for tool in one.tools} == {one.tool for one in found}
    assert [one.severity for one in merged] == sorted((o.severity for o in merged), reverse=True)
    assert deduplicate([*found, *found]) == merged
