"""Names of faults and of their severities, as scanners write them, in one form."""

from __future__ import annotations

import re
from collections.abc import Iterable

from shipway.core.finding import Severity

_CWE = re.compile(r"cwe[-/ :]?(?:cwe-)?0*(\d+)", re.IGNORECASE)
_ID = re.compile(
    r"\b(CVE-\d{4}-\d{4,}|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}|PYSEC-\d{4}-\d+)\b", re.IGNORECASE
)
_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH, "important": Severity.HIGH, "error": Severity.HIGH,
    "medium": Severity.MEDIUM, "moderate": Severity.MEDIUM, "warning": Severity.MEDIUM,
    "low": Severity.LOW, "minor": Severity.LOW, "note": Severity.LOW,
    "negligible": Severity.INFO, "informational": Severity.INFO, "info": Severity.INFO,
    "none": Severity.INFO,
}  # fmt: skip


def cwes(texts: Iterable[str]) -> tuple[str, ...]:
    """Every CWE in some texts as "CWE-89": of tags, of titles, zeros and case aside."""
    found = (match[1] for text in texts for match in _CWE.finditer(text))
    return tuple(dict.fromkeys(f"CWE-{number}" for number in found))


def ids(texts: Iterable[str]) -> tuple[str, ...]:
    """Every CVE, GHSA and PYSEC name in some texts."""
    found = (match[1] for text in texts for match in _ID.finditer(text))
    return tuple(dict.fromkeys(_in_one_case(name) for name in found))


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


def _in_one_case(name: str) -> str:
    head, _, rest = name.partition("-")
    return f"{head.upper()}-{rest.lower()}"
