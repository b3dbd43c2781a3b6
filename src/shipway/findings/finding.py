"""What a check reports: one fault at one place."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cached_property


class Severity(IntEnum):
    """Ordered: a higher number is worse."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class FindingKind(StrEnum):
    """What a finding is about; gates tell them apart."""

    CODE = "code"
    DEPENDENCY = "dependency"
    LICENCE = "licence"
    SECRET = "secret"
    CONFIGURATION = "configuration"  # Dockerfile, workflow, infrastructure
    WAIVER = "waiver"  # one that has expired, is not used, or covers too much


class FindingState(StrEnum):
    """Whether a finding counts."""

    OPEN = "open"
    KNOWN = "known"  # the baseline has it, too
    WAIVED = "waived"
    DISMISSED = "set aside"  # the code shows that it is none, or it is advice (false_positives.py)


_NO_RATING = {"", "unknown", "undefined", "unassigned", "not yet assigned"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One fault at one place.

    path: relative to the application's root. line: counts from 1, 0 means the whole file.
    remedy: what to do, with the fixed version where there is one. confidence: high, medium or
    low, as the tool says it. score: the tool's own word for the severity. cvss: base score, 0 to
    10. cwe: "CWE-89". ids: CVE, GHSA, PYSEC and other names of the same fault. package:
    "name version" of the dependency at fault. link: where more is said.
    content: what is at fault, independent of where it stands: the statement in one form, or a
    keyed digest of a secret, never the secret. also: other tools that report the same fault.
    state: whether it counts, and because of what it does not. known_fingerprint: of what it was
    before secrets were blotted out of it.
    """

    tool: str
    rule: str
    severity: Severity
    path: str
    line: int
    message: str
    remedy: str = ""
    kind: FindingKind = FindingKind.CODE
    confidence: str = ""
    score: str = ""
    cvss: float | None = None
    cwe: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    package: str = ""
    link: str = ""
    content: str = ""
    also: tuple[str, ...] = ()
    state: FindingState = FindingState.OPEN
    because: str = ""
    known_fingerprint: str = ""

    @property
    def place(self) -> str:
        """`path:line`, as editors understand it."""
        return f"{self.path}:{self.line}" if self.line else self.path

    @property
    def tools(self) -> tuple[str, ...]:
        """Every tool that reports it."""
        return (self.tool, *self.also)

    @property
    def rated(self) -> bool:
        """Whether its tool says how severe it is; else the severity is Shipway's guess."""
        return self.cvss is not None or self.score.casefold() not in _NO_RATING

    @cached_property  # every waiver asks for it
    def fingerprint(self) -> str:
        """The same while lines move; with `content`, also while files are renamed.

        A dependency's fault is its package and its first id, whichever tool found it.
        """
        if self.known_fingerprint:
            return self.known_fingerprint
        if self.kind is FindingKind.DEPENDENCY:
            parts: tuple[str, ...] = (self.package.split(" ")[0], min(self.ids, default=self.rule))
        elif self.content:
            parts = (self.rule, self.content)
        else:
            parts = (self.tool, self.rule, self.path, self.message)
        text = "\0".join((self.kind, *parts))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


# Names of faults and of their severities, as scanners write them, in one form.

_CWE = re.compile(r"cwe[-/ :]?(?:cwe-)?0*(\d+)", re.IGNORECASE)
_ID = re.compile(
    r"\b(CVE-\d{4}-\d{4,}|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}|PYSEC-\d{4}-\d+)\b", re.IGNORECASE
)
_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "important": Severity.HIGH,
    "error": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "moderate": Severity.MEDIUM,
    "warning": Severity.MEDIUM,
    "low": Severity.LOW,
    "minor": Severity.LOW,
    "note": Severity.LOW,
    "negligible": Severity.INFO,
    "informational": Severity.INFO,
    "info": Severity.INFO,
    "none": Severity.INFO,
}


def parse_cwes(texts: Iterable[str]) -> tuple[str, ...]:
    """Every CWE in some texts as "CWE-89": of tags, of titles, zeros and case aside."""
    numbers = (match[1] for text in texts for match in _CWE.finditer(text))
    return tuple(dict.fromkeys(f"CWE-{number}" for number in numbers))


def vulnerability_ids(texts: Iterable[str]) -> tuple[str, ...]:
    """Every CVE, GHSA and PYSEC name in some texts."""
    names = (match[1] for text in texts for match in _ID.finditer(text))
    return tuple(dict.fromkeys(_in_one_case(name) for name in names))


def severity_of_score(score: float) -> Severity:
    """CVSS's own words for a base score."""
    if score >= 9:
        return Severity.CRITICAL
    if score >= 7:
        return Severity.HIGH
    if score >= 4:
        return Severity.MEDIUM
    return Severity.LOW if score > 0 else Severity.INFO


def severity_of_word(word: str, unrated: Severity = Severity.HIGH) -> Severity:
    """What a scanner calls it. What nobody rated may be of any severity."""
    return _SEVERITIES.get(word.strip().lower(), unrated)


def web_address(address: str) -> str:
    """An address that may be shown as a link; anything else is none."""
    return address if address.startswith(("http://", "https://")) else ""


def _in_one_case(name: str) -> str:
    head, _, rest = name.partition("-")
    return f"{head.upper()}-{rest.lower()}"
