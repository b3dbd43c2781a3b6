"""What a check reports: one rule broken at one place."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """Ordered: a higher number is worse."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


@dataclass(frozen=True)
class Finding:
    """One fault at one place.

    `path` is relative to the application's root; `line` counts from 1, 0 means the whole file.
    """

    tool: str
    rule: str
    severity: Severity
    path: str
    line: int
    message: str
    remedy: str = ""

    @property
    def place(self) -> str:
        """`path:line`, as editors understand it."""
        return f"{self.path}:{self.line}" if self.line else self.path

    @property
    def fingerprint(self) -> str:
        """Stable while lines move: the line number is not part of it."""
        parts = "\0".join((self.tool, self.rule, self.path, self.message))
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:16]
