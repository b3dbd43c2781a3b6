"""GitHub's secret scanning alerts: GET /repos/{owner}/{repo}/secret-scanning/alerts.

The answer holds the secrets themselves; no finding has any part of one.
"""

from __future__ import annotations

from shipway.findings.finding import Finding, FindingKind, FindingState, Severity, web_address
from shipway.findings.json_node import JsonNode

TOOL = "github-secret-scanning"
_MENDED = ("revoked", "pattern_deleted", "pattern_edited")


def recognised(report: JsonNode) -> bool:
    """Whether this looks like its answer."""
    first = report.value[0] if isinstance(report.value, list) and report.value else None
    return isinstance(first, dict) and "secret_type" in first


def category(report: JsonNode) -> str:
    """There is one list for a repository."""
    return ""


def findings(report: JsonNode) -> list[Finding]:
    """The alerts; what was resolved as harmless is waived, what was revoked is left out."""
    return [
        _finding(alert)
        for alert in report
        if alert["state"].text() == "open" or alert["resolution"].text() not in _MENDED
    ]


def _finding(alert: JsonNode) -> Finding:
    kind = alert["secret_type"].required().text()
    name = alert["secret_type_display_name"].text() or kind
    location = alert["first_location_detected"]
    waived = alert["state"].text() != "open"
    validity = alert["validity"].text()
    more = " and in other places" if alert["has_more_locations"].value is True else ""
    valid = " It is still valid." if validity == "active" else ""
    return Finding(
        tool=TOOL,
        rule=kind,
        severity=Severity.CRITICAL if validity == "active" else Severity.HIGH,
        path=location["path"].text(),
        line=max(location["start_line"].whole(), 0),
        message=f"{name}{more}.{valid}",
        remedy="Revoke it where it was issued, then close the alert.",
        kind=FindingKind.SECRET,
        score=validity,
        link=web_address(alert["html_url"].text()),
        content=f"alert {alert['number'].required().whole()}",
        state=FindingState.WAIVED if waived else FindingState.OPEN,
        because=_because(alert) if waived else "",
    )


def _because(alert: JsonNode) -> str:
    resolution = alert["resolution"].text().replace("_", " ") or "resolved"
    comment = alert["resolution_comment"].text()
    return f"{resolution}: {comment}" if comment else f"{resolution} in GitHub"
