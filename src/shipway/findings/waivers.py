"""Waivers: dated, reasoned exceptions for findings. They expire, and bad ones are findings."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from io import StringIO

from shipway.config.schema import Waiver
from shipway.findings.finding import Finding, FindingKind, FindingState, Severity

FLAKY_TEST = "flaky-test"  # as a rule: the path is a test's name (pipeline/flaky_tests.py)
TOO_MANY = 20  # findings that one waiver by rule may cover
# In a comment: shipway: waive RULE until 2027-01-31 by OWNER: REASON
_INLINE = re.compile(
    r"shipway: waive (?P<rule>\S+) until (?P<until>\d{4}-\d\d-\d\d)"
    r" by (?P<owner>[^:]+): (?P<reason>.+)"
)
_COMMENT = re.compile(r"(#|//|<!--|\{#|/\*)\s*shipway: waive\b.*")
_PROSE = (".md", ".rst", ".txt")


@dataclass(frozen=True)
class LocatedWaiver:
    """A waiver and where it stands: in the configuration, or at a line of a file."""

    waiver: Waiver
    path: str
    line: int = 0

    def covers(self, finding: Finding) -> bool:
        """Whether it is meant for this finding."""
        if self.line and (finding.path, finding.line) not in (
            (self.path, self.line),
            (self.path, self.line + 1),
        ):
            return False
        if self.waiver.fingerprint:
            return finding.fingerprint == self.waiver.fingerprint
        names = {finding.rule, *finding.ids}
        return self.waiver.rule in names and fnmatchcase(finding.path, self.waiver.path)


def inline_waivers(path: str, text: str) -> tuple[list[LocatedWaiver], list[Finding]]:
    """The waivers in a file's comments, each for its own line and the next; and those that want
    to be one and cannot be understood, as findings. Prose has no comments.
    """
    placed: list[LocatedWaiver] = []
    faults: list[Finding] = []
    if "shipway: waive" not in text or path.endswith(_PROSE):
        return placed, faults
    for number, comment in _comments(path, text):
        if _COMMENT.match(comment):
            waiver = _understood(comment)
            if waiver is None:
                faults.append(_misunderstood(path, number))
            else:
                placed.append(LocatedWaiver(waiver, path, number))
    return placed, faults


def _comments(path: str, text: str) -> Iterator[tuple[int, str]]:
    """(line, comment) of every line that has one; in Python, strings are none."""
    if path.endswith((".py", ".pyi")):
        with suppress(tokenize.TokenError, SyntaxError):
            for token in tokenize.generate_tokens(StringIO(text).readline):
                if token.type == tokenize.COMMENT:
                    yield token.start[0], token.string
        return
    for number, row in enumerate(text.splitlines(), 1):
        if match := _COMMENT.search(row):
            yield number, match[0]


def _understood(comment: str) -> Waiver | None:
    match = _INLINE.search(comment)
    try:
        until = date.fromisoformat(match["until"]) if match else None
    except ValueError:
        return None
    if match is None or until is None:
        return None
    reason = match["reason"].strip().removesuffix("-->").removesuffix("#}").strip()
    return Waiver(reason, match["owner"].strip(), until, match["rule"])


def _misunderstood(path: str, line: int) -> Finding:
    return Finding(
        tool="shipway",
        rule="waiver-not-understood",
        severity=Severity.LOW,
        path=path,
        line=line,
        message="this wants to be a waiver and cannot be understood",
        remedy="Write: shipway: waive RULE until 2027-01-31 by OWNER: REASON",
        kind=FindingKind.WAIVER,
    )


def apply_waivers(
    findings: Sequence[Finding], waivers: Iterable[LocatedWaiver], today: date
) -> tuple[Finding, ...]:
    """The findings with their state, and a finding for each waiver that is not in order."""
    waived = list(findings)
    faults: list[Finding] = []
    for placed in waivers:
        covered = [index for index, finding in enumerate(waived) if placed.covers(finding)]
        fault = _fault(placed, len(covered), today)
        if fault is not None:
            faults.append(fault)
        if placed.waiver.expires < today:
            continue
        because = f"{placed.waiver.reason} ({placed.waiver.owner}, until {placed.waiver.expires})"
        for index in covered:
            waived[index] = replace(waived[index], state=FindingState.WAIVED, because=because)
    return (*waived, *faults)


def quarantined_tests(waivers: Iterable[Waiver], today: date) -> Mapping[str, str]:
    """The tests in quarantine today, each with who says so and until when.

    A waiver names one test as it is printed; there are no patterns.
    """
    return {
        waiver.path: f"{waiver.owner} until {waiver.expires}: {waiver.reason}"
        for waiver in waivers
        if waiver.rule == FLAKY_TEST and waiver.expires >= today
    }


def _fault(placed: LocatedWaiver, covered: int, today: date) -> Finding | None:
    waiver = placed.waiver
    what = waiver.rule or waiver.fingerprint
    if waiver.expires < today:
        rule, message = "waiver-expired", f"the waiver of {what} expired on {waiver.expires}"
        remedy = f"Mend what it covers, or ask {waiver.owner} for a new date."
    elif waiver.rule == FLAKY_TEST:  # it covers no finding, and a good run needs it as well
        return None
    elif not covered:
        rule, message = "waiver-unused", f"the waiver of {what} covers nothing"
        remedy = "Remove it."
    elif covered > TOO_MANY or not what.strip("*"):
        rule, message = "waiver-too-broad", f"the waiver of {what} covers {covered} findings"
        remedy = "Name a path, or waive by fingerprint; for old findings use --baseline."
    else:
        return None
    return Finding(
        tool="shipway",
        rule=rule,
        severity=Severity.LOW,
        path=placed.path,
        line=placed.line,
        message=message,
        remedy=remedy,
        kind=FindingKind.WAIVER,
    )


# Comments that silence a tool at a line: counted, so that nobody silences one unseen.

# tool → (a word of its mark, the mark): a word is found far faster than a pattern with \b.
_MARKS = {
    "bandit": ("nosec", re.compile(r"#\s*nosec\b")),
    "semgrep": ("nosem", re.compile(r"\bnosem(?:grep)?\b")),
    "gitleaks": ("gitleaks:allow", re.compile(r"\bgitleaks:allow\b")),
    "trufflehog": ("trufflehog:ignore", re.compile(r"\btrufflehog:ignore\b")),
    "hadolint": ("hadolint", re.compile(r"#\s*hadolint\s+(?:global\s+)?ignore=")),
    "zizmor": ("zizmor:", re.compile(r"#\s*zizmor:\s*ignore")),
    "checkov": ("checkov:skip=", re.compile(r"\bcheckov:skip=")),
    "trivy": ("trivy:ignore:", re.compile(r"\btrivy:ignore:")),
    "ruff": ("noqa:", re.compile(r"#\s*noqa:.*\bS\d{3}\b")),  # its security rules
}


def suppression_comments(path: str, text: str) -> list[tuple[str, str]]:
    """(tool, place) of every comment in a file that silences a security tool."""
    marks = [(tool, mark) for tool, (word, mark) in _MARKS.items() if word in text]
    if not marks:
        return []
    return [
        (tool, f"{path}:{number}")
        for number, row in enumerate(text.splitlines(), 1)
        for tool, mark in marks
        if mark.search(row)
    ]
