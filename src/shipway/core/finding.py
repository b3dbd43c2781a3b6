"""What a check reports: one fault at one place."""

from __future__ import annotations

import hashlib
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


class Kind(StrEnum):
    """What a finding is about; gates tell them apart."""

    CODE = "code"
    DEPENDENCY = "dependency"
    LICENCE = "licence"
    SECRET = "secret"
    CONFIGURATION = "configuration"  # Dockerfile, workflow, infrastructure
    WAIVER = "waiver"  # one that has expired, is not used, or covers too much


class State(StrEnum):
    """Whether a finding counts."""

    OPEN = "open"
    KNOWN = "known"  # the baseline has it, too
    WAIVED = "waived"
    SET_ASIDE = "set aside"  # the code shows that it is none, or it is advice (setting_aside.py)


_NO_RATING = {"", "unknown", "undefined", "unassigned", "not yet assigned"}


@dataclass(frozen=True)
class Finding:
    """One fault at one place.

    path: relative to the application's root. line: counts from 1, 0 means the whole file.
    remedy: what to do, with the fixed version where there is one. confidence: high, medium or
    low, as the tool says it. score: the tool's own word for the severity. cvss: base score, 0 to
    10. cwe: "CWE-89". ids: CVE, GHSA, PYSEC and other names of the same fault. package:
    "name version" of the dependency at fault. link: where more is said.
    content: what is at fault, independent of where it stands: the statement in one form, or a
    keyed digest of a secret, never the secret. also: other tools that report the same fault.
    state: whether it counts, and because of what it does not.
    """

    tool: str
    rule: str
    severity: Severity
    path: str
    line: int
    message: str
    remedy: str = ""
    kind: Kind = Kind.CODE
    confidence: str = ""
    score: str = ""
    cvss: float | None = None
    cwe: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    package: str = ""
    link: str = ""
    content: str = ""
    also: tuple[str, ...] = ()
    state: State = State.OPEN
    because: str = ""

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
        if self.kind is Kind.DEPENDENCY:
            parts: tuple[str, ...] = (self.package.split(" ")[0], min(self.ids, default=self.rule))
        elif self.content:
            parts = (self.rule, self.content)
        else:
            parts = (self.tool, self.rule, self.path, self.message)
        text = "\0".join((self.kind, *parts))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
