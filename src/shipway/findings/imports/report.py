"""Findings of scanners that run elsewhere, from the files they leave.

A new format is a file here, with `recognised`, `findings` and `category`, and a line in _FORMATS.
"""

from __future__ import annotations

from shipway.errors import ConfigError
from shipway.findings.finding import Finding
from shipway.findings.imports import clair, dependency_check, ecr, github_secrets, snyk
from shipway.findings.json_node import JsonNode
from shipway.findings.sarif_import import scans_in_sarif
from shipway.findings.scan import IncompleteScan, Scan

_FORMATS = (dependency_check, clair, ecr, github_secrets, snyk)


def scans_from(data: object) -> tuple[Scan, ...]:
    """The scans in SARIF, or in any of the reports that are known.

    One that says that it is not whole says so in `Scan.incomplete`: findings that are missing
    must not look like none. Raises ConfigError for what is no report, and for one that does not
    name its tool; IncompleteScan for SARIF without any run.
    """
    if isinstance(data, dict) and "runs" in data:
        return scans_in_sarif(data)
    report = JsonNode(data)
    for form in _FORMATS:
        if form.recognised(report):
            category = form.category(report)
            try:
                results = tuple(form.findings(report))
            except IncompleteScan as problem:
                scan = Scan(
                    tool=form.TOOL,
                    category=category,
                    incomplete=problem.message,
                    remedy=problem.remedy,
                )
            else:
                scan = Scan(tool=form.TOOL, category=category, findings=results)
            return (scan,)
    raise ConfigError(
        "this is no report that is known"
        if data
        else "an empty report does not say what made it, so it proves nothing",
        "SARIF 2.1.0, Dependency-Check, Snyk, Clair, ECR and GitHub's secret scanning are known.",
        code="report-unreadable",
    )


def findings_from(data: object) -> tuple[Finding, ...]:
    """All findings of a report's scans. Raises IncompleteScan where one of them is not whole."""
    scans = scans_from(data)
    for scan in scans:
        if scan.incomplete:
            raise IncompleteScan(f"the scan of {scan.name} is incomplete: {scan.incomplete}")
    return tuple(finding for scan in scans for finding in scan.findings)
