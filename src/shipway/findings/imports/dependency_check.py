"""The JSON report of OWASP Dependency-Check, schema 1.1."""

from __future__ import annotations

from shipway.errors import ConfigError
from shipway.findings.finding import (
    Finding,
    FindingKind,
    FindingState,
    parse_cwes,
    severity_of_word,
    vulnerability_ids,
    web_address,
)
from shipway.findings.json_node import JsonNode
from shipway.findings.scan import IncompleteScan

TOOL = "dependency-check"


def recognised(report: JsonNode) -> bool:
    """Whether this looks like its report."""
    return isinstance(report.value, dict) and "reportSchema" in report.value


def category(report: JsonNode) -> str:
    """The project that was scanned."""
    return report["projectInfo"]["name"].text()


def findings(report: JsonNode) -> list[Finding]:
    """Its vulnerabilities; suppressed ones are waived. Raises IncompleteScan for an empty scan."""
    schema = report["reportSchema"].text()
    if schema != "1.1":
        raise ConfigError(
            f"$.reportSchema is {schema!r}, not 1.1",
            "Use Dependency-Check 6 or newer.",
            code="report-unreadable",
        )
    dependencies = list(report["dependencies"].required())
    failed = next(iter(report["scanInfo"]["analysisExceptions"]), None)
    if failed is not None:
        raise IncompleteScan(
            f"Dependency-Check could not analyse everything: {_said(failed)}",
            "See its log, and run it again.",
        )
    if not dependencies:
        raise IncompleteScan("Dependency-Check looked at no dependency", "See what it was to scan.")
    return [
        finding
        for dependency in dependencies
        for name, state in (
            ("vulnerabilities", FindingState.OPEN),
            ("suppressedVulnerabilities", FindingState.WAIVED),
        )
        for finding in (
            _finding(vulnerability, dependency, state) for vulnerability in dependency[name]
        )
    ]


def _finding(vulnerability: JsonNode, dependency: JsonNode, state: FindingState) -> Finding:
    name, word = vulnerability["name"].required().text(), vulnerability["severity"].text()
    scores = (
        vulnerability["cvssv4"]["baseScore"],
        vulnerability["cvssv3"]["baseScore"],
        vulnerability["cvssv2"]["score"],
    )
    cvss = next(
        (score for score in (entry.number() for entry in scores) if score is not None), None
    )
    severities = (
        word,
        vulnerability["cvssv3"]["baseSeverity"].text(),
        vulnerability["cvssv2"]["severity"].text(),
    )
    references = [web_address(reference["url"].text()) for reference in vulnerability["references"]]
    package = _package(dependency)
    because = vulnerability["notes"].text() or "suppressed in Dependency-Check"
    return Finding(
        tool=TOOL,
        rule=name,
        severity=severity_of_word(next(filter(None, severities), "")),
        path=dependency["filePath"].text() or dependency["fileName"].text(),
        line=0,
        message=vulnerability["description"].text() or name,
        remedy=_remedy(vulnerability, package),
        kind=FindingKind.DEPENDENCY,
        confidence=_confidence(dependency),
        score=word,
        cvss=cvss,
        cwe=parse_cwes(vulnerability["cwes"].texts()),
        ids=vulnerability_ids((name, *references)) or (name,),
        package=package,
        link=next(filter(None, references), ""),
        state=state,
        because=because if state is FindingState.WAIVED else "",
    )


def _package(dependency: JsonNode) -> str:
    """ "name version", from the package's address pkg:type/namespace/name@version if it has one."""
    for package in dependency["packages"]:
        address = package["id"].text()
        if address.startswith("pkg:"):
            name, _, version = address.partition("?")[0].rpartition("/")[2].partition("@")
            return f"{name} {version}".strip()
    return dependency["fileName"].text().replace(":", " ")


def _confidence(dependency: JsonNode) -> str:
    levels = [
        identifier["confidence"].text().lower() for identifier in dependency["vulnerabilityIds"]
    ]
    known = {"highest": "high", "high": "high", "medium": "medium", "low": "low"}
    return next((known[word] for word in levels if word in known), "")


def _remedy(vulnerability: JsonNode, package: str) -> str:
    for software in vulnerability["vulnerableSoftware"]:
        described = software["software"]
        fixed = described["versionEndExcluding"].text()
        if described["vulnerabilityIdMatched"] and fixed:
            return f"Update {package.partition(' ')[0]} to {fixed} or newer."
    return ""


def _said(failed: JsonNode) -> str:
    return failed["exception"]["message"].text() or "it does not say why"
