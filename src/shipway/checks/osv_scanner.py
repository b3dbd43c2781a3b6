"""osv-scanner: known faults of the locked packages, as osv.dev knows them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

from shipway.checks import tools
from shipway.checks.base import tool_crashed
from shipway.checks.dependencies import (
    ADVISORIES_REMEDY,
    DependencyCheck,
    no_packages,
    vulnerability_finding,
)
from shipway.checks.osv.match import merge_advisories, vulnerability_to_dict
from shipway.checks.osv.package import Package, PyPI
from shipway.config.schema import Config
from shipway.errors import CannotRun
from shipway.findings.finding import Finding
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

# It may say so, print a report without a fault and end with 0.
_NO_DATA = re.compile(
    r"could not load db|no offline version of the OSV database|Error during extraction"
    r"|dial tcp|no such host|connection refused|i/o timeout|osv\.dev query failed",
    re.IGNORECASE,
)
_NO_PACKAGES = 128


@dataclass(frozen=True)
class OsvScanner(DependencyCheck):
    """The JSON of `osv-scanner scan source`, version 2, over the lock file."""

    def inputs(self, config: Config) -> tuple[str, ...]:
        """Its settings, too."""
        return (*super().inputs(config), "osv-scanner.toml")

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """All packages, so that it is seen whether there were any."""
        return (
            "scan",
            "source",
            "--format",
            "json",
            "--all-packages",
            "--lockfile",
            config.application.lock,
        )

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0: clean, 1: faults, 128: no packages, anything else: it did not run."""
        if output.code == _NO_PACKAGES:
            raise no_packages("osv-scanner")
        if _NO_DATA.search(output.stderr):
            raise CannotRun(
                "osv-scanner could not reach osv.dev's advisories",
                ADVISORIES_REMEDY,
                code="network-unavailable",
            )
        try:
            sources = json.loads(output.stdout)["results"]
            packages = [package for source in sources for package in source["packages"]]
            findings = tuple(
                finding for package in packages for finding in _faults(package, config)
            )
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
            raise tool_crashed(output, "osv-scanner") from None
        if output.code != int(bool(findings)):
            raise tool_crashed(output, "osv-scanner")
        if not packages:
            raise no_packages("osv-scanner")
        return CheckResult(findings=findings)


def _faults(entry: dict[str, Any], config: Config) -> Iterator[Finding]:
    """One for each of its groups: names of one fault."""
    rules = PyPI()
    groups = entry.get("dependency_groups") or ()
    package = Package(
        rules.name(entry["package"]["name"]),
        str(entry["package"]["version"]),
        development="dev" in groups,
    )
    advisories = {advisory["id"]: advisory for advisory in entry.get("vulnerabilities") or ()}
    for group in entry.get("groups") or ():
        matches = [
            vulnerability_to_dict(
                package,
                advisories[name],
                _affected(advisories[name], package.name),
                rules,
                certain=True,
            )
            for name in group["ids"]
        ]
        match = reduce(lambda first, other: merge_advisories(first, other, rules), matches)
        if match["cvss"] is None and group.get("max_severity"):
            match["cvss"] = float(group["max_severity"])
        yield vulnerability_finding("osv-scanner", match, config)


def _affected(advisory: dict[str, Any], name: str) -> dict[str, Any]:
    """What it says of this package; some records name another spelling or none."""
    parts: list[dict[str, Any]] = advisory.get("affected") or []
    return next(
        (part for part in parts if part.get("package", {}).get("name", "").casefold() == name),
        {},
    )


OSV_SCANNER = OsvScanner(
    name="osv-scanner",
    summary="known faults of locked packages, by osv-scanner",
    tool=tools.OSV_SCANNER,
    needs=(),
    expected=5.0,
    max_age=0,
    default=False,
)
