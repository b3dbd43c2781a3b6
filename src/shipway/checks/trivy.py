"""trivy: known faults of locked packages, and Dockerfile and templates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from shipway.checks import tools
from shipway.checks.base import (
    Scanner,
    dockerfiles,
    nothing_to_scan,
    rule_topic,
    tool_crashed,
    unreadable_files,
)
from shipway.checks.dependencies import ADVISORIES_REMEDY, severity_of_vulnerability
from shipway.config.schema import Config
from shipway.errors import CannotRun
from shipway.findings.finding import Finding, FindingKind
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

_NO_DATABASE = re.compile(r"failed to download|DB error|dial tcp|no such host|i/o timeout")
_REMEDY = (
    "Let it reach its registry once: trivy filesystem --download-db-only; behind a mirror set "
    f"db.repository in trivy.yaml. {ADVISORIES_REMEDY}"
)
_MEND = "See that trivy.yaml and .trivyignore leave nothing out, and that it pins its packages."


class _Location(TypedDict):
    StartLine: int


class _Package(TypedDict):
    Name: str
    Version: str
    Locations: NotRequired[list[_Location]]


class _Score(TypedDict, total=False):
    V3Score: float
    V40Score: float


class _Vulnerability(TypedDict):
    VulnerabilityID: str
    Severity: str
    PkgName: str
    InstalledVersion: str
    FixedVersion: NotRequired[str]
    CVSS: NotRequired[dict[str, _Score] | None]
    Title: NotRequired[str]
    Description: NotRequired[str]
    CweIDs: NotRequired[list[str] | None]
    VendorIDs: NotRequired[list[str] | None]
    PrimaryURL: NotRequired[str]


class _Misconfiguration(TypedDict):
    ID: str
    Status: str
    Severity: str
    Title: str
    Message: str
    CauseMetadata: NotRequired[_Location]
    Resolution: NotRequired[str]
    AVDID: NotRequired[str]
    PrimaryURL: NotRequired[str]


class _Result(TypedDict):
    """What was looked at, with what was found in it."""

    Target: str
    Packages: NotRequired[list[_Package] | None]
    Vulnerabilities: NotRequired[list[_Vulnerability] | None]
    Misconfigurations: NotRequired[list[_Misconfiguration] | None]


@dataclass(frozen=True)
class Trivy(Scanner):
    """`trivy filesystem --format json`, with the project's own `trivy.yaml`.

    Not for secrets: its report holds the lines around one, and may hold another one there.
    """

    def applies(self, config: Config) -> bool:
        """Where there is anything that it knows."""
        return bool(_targets(config))

    def inputs(self, config: Config) -> tuple[str, ...]:
        """Every file: it looks for lock files and templates itself."""
        return ("**",)

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """All packages, so that it is seen whether there were any; 0 wherever it ran."""
        return (
            "filesystem",
            "--format",
            "json",
            "--scanners",
            "vuln,misconfig",
            "--list-all-pkgs",
            "--exit-code",
            "0",
            "--quiet",
            "--skip-dirs",
            ".shipway,.venv",
            ".",
        )

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0: it ran, anything else: it did not. What it does not name, it did not look at."""
        if output.code == 1 and _NO_DATABASE.search(output.stderr):
            raise CannotRun(
                "trivy could not fetch its database", _REMEDY, code="network-unavailable"
            )
        try:
            report = json.loads(output.stdout)
            version, results = report["SchemaVersion"], report.get("Results") or []
            targets = {str(result["Target"]) for result in results}
            findings = tuple(finding for result in results for finding in _findings(result))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise tool_crashed(output, "trivy") from None
        if output.code != 0 or version != 2:
            raise tool_crashed(output, "trivy")
        if not targets:
            raise nothing_to_scan("trivy", "nothing that it knows")
        lost = [path for path in _targets(config) if path not in targets]
        if lost:
            raise unreadable_files("trivy", lost, _MEND)
        return CheckResult(findings=findings)


def _targets(config: Config) -> tuple[str, ...]:
    application = config.application
    paths = (application.lock, *dockerfiles(config), *application.templates)
    return tuple(filter(None, paths))


def _findings(result: _Result) -> Iterator[Finding]:
    target = str(result["Target"])
    lines = {
        (package["Name"], package["Version"]): package["Locations"][0]["StartLine"]
        for package in result.get("Packages") or ()
        if package.get("Locations")
    }
    for entry in result.get("Vulnerabilities") or ():
        yield _fault(entry, target, lines.get((entry["PkgName"], entry["InstalledVersion"]), 0))
    for misconfiguration in result.get("Misconfigurations") or ():
        if misconfiguration["Status"] == "FAIL":
            yield _misconfiguration(misconfiguration, target)


def _fault(vulnerability: _Vulnerability, target: str, line: int) -> Finding:
    rule, word = vulnerability["VulnerabilityID"], vulnerability["Severity"]
    name = re.sub(r"[-_.]+", "-", vulnerability["PkgName"]).lower()  # as PyPI compares names
    fixed = vulnerability.get("FixedVersion")
    scores = [
        score.get("V40Score") or score.get("V3Score")
        for score in (vulnerability.get("CVSS") or {}).values()
    ]
    return Finding(
        tool="trivy",
        rule=rule,
        severity=severity_of_vulnerability(None, word),
        path=target,
        line=int(line),
        message=vulnerability.get("Title") or vulnerability.get("Description", rule)[:300],
        remedy=f"Update {name} to {fixed.replace(', ', ' or ')}." if fixed else "No fix is known.",
        kind=FindingKind.DEPENDENCY,
        score=word,
        cvss=max(filter(None, scores), default=None),
        cwe=tuple(vulnerability.get("CweIDs") or ()),
        ids=tuple(dict.fromkeys((rule, *(vulnerability.get("VendorIDs") or ())))),
        package=f"{name} {vulnerability['InstalledVersion']}",
        link=vulnerability.get("PrimaryURL", ""),
    )


def _line(location: _Location | None) -> int:
    return int(location.get("StartLine", 0)) if location else 0


def _misconfiguration(misconfiguration: _Misconfiguration, target: str) -> Finding:
    word, title = misconfiguration["Severity"], misconfiguration["Title"]
    return Finding(
        tool="trivy",
        rule=misconfiguration["ID"],
        severity=severity_of_vulnerability(None, word),
        path=target,
        line=_line(misconfiguration.get("CauseMetadata")),
        message=f"{title}: {misconfiguration['Message']}",
        remedy=misconfiguration.get("Resolution", ""),
        kind=FindingKind.CONFIGURATION,
        score=word,
        cwe=rule_topic(title)[1],
        ids=(misconfiguration["AVDID"],) if misconfiguration.get("AVDID") else (),
        link=misconfiguration.get("PrimaryURL", ""),
    )


TRIVY = Trivy(
    name="trivy",
    summary="known faults of packages, Dockerfile and templates, by trivy",
    tool=tools.TRIVY,
    expected=10.0,
    max_age=0,
    default=False,
)
