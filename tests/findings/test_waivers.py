"""Waivers hold until their day, and bad ones are findings."""

from __future__ import annotations

from datetime import date

import pytest

from shipway.config.schema import Waiver
from shipway.findings.finding import Finding, FindingKind, FindingState, Severity
from shipway.findings.waivers import TOO_MANY, LocatedWaiver, apply_waivers, inline_waivers

TODAY = date(2026, 11, 24)
FOUND = Finding(
    tool="bandit",
    rule="B608",
    severity=Severity.HIGH,
    path="main/a.py",
    line=3,
    message="SQL",
    ids=("CVE-9",),
)


def waiver(until: str = "2027-01-31", **by: str) -> LocatedWaiver:
    return LocatedWaiver(
        Waiver("not reachable", "ann", date.fromisoformat(until), **by), "shipway.toml"
    )


@pytest.mark.parametrize(
    "by",
    [
        {"rule": "B608"},
        {"rule": "CVE-9"},
        {"rule": "B608", "path": "main/*"},
        {"fingerprint": FOUND.fingerprint},
    ],
)
def test_a_waiver_by_rule_id_path_or_fingerprint_holds_and_says_why(by: dict[str, str]) -> None:
    (one,) = apply_waivers([FOUND], [waiver(**by)], TODAY)
    assert one.state is FindingState.WAIVED
    assert one.because == "not reachable (ann, until 2027-01-31)"


def rules(*placed: LocatedWaiver, found: int = 1) -> list[str]:
    result = apply_waivers([FOUND] * found, placed, TODAY)
    return [one.rule for one in result if one.kind is FindingKind.WAIVER]


def test_one_that_expired_holds_no_more_and_is_a_finding() -> None:
    result = apply_waivers([FOUND], [waiver("2026-11-23", rule="B608")], TODAY)
    assert result[0].state is FindingState.OPEN
    assert result[1].rule == "waiver-expired"
    assert (
        apply_waivers([FOUND], [waiver("2026-11-24", rule="B608")], TODAY)[0].state
        is FindingState.WAIVED
    )


def test_one_that_covers_nothing_or_too_much_is_a_finding() -> None:
    assert rules(waiver(rule="B999")) == ["waiver-unused"]
    assert rules(waiver(rule="B608", path="other/*")) == ["waiver-unused"]
    assert rules(waiver(rule="B608"), found=TOO_MANY + 1) == ["waiver-too-broad"]
    assert rules(waiver(rule="B608"), found=TOO_MANY) == []


def test_a_comment_waives_its_own_line_and_the_next() -> None:
    text = "x = 1\n# shipway: waive B608 until 2027-01-31 by ann: not reachable\ny\nz\n"
    (placed,), _ = inline_waivers("main/a.py", text)
    assert placed.line == 2
    states = {
        line: apply_waivers(
            [
                Finding(
                    tool="b",
                    rule="B608",
                    severity=Severity.HIGH,
                    path="main/a.py",
                    line=line,
                    message="",
                )
            ],
            [placed],
            TODAY,
        )[0]
        for line in (1, 2, 3, 4)
    }
    assert {line for line, one in states.items() if one.state is FindingState.WAIVED} == {2, 3}


@pytest.mark.parametrize(
    "words", ["", " B608", " B608 until 2027-13-01 by ann: x", " B608 until 2027-01-31: x"]
)
def test_a_comment_that_is_not_understood_is_a_finding_with_its_place(words: str) -> None:
    placed, (fault,) = inline_waivers("a.py", f"# shipway: waive{words}\n")
    assert not placed
    assert (fault.rule, fault.place) == ("waiver-not-understood", "a.py:1")


@pytest.mark.parametrize(
    ("path", "comment"),
    [
        ("a.html", "<!-- {} -->"),
        ("b.html", "{{# {} #}}"),
        ("a.yml", "x: 1  # {}"),
        ("a.js", "// {}"),
        ("a.py", "x = 1  # {}"),
    ],
)
def test_comments_of_other_languages_are_read_too(path: str, comment: str) -> None:
    words = "shipway: waive R1 until 2027-01-31 by ann: not reachable"
    (placed,), faults = inline_waivers(path, comment.format(words))
    assert placed.waiver.reason == "not reachable"
    assert not faults


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "x = '# shipway: waive this'\n"),
        ("a.md", "# shipway: waive this\n"),
        ("a.yml", "say: shipway: waive\n"),
        ("a.py", "x = (  # open\n'# shipway: waive'"),
    ],
)
def test_strings_and_prose_are_no_comments(path: str, text: str) -> None:
    assert inline_waivers(path, text) == ([], [])


def test_the_quarantine_of_a_flaky_test_is_in_order_until_it_expires() -> None:
    name = "tests.test_mail::test_sends"
    assert rules(waiver(rule="flaky-test", path=name)) == []
    assert rules(waiver("2026-11-23", rule="flaky-test", path=name)) == ["waiver-expired"]
