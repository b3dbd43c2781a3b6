"""Waivers hold until their day, and bad ones are findings."""

from __future__ import annotations

from datetime import date

import pytest

from shipway.core.config import Waiver
from shipway.core.finding import Finding, Kind, Severity, State
from shipway.core.waiving import TOO_MANY, Placed, inline, waive

TODAY = date(2026, 11, 24)
FOUND = Finding("bandit", "B608", Severity.HIGH, "main/a.py", 3, "SQL", ids=("CVE-9",))


def waiver(until: str = "2027-01-31", **by: str) -> Placed:
    return Placed(Waiver("not reachable", "ann", date.fromisoformat(until), **by), "shipway.toml")


@pytest.mark.parametrize(
    "by",
    [{"rule": "B608"}, {"rule": "CVE-9"}, {"rule": "B608", "path": "main/*"},
     {"fingerprint": FOUND.fingerprint}],
)  # fmt: skip
def test_a_waiver_by_rule_id_path_or_fingerprint_holds_and_says_why(by: dict[str, str]) -> None:
    (one,) = waive([FOUND], [waiver(**by)], TODAY)
    assert one.state is State.WAIVED
    assert one.because == "not reachable (ann, until 2027-01-31)"


def rules(*placed: Placed, found: int = 1) -> list[str]:
    result = waive([FOUND] * found, placed, TODAY)
    return [one.rule for one in result if one.kind is Kind.WAIVER]


def test_one_that_expired_holds_no_more_and_is_a_finding() -> None:
    result = waive([FOUND], [waiver("2026-11-23", rule="B608")], TODAY)
    assert result[0].state is State.OPEN
    assert result[1].rule == "waiver-expired"
    assert waive([FOUND], [waiver("2026-11-24", rule="B608")], TODAY)[0].state is State.WAIVED


def test_one_that_covers_nothing_or_too_much_is_a_finding() -> None:
    assert rules(waiver(rule="B999")) == ["waiver-unused"]
    assert rules(waiver(rule="B608", path="other/*")) == ["waiver-unused"]
    assert rules(waiver(rule="B608"), found=TOO_MANY + 1) == ["waiver-too-broad"]
    assert rules(waiver(rule="B608"), found=TOO_MANY) == []


def test_a_comment_waives_its_own_line_and_the_next() -> None:
    text = "x = 1\n# shipway: waive B608 until 2027-01-31 by ann: not reachable\ny\nz\n"
    (placed,), _ = inline("main/a.py", text)
    assert placed.line == 2
    states = {
        line: waive([Finding("b", "B608", Severity.HIGH, "main/a.py", line, "")], [placed], TODAY)[
            0
        ]
        for line in (1, 2, 3, 4)
    }
    assert {line for line, one in states.items() if one.state is State.WAIVED} == {2, 3}


@pytest.mark.parametrize(
    "words", ["", " B608", " B608 until 2027-13-01 by ann: x", " B608 until 2027-01-31: x"]
)
def test_a_comment_that_is_not_understood_is_a_finding_with_its_place(words: str) -> None:
    placed, (fault,) = inline("a.py", f"# shipway: waive{words}\n")
    assert not placed
    assert (fault.rule, fault.place) == ("waiver-not-understood", "a.py:1")


@pytest.mark.parametrize(
    ("path", "comment"),
    [("a.html", "<!-- {} -->"), ("b.html", "{{# {} #}}"), ("a.yml", "x: 1  # {}"),
     ("a.js", "// {}"), ("a.py", "x = 1  # {}")],
)  # fmt: skip
def test_comments_of_other_languages_are_read_too(path: str, comment: str) -> None:
    words = "shipway: waive R1 until 2027-01-31 by ann: not reachable"
    (placed,), faults = inline(path, comment.format(words))
    assert placed.waiver.reason == "not reachable"
    assert not faults


@pytest.mark.parametrize(
    ("path", "text"),
    [("a.py", "x = '# shipway: waive this'\n"), ("a.md", "# shipway: waive this\n"),
     ("a.yml", "say: shipway: waive\n"), ("a.py", "x = (  # open\n'# shipway: waive'")],
)  # fmt: skip
def test_strings_and_prose_are_no_comments(path: str, text: str) -> None:
    assert inline(path, text) == ([], [])
