"""A scan that came from elsewhere: whose it is, what it found, and whether it is whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from shipway.errors import ConfigError, ErrorCode
from shipway.findings.finding import Finding

_REMEDY = "Mend that, and let it scan again."


@dataclass(frozen=True, kw_only=True)
class Scan:
    """One scan by one tool. It takes the place of the tool's earlier scan of the same category.

    category: which of several scans by one tool it is, as the tool says it; "" where it says
    nothing. incomplete: why it does not prove that everything was scanned; "" where it does.
    """

    tool: str
    category: str = ""
    findings: tuple[Finding, ...] = ()
    incomplete: str = ""
    remedy: str = _REMEDY

    @property
    def name(self) -> str:
        """What it is kept under."""
        return f"{self.tool}/{self.category}" if self.category else self.tool

    def joined(self, other: Scan) -> Scan:
        """Both parts of one scan."""
        return replace(
            self,
            findings=(*self.findings, *other.findings),
            incomplete=self.incomplete or other.incomplete,
        )


class IncompleteScan(ConfigError):
    """A report of a tool that did not scan, or not everything: it is not a clean scan."""

    exit_code = 5
    default_code: ClassVar[ErrorCode] = "report-unreadable"

    def __init__(self, message: str, remedy: str = _REMEDY) -> None:
        super().__init__(message, remedy)
