"""What `snyk test --json` prints: an object for a project, a list of them for several."""

from __future__ import annotations

from shipway.findings.finding import (
    Finding,
    FindingKind,
    FindingState,
    parse_cwes,
    severity_of_word,
    web_address,
)
from shipway.findings.json_node import JsonNode
from shipway.findings.scan import IncompleteScan

TOOL = "snyk"


def recognised(report: JsonNode) -> bool:
    """Whether this looks like its report."""
    first = report.value[0] if isinstance(report.value, list) and report.value else report.value
    return (
        isinstance(first, dict)
        and "ok" in first
        and ("vulnerabilities" in first or "error" in first)
    )


def category(report: JsonNode) -> str:
    """The project that was tested; of several, the first one's."""
    project = report.at(0) if isinstance(report.value, list) else report
    return project["projectName"].text()


def findings(report: JsonNode) -> list[Finding]:
    """Its issues, each path to a package once; ignored ones are waived."""
    projects = list(report) if isinstance(report.value, list) else [report]
    return list(dict.fromkeys(finding for project in projects for finding in _project(project)))


def _project(project: JsonNode) -> list[Finding]:
    if project["error"]:
        raise IncompleteScan(
            f"Snyk did not test {project['path'].text()}: {project['error'].text()}",
            "Mend that, and let it test again.",
        )
    path = project["displayTargetFile"].text() or project["targetFile"].text()
    results = [
        _finding(vulnerability, path) for vulnerability in project["vulnerabilities"].required()
    ]
    results += [
        _finding(vulnerability, path, ignored=True)
        for vulnerability in project["filtered"]["ignore"]
    ]
    # Of an image, what its applications depend on stands apart.
    return results + [
        finding for application in project["applications"] for finding in _project(application)
    ]


def _finding(vulnerability: JsonNode, path: str, *, ignored: bool = False) -> Finding:
    rule, name = vulnerability["id"].required().text(), _name(vulnerability)
    licence = vulnerability["type"].text() == "license"
    names, word = vulnerability["identifiers"], vulnerability["severity"].text()
    version = vulnerability["version"].text()
    return Finding(
        tool=TOOL,
        rule=rule,
        severity=severity_of_word(word),
        path=path,
        line=0,
        message=f"{vulnerability['title'].text() or rule} in {name} {version}".strip(),
        remedy=_remedy(vulnerability, name),
        kind=FindingKind.LICENCE if licence else FindingKind.DEPENDENCY,
        confidence="",
        score=word,
        cvss=vulnerability["cvssScore"].number(),
        cwe=parse_cwes(names["CWE"].texts()),
        ids=() if licence else _names(names, rule),
        package=f"{name} {version}".strip(),
        link=web_address(vulnerability["url"].text()) or f"https://security.snyk.io/vuln/{rule}",
        state=FindingState.WAIVED if ignored else FindingState.OPEN,
        because=_reason(vulnerability) if ignored else "",
    )


def _name(vulnerability: JsonNode) -> str:
    return (
        vulnerability["packageName"].text()
        or vulnerability["name"].text()
        or vulnerability["moduleName"].text()
    )


def _names(names: JsonNode, rule: str) -> tuple[str, ...]:
    return (*names["CVE"].texts(), *names["GHSA"].texts()) or (rule,)


def _remedy(vulnerability: JsonNode, name: str) -> str:
    fixed = vulnerability["fixedIn"].texts() or (vulnerability["nearestFixedInVersion"].text(),)
    return f"Update {name} to {' or '.join(fixed)}." if fixed[0] else ""


def _reason(vulnerability: JsonNode) -> str:
    """Why it is ignored, as the policy says."""
    ignored = vulnerability["filtered"]["ignored"]
    reasons = (entry["reason"].text() for entry in ignored)
    return "; ".join(filter(None, reasons)) or "ignored in Snyk"
