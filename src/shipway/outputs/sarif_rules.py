"""What a rule in SARIF says of all findings that name it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from shipway.core.finding import Finding, Severity
from shipway.outputs.clean import plain_text
from shipway.outputs.found import Found

LEVELS = {
    Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning",
    Severity.LOW: "note", Severity.INFO: "note",
}  # fmt: skip
# GitHub's own bounds: over 9 is critical, from 7 high, from 4 medium.
_SCORES = {
    Severity.CRITICAL: 9.5, Severity.HIGH: 8.0, Severity.MEDIUM: 5.5, Severity.LOW: 2.0,
    Severity.INFO: 0.0,
}  # fmt: skip
_PROBLEMS = {"error": "error", "warning": "warning", "note": "recommendation"}
_MOST_TAGS = 10  # GitHub shows no more
_LONGEST_TITLE = 250
_CWE = re.compile(r"CWE-\d+")
_WEB = re.compile(r"https?://[A-Za-z0-9.\-_~:/?#@!$&'()*+,;=%\[\]]+")


def rule_object(name: str, group: Sequence[Found]) -> dict[str, Any]:
    """The rule as SARIF has it."""
    findings = [one.finding for one in group]
    worst = max(findings, key=lambda one: one.severity)
    level = LEVELS[worst.severity]
    title, help_text = _title(name, findings), _help(findings)
    properties: dict[str, Any] = {
        "tags": _tags(group),
        "problem.severity": _PROBLEMS[level],
    }
    if _of_security(group):
        properties["security-severity"] = _security(findings)
    if worst.confidence in ("high", "medium", "low"):
        properties["precision"] = worst.confidence
    rule = {
        "id": name,
        "shortDescription": {"text": title},
        "fullDescription": {"text": title},
        "help": {"text": help_text},
        "defaultConfiguration": {"level": level},
        "properties": properties,
    }
    link = next((one.link for one in findings if _WEB.fullmatch(one.link)), "")
    return {**rule, "helpUri": link} if link else rule


def _title(name: str, findings: Sequence[Finding]) -> str:
    """What all findings say alike; else only who says it."""
    messages = {finding.message for finding in findings}
    message = plain_text(messages.pop()).strip() if len(messages) == 1 else ""
    words = message or f"{name}, reported by {findings[0].tool}"
    return words if len(words) <= _LONGEST_TITLE else f"{words[: _LONGEST_TITLE - 1]}…"


def _help(findings: Sequence[Finding]) -> str:
    """What to do, with the fault's other names."""
    remedies = dict.fromkeys(finding.remedy for finding in findings if finding.remedy)
    names = dict.fromkeys(name for finding in findings for name in (*finding.ids, *finding.cwe))
    links = dict.fromkeys(finding.link for finding in findings if finding.link)
    lines = [*list(remedies)[:5], ", ".join(list(names)[:10]), *list(links)[:3]]
    return plain_text("\n".join(filter(None, lines))) or "Mend what the message says."


def _tags(group: Sequence[Found]) -> list[str]:
    cwes = dict.fromkeys(name for one in group for name in one.finding.cwe if _CWE.fullmatch(name))
    tags = ["security"] if _of_security(group) else []
    tags.append(group[0].finding.kind.value)
    return [*tags, *(f"external/cwe/{name.lower()}" for name in cwes)][:_MOST_TAGS]


def _of_security(group: Sequence[Found]) -> bool:
    return any(one.stage == "security" or one.finding.cwe for one in group)


def _security(findings: Sequence[Finding]) -> str:
    scores = [one.cvss if one.cvss is not None else _SCORES[one.severity] for one in findings]
    return f"{max(scores):.1f}"
