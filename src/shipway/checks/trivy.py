"""trivy: known faults of locked packages, and Dockerfile and templates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shipway.checks import tools
from shipway.checks.base import crashed
from shipway.checks.dependencies import ADVISORIES_REMEDY, rated
from shipway.checks.scanner import Scanner, dockerfiles, nothing_found, unread
from shipway.checks.topics import topic
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.errors import CannotRun
from shipway.core.finding import Finding, Kind

_NO_DATABASE = re.compile(r"failed to download|DB error|dial tcp|no such host|i/o timeout")
_REMEDY = (
    "Let it reach its registry once: trivy filesystem --download-db-only; behind a mirror set "
    f"db.repository in trivy.yaml. {ADVISORIES_REMEDY}"
)
_MEND = "See that trivy.yaml and .trivyignore leave nothing out, and that it pins its packages."


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

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """All packages, so that it is seen whether there were any; 0 wherever it ran."""
        return (
            "filesystem", "--format", "json", "--scanners", "vuln,misconfig", "--list-all-pkgs",
            "--exit-code", "0", "--quiet", "--skip-dirs", ".shipway,.venv", ".",
        )  # fmt: skip

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: it ran, anything else: it did not. What it does not name, it did not look at."""
        if output.code == 1 and _NO_DATABASE.search(output.stderr):
            raise CannotRun("trivy could not fetch its database", _REMEDY)
        try:
            report = json.loads(output.stdout)
            version, results = report["SchemaVersion"], report.get("Results") or []
            seen = {str(one["Target"]) for one in results}
            found = tuple(finding for one in results for finding in _findings(one))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise crashed(output, "trivy") from None
        if output.code != 0 or version != 2:
            raise crashed(output, "trivy")
        if not seen:
            raise nothing_found("trivy", "nothing that it knows")
        lost = [path for path in _targets(config) if path not in seen]
        if lost:
            raise unread("trivy", lost, _MEND)
        return Reading(found)


def _targets(config: Config) -> tuple[str, ...]:
    application = config.application
    given = (application.lock, *dockerfiles(config), *application.templates)
    return tuple(filter(None, given))


def _findings(result: dict[str, Any]) -> Iterator[Finding]:
    target = str(result["Target"])
    lines = {
        (one["Name"], one["Version"]): one["Locations"][0]["StartLine"]
        for one in result.get("Packages") or ()
        if one.get("Locations")
    }
    for one in result.get("Vulnerabilities") or ():
        yield _fault(one, target, lines.get((one["PkgName"], one["InstalledVersion"]), 0))
    for one in result.get("Misconfigurations") or ():
        if one["Status"] == "FAIL":
            yield _misconfiguration(one, target)


def _fault(one: dict[str, Any], target: str, line: int) -> Finding:
    rule, word = one["VulnerabilityID"], one["Severity"]
    name = re.sub(r"[-_.]+", "-", one["PkgName"]).lower()  # as PyPI compares names
    fixed = one.get("FixedVersion")
    scores = [score.get("V40Score") or score.get("V3Score") for score in
              (one.get("CVSS") or {}).values()]  # fmt: skip
    return Finding(
        "trivy", rule, rated(None, word), target, int(line),
        one.get("Title") or one.get("Description", rule)[:300],
        remedy=f"Update {name} to {fixed.replace(', ', ' or ')}." if fixed else "No fix is known.",
        kind=Kind.DEPENDENCY, score=word, cvss=max(filter(None, scores), default=None),
        cwe=tuple(one.get("CweIDs") or ()),
        ids=tuple(dict.fromkeys((rule, *(one.get("VendorIDs") or ())))),
        package=f"{name} {one['InstalledVersion']}", link=one.get("PrimaryURL", ""),
    )  # fmt: skip


def _misconfiguration(one: dict[str, Any], target: str) -> Finding:
    word, title = one["Severity"], one["Title"]
    return Finding(
        "trivy", one["ID"], rated(None, word), target,
        int(one.get("CauseMetadata", {}).get("StartLine", 0)), f"{title}: {one['Message']}",
        one.get("Resolution", ""), Kind.CONFIGURATION, score=word, cwe=topic(title)[1],
        ids=(one["AVDID"],) if one.get("AVDID") else (), link=one.get("PrimaryURL", ""),
    )  # fmt: skip


TRIVY = Trivy(
    "trivy", "known faults of packages, Dockerfile and templates, by trivy", tools.TRIVY,
    expected=10.0, max_age=0, default=False,
)  # fmt: skip
