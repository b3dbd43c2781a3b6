"""The vulnerability report of Clair 4 (`clairctl report --out json`, GET /vulnerability_report)."""

from __future__ import annotations

from shipway.errors import ConfigError
from shipway.findings.finding import (
    Finding,
    FindingKind,
    severity_of_word,
    vulnerability_ids,
    web_address,
)
from shipway.findings.json_node import JsonNode
from shipway.findings.scan import IncompleteScan

TOOL = "clair"


def recognised(report: JsonNode) -> bool:
    """Whether this looks like its report."""
    return isinstance(report.value, dict) and "package_vulnerabilities" in report.value


def category(report: JsonNode) -> str:
    """The report names its image by digest only, which is another one each time."""
    return ""


def findings(report: JsonNode) -> list[Finding]:
    """Its vulnerabilities by package. Raises IncompleteScan when it saw no package."""
    packages = dict(report["packages"].required().members())
    vulnerabilities = dict(report["vulnerabilities"].required().members())
    if not packages:
        raise IncompleteScan(
            "Clair saw no package in the image", "See whether it knows the image's system."
        )
    image = report["manifest_hash"].text()
    results = []
    for package, names in report["package_vulnerabilities"].required().members():
        for name in names:
            if package not in packages or name.text() not in vulnerabilities:
                raise ConfigError(
                    f"{name.path} names what is not in the report",
                    "Make the report again with its tool.",
                    code="report-unreadable",
                )
            results.append(_finding(vulnerabilities[name.text()], packages[package], image))
    return results


def _finding(vulnerability: JsonNode, package: JsonNode, image: str) -> Finding:
    rule, word = (
        vulnerability["name"].required().text(),
        vulnerability["normalized_severity"].text(),
    )
    name, version = package["name"].required().text(), package["version"].text()
    fixed = vulnerability["fixed_in_version"].text()
    links = vulnerability["links"].text().split()
    names = vulnerability_ids((rule, *links)) or (rule,)
    return Finding(
        tool=TOOL,
        rule=rule,
        severity=severity_of_word(word),
        path=image,
        line=0,
        message=vulnerability["description"].text() or f"{rule} in {name} {version}",
        remedy=f"Update {name} to {fixed}." if fixed else "",
        kind=FindingKind.DEPENDENCY,
        score=vulnerability["severity"].text() or word,
        ids=names,
        package=f"{name} {version}".strip(),
        link=next(filter(None, map(web_address, links)), ""),
    )
