"""What checks of the application's dependencies have in common, as defaults to build on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from glob import escape, glob
from typing import Any

from shipway.checks.base import Scanner
from shipway.config.schema import Config
from shipway.errors import CannotRun
from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.pipeline.check import CheckContext

# A known fault that nobody rated may be of any severity: it counts as one that stops a release.
UNRATED = Severity.HIGH
ADVISORIES_REMEDY = "Without network, match advisories by yourself: shipway run --advisories DIR."
DAY = 86400.0
_WORDS = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "important": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "moderate": Severity.MEDIUM,
    "low": Severity.LOW,
    "negligible": Severity.INFO,
    "unimportant": Severity.INFO,
}


@dataclass(frozen=True)
class DependencyCheck(Scanner):
    """Defaults for a check that looks at what the lock file names."""

    needs: tuple[str, ...] = ("install",)

    def applies(self, config: Config) -> bool:
        """Where there is a lock file."""
        return bool(config.application.lock)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """What the environment is made from."""
        return (config.application.lock, *self.configuration)


def site_packages(context: CheckContext) -> str:
    """The folder of the application's installed packages; one that is not there if none is."""
    folder = os.path.dirname(os.path.dirname(context.python))
    if not folder:
        raise CannotRun(
            "the application's environment is not there",
            "It is made by the step install: see why that did not pass.",
            code="application-environment",
        )
    folders = sorted(glob(f"{escape(folder)}/lib/python3*/site-packages"))
    return folders[0] if folders else f"{folder}/lib/site-packages"


def severity_of_vulnerability(cvss: float | None, word: str = "") -> Severity:
    """By base score (first.org/cvss, "Qualitative Severity Rating Scale"), else by word."""
    if cvss is not None:
        floors = (
            (9.0, Severity.CRITICAL),
            (7.0, Severity.HIGH),
            (4.0, Severity.MEDIUM),
            (0.1, Severity.LOW),
        )
        return next((severity for floor, severity in floors if cvss >= floor), Severity.INFO)
    return _WORDS.get(word.strip("*").casefold(), UNRATED)


def vulnerability_finding(tool: str, match: Mapping[str, Any], config: Config) -> Finding:
    """A fault of a dependency, from what `osv/match.py` says of it."""
    name, cvss, word, fixed = match["name"], match["cvss"], str(match["word"]), match["fixed"]
    message = str(match["summary"] or match["id"])
    if match["development"]:
        message += " (only development needs it)"
    if not match["certain"]:
        message += " (whether this version has it cannot be told)"
    return Finding(
        tool=tool,
        rule=str(match["id"]),
        severity=severity_of_vulnerability(cvss, word),
        path=config.application.lock,
        line=int(match["line"]),
        message=message,
        remedy=f"Update {name} to {fixed[-1]} or later." if fixed else "No fix is known.",
        kind=FindingKind.DEPENDENCY,
        confidence="high" if match["certain"] else "low",
        score=word,
        cvss=None if cvss is None else float(cvss),
        cwe=tuple(match["cwe"]),
        ids=tuple(match["ids"]),
        package=f"{name} {match['version']}",
        link=str(match["link"]),
    )


def no_packages(tool: str) -> CannotRun:
    """The tool saw no package: no data is never a pass."""
    return CannotRun(
        f"{tool} found no packages",
        f"See what the step install made, or switch it off: [checks] {tool} = false.",
        code="nothing-to-scan",
    )


def advisory_link(name: str) -> str:
    """Where an advisory can be read."""
    return f"https://osv.dev/vulnerability/{name}"
