"""The same fault is one row that names all tools."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.findings.deduplication import deduplicate
from shipway.findings.finding import Finding, FindingKind, FindingState, Severity

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


# -- open and resolved, with a place and without --------------------------------------------------

ALERT = Finding(
    tool="github-secret-scanning",
    rule="aws_secret_access_key",
    severity=Severity.CRITICAL,
    path="",
    line=0,
    message="AWS Secret Access Key. It is still valid.",
    kind=FindingKind.SECRET,
    content="alert 4",
)
RESOLVED = replace(
    ALERT,
    rule="acme_token",
    severity=Severity.HIGH,
    message="Acme Token.",
    content="alert 9",
    state=FindingState.WAIVED,
    because="used in tests in GitHub",
)


def open_rules(*findings: Finding) -> list[str]:
    return [row.rule for row in deduplicate(findings) if row.state is FindingState.OPEN]


@pytest.mark.parametrize("path", ["", "conf/a.env"])
@pytest.mark.parametrize("line", [0, 3])
def test_an_open_secret_is_not_hidden_by_a_resolved_one(path: str, line: int) -> None:
    active = replace(ALERT, path=path, line=line)
    resolved = replace(RESOLVED, path=path, line=line)
    for pair in ((active, resolved), (resolved, active)):
        assert open_rules(*pair) == ["aws_secret_access_key"]
        assert len(deduplicate(pair)) == 2  # two alerts of one tool are two secrets


def test_what_has_no_place_is_not_the_same_place() -> None:
    for finding in (replace(CODE, path="", line=0), replace(DEPENDENCY, path="", package="")):
        other = replace(finding, message="something else")
        assert len(deduplicate([finding, other])) == 2
        assert len(deduplicate([finding, replace(finding, tool="other", rule="x")])) == 2
        assert len(deduplicate([finding, finding])) == 1


def test_a_file_without_a_line_is_no_place_at_which_two_tools_meet() -> None:
    whole = replace(CODE, line=0)
    assert len(deduplicate([whole, replace(whole, tool="semgrep", rule="sql")])) == 2
    secret = replace(ALERT, path="conf/a.env", content="")
    assert len(deduplicate([secret, replace(secret, tool="gitleaks", rule="other")])) == 2


def test_of_an_open_and_a_waived_report_of_one_fault_the_open_one_speaks() -> None:
    waived = replace(CODE, message="constant", state=FindingState.WAIVED, because="reviewed")
    same_tool = replace(CODE, message="user input")
    other_tool = replace(CODE, tool="semgrep", rule="shipway.sql", message="user input")
    for still_open in (same_tool, other_tool):
        for pair in ((waived, still_open), (still_open, waived)):
            (row,) = deduplicate(pair)
            assert (row.state, row.because, row.message) == (FindingState.OPEN, "", "user input")


findings = st.lists(
    st.builds(
        Finding,
        tool=st.sampled_from("abc"),
        rule=st.sampled_from("rs"),
        severity=st.sampled_from(Severity),
        path=st.sampled_from(["x.py", "y.py", ""]),
        line=st.integers(0, 2),
        message=st.sampled_from("mn"),
        kind=st.sampled_from([FindingKind.CODE, FindingKind.SECRET, FindingKind.DEPENDENCY]),
        content=st.sampled_from(["", "c", "d"]),
        state=st.sampled_from([FindingState.OPEN, FindingState.WAIVED]),
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


@given(findings)
def test_a_place_with_an_open_finding_has_an_open_row(found: list[Finding]) -> None:
    def opened(rows: Iterable[Finding]) -> set[tuple[str, str]]:
        return {(row.place, row.kind) for row in rows if row.state is FindingState.OPEN}

    assert opened(deduplicate(found)) >= {key for key in opened(found) if key[1] != "dependency"}
