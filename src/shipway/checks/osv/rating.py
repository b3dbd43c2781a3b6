"""How bad an advisory says its fault is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cvss import (  # type: ignore[import-untyped]  # it has no types
    CVSS2,
    CVSS3,
    CVSS4,
    CVSSError,
)

_BY_TYPE = {"CVSS_V4": CVSS4, "CVSS_V3": CVSS3, "CVSS_V2": CVSS2}  # the newest one counts


def base_score(severities: Sequence[Mapping[str, Any]]) -> float | None:
    """The base score, 0 to 10, of the newest kind of vector; None where there is none."""
    for kind, vector in _BY_TYPE.items():
        scores = [_score(vector, str(one["score"])) for one in severities if one["type"] == kind]
        if known := [score for score in scores if score is not None]:
            return max(known)
    return None


def _score(vector: Any, text: str) -> float | None:
    try:
        return float(vector(text).base_score)
    except CVSSError:
        return None


def word(advisory: Mapping[str, Any], affected: Mapping[str, Any]) -> str:
    """The database's own word: GitHub's HIGH, Ubuntu's medium, Debian's urgency."""
    for place in (affected, advisory):
        for key in ("ecosystem_specific", "database_specific"):
            own = place.get(key) or {}
            if said := own.get("severity") or own.get("urgency"):
                return str(said)
    return ""
