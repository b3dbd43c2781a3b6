"""Waivers: dated, reasoned exceptions for findings. They expire, and bad ones are findings."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from io import StringIO

from shipway.core.config import Waiver
from shipway.core.finding import Finding, Kind, Severity, State

TOO_MANY = 20  # findings that one waiver by rule may cover
# In a comment: shipway: waive RULE until 2027-01-31 by OWNER: REASON
_INLINE = re.compile(
    r"shipway: waive (?P<rule>\S+) until (?P<until>\d{4}-\d\d-\d\d)"
    r" by (?P<owner>[^:]+): (?P<reason>.+)"
)
_COMMENT = re.compile(r"(#|//|<!--|\{#|/\*)\s*shipway: waive\b.*")
_PROSE = (".md", ".rst", ".txt")


@dataclass(frozen=True)
class Placed:
    """A waiver and where it stands: in the configuration, or at a line of a file."""

    waiver: Waiver
    path: str
    line: int = 0

    def covers(self, finding: Finding) -> bool:
        """Whether it is meant for this finding."""
        if self.line and (finding.path, finding.line) not in (
            (self.path, self.line), (self.path, self.line + 1),
        ):  # fmt: skip
            return False
        if self.waiver.fingerprint:
            return finding.fingerprint == self.waiver.fingerprint
        names = {finding.rule, *finding.ids}
        return self.waiver.rule in names and fnmatchcase(finding.path, self.waiver.path)


def inline(path: str, text: str) -> tuple[list[Placed], list[Finding]]:
    """The waivers in a file's comments, each for its own line and the next; and those that want
    to be one and cannot be understood, as findings. Prose has no comments.
    """
    found: list[Placed] = []
    faults: list[Finding] = []
    if "shipway: waive" not in text or path.endswith(_PROSE):
        return found, faults
    for number, comment in _comments(path, text):
        if _COMMENT.match(comment):
            waiver = _understood(comment)
            if waiver is None:
                faults.append(_misunderstood(path, number))
            else:
                found.append(Placed(waiver, path, number))
    return found, faults


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
        "shipway", "waiver-not-understood", Severity.LOW, path, line,
        "this wants to be a waiver and cannot be understood",
        "Write: shipway: waive RULE until 2027-01-31 by OWNER: REASON", Kind.WAIVER,
    )  # fmt: skip


def waive(
    findings: Sequence[Finding], waivers: Iterable[Placed], today: date
) -> tuple[Finding, ...]:
    """The findings with their state, and a finding for each waiver that is not in order."""
    waived = list(findings)
    faults: list[Finding] = []
    for placed in waivers:
        covered = [place for place, one in enumerate(waived) if placed.covers(one)]
        fault = _fault(placed, len(covered), today)
        if fault is not None:
            faults.append(fault)
        if placed.waiver.expires < today:
            continue
        because = f"{placed.waiver.reason} ({placed.waiver.owner}, until {placed.waiver.expires})"
        for place in covered:
            waived[place] = replace(waived[place], state=State.WAIVED, because=because)
    return (*waived, *faults)


def _fault(placed: Placed, covered: int, today: date) -> Finding | None:
    waiver = placed.waiver
    what = waiver.rule or waiver.fingerprint
    if waiver.expires < today:
        rule, words = "waiver-expired", f"the waiver of {what} expired on {waiver.expires}"
        remedy = f"Mend what it covers, or ask {waiver.owner} for a new date."
    elif not covered:
        rule, words = "waiver-unused", f"the waiver of {what} covers nothing"
        remedy = "Remove it."
    elif covered > TOO_MANY or not what.strip("*"):
        rule, words = "waiver-too-broad", f"the waiver of {what} covers {covered} findings"
        remedy = "Name a path, or waive by fingerprint; for old findings use --baseline."
    else:
        return None
    return Finding(
        "shipway", rule, Severity.LOW, placed.path, placed.line, words, remedy, Kind.WAIVER
    )
