"""Waivers: dated, reasoned exceptions for findings. They expire, and bad ones are findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase

from shipway.core.config import Waiver
from shipway.core.errors import ConfigError
from shipway.core.finding import Finding, Kind, Severity, State

TOO_MANY = 20  # findings that one waiver by rule may cover
# In a comment: shipway: waive RULE until 2027-01-31 by OWNER: REASON
_INLINE = re.compile(
    r"shipway: waive (?P<rule>\S+) until (?P<until>\d{4}-\d\d-\d\d)"
    r" by (?P<owner>[^:]+): (?P<reason>.+)"
)
_ATTEMPT = re.compile(r"shipway: waive\b")


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


def inline(path: str, text: str) -> list[Placed]:
    """The waivers in a file's comments; each holds for its own line and the next.

    Raises ConfigError for a comment that wants to be one and is not.
    """
    if "shipway: waive" not in text:
        return []
    found = []
    for number, row in enumerate(text.splitlines(), 1):
        if not _ATTEMPT.search(row):
            continue
        match = _INLINE.search(row)
        try:
            until = date.fromisoformat(match["until"]) if match else None
        except ValueError:
            until = None
        if match is None or until is None:
            raise ConfigError(
                f"{path}:{number}: a waiver that cannot be understood",
                "Write: shipway: waive RULE until 2027-01-31 by OWNER: REASON",
            )
        waiver = Waiver(match["reason"].strip(), match["owner"].strip(), until, match["rule"])
        found.append(Placed(waiver, path, number))
    return found


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
