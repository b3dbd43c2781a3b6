"""GitHub's secret scanning alerts: GET /repos/{owner}/{repo}/secret-scanning/alerts.

The answer holds the secrets themselves; no finding has any part of one.
"""

from __future__ import annotations

from shipway.core.finding import Finding, Kind, Severity, State
from shipway.core.json_place import Place
from shipway.core.sarif_rules import web

TOOL = "github-secret-scanning"
_MENDED = ("revoked", "pattern_deleted", "pattern_edited")


def recognised(report: Place) -> bool:
    """Whether this looks like its answer."""
    one = report.value[0] if isinstance(report.value, list) and report.value else None
    return isinstance(one, dict) and "secret_type" in one


def findings(report: Place) -> list[Finding]:
    """The alerts; what was resolved as harmless is waived, what was revoked is left out."""
    return [
        _finding(one)
        for one in report
        if one["state"].text() == "open" or one["resolution"].text() not in _MENDED
    ]


def _finding(one: Place) -> Finding:
    kind = one["secret_type"].required().text()
    name = one["secret_type_display_name"].text() or kind
    place = one["first_location_detected"]
    waived = one["state"].text() != "open"
    validity = one["validity"].text()
    more = " and in other places" if one["has_more_locations"].value is True else ""
    valid = " It is still valid." if validity == "active" else ""
    return Finding(
        TOOL, kind, Severity.CRITICAL if validity == "active" else Severity.HIGH,
        place["path"].text(), max(place["start_line"].whole(), 0), f"{name}{more}.{valid}",
        "Revoke it where it was issued, then close the alert.", Kind.SECRET, score=validity,
        link=web(one["html_url"].text()),
        content=f"alert {one['number'].required().whole()}",
        state=State.WAIVED if waived else State.OPEN, because=_because(one) if waived else "",
    )  # fmt: skip


def _because(one: Place) -> str:
    resolution = one["resolution"].text().replace("_", " ") or "resolved"
    comment = one["resolution_comment"].text()
    return f"{resolution}: {comment}" if comment else f"{resolution} in GitHub"
