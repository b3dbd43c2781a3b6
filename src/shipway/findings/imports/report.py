"""Findings of scanners that run elsewhere, from the files they leave.

A new format is a file here, with `recognised` and `findings`, and a line in _FORMATS.
"""

from __future__ import annotations

from typing import Any

from shipway.errors import ConfigError
from shipway.findings.finding import Finding
from shipway.findings.imports import clair, dependency_check, ecr, github_secrets, snyk
from shipway.findings.json_node import JsonNode
from shipway.findings.sarif_import import failures_in_sarif, findings_from_sarif

_FORMATS = (dependency_check, clair, ecr, github_secrets, snyk)


def findings_from(data: Any) -> tuple[Finding, ...]:
    """The findings in SARIF, or in any of the reports that are known.

    Raises ConfigError for what is none of them, and for one that says it is not whole: findings
    that are missing must not look like none.
    """
    if isinstance(data, dict) and "runs" in data:
        failures = failures_in_sarif(data)
        if failures:
            raise ConfigError(
                f"the tool did not do all of its work: {failures[0]}",
                "Mend that, and let it scan again.",
                code="report-unreadable",
            )
        return findings_from_sarif(data)
    return findings_from_report(data)


def findings_from_report(data: Any) -> tuple[Finding, ...]:
    """The findings in the JSON of a tool that writes no SARIF."""
    report = JsonNode(data)
    for form in _FORMATS:
        if form.recognised(report):
            return tuple(form.findings(report))
    raise ConfigError(
        "this is no report that is known"
        if data
        else "an empty report does not say what made it, so it proves nothing",
        "SARIF 2.1.0, Dependency-Check, Snyk, Clair, ECR and GitHub's secret scanning are known.",
        code="report-unreadable",
    )
