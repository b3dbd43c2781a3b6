"""pip-audit: known faults of the installed packages, as PyPI knows them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from textwrap import shorten
from typing import TypedDict

from shipway.checks import tools
from shipway.checks.base import tool_crashed
from shipway.checks.dependencies import (
    ADVISORIES_REMEDY,
    DAY,
    UNRATED,
    DependencyCheck,
    advisory_link,
    no_packages,
    site_packages,
)
from shipway.config.schema import Config
from shipway.errors import CannotRun
from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

_UNREACHED = re.compile(r"(Connection|Proxy|Timeout)Error|Could not connect")


class _Vulnerability(TypedDict):
    id: str
    fix_versions: list[str]
    aliases: list[str]
    description: str


class _Package(TypedDict):
    """A package of the report: audited, or skipped with the reason."""

    name: str
    version: str
    skip_reason: str
    vulns: list[_Vulnerability]


@dataclass(frozen=True)
class PipAudit(DependencyCheck):
    """pip-audit's JSON over the application's own environment."""

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """What is installed there is audited; the application itself is not on PyPI."""
        return (
            "--path",
            site_packages(context),
            "--skip-editable",
            "--format",
            "json",
            "--aliases",
            "on",
            "--desc",
            "on",
            "--progress-spinner",
            "off",
            "--cache-dir",
            f"{context.root}/.shipway/pip-audit",
        )

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0: clean, 1: findings, or PyPI was not reached. What it skipped, it did not audit, and
        it ends with 0 even where it skipped everything."""
        _reached(output)
        try:
            listed = json.loads(output.stdout)["dependencies"]
            skipped = [package for package in listed if package.get("skip_reason")]
            audited = [package for package in listed if not package.get("skip_reason")]
            faults = tuple(
                _fault(package, vulnerability, config)
                for package in audited
                for vulnerability in package["vulns"]
            )
            unknown = tuple(_skipped(package, config) for package in skipped if not _own(package))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise tool_crashed(output, "pip-audit") from None
        if output.code != int(bool(faults)):
            raise tool_crashed(output, "pip-audit")
        if not listed:
            raise no_packages("pip-audit")
        if not audited:
            raise CannotRun(
                f"pip-audit could audit none of {len(skipped)} packages: "
                f"{skipped[0]['skip_reason']}",
                f"It asks pypi.org's JSON API, which a mirror may lack. {ADVISORIES_REMEDY}",
                code="nothing-to-scan",
            )
        return CheckResult(findings=(*faults, *unknown))


def _reached(output: ToolOutput) -> None:
    """Whether PyPI answered: what does not reach it ends with 1, as findings do."""
    if output.code != 1 or output.stdout:
        return
    if "SSLError" in output.stderr:
        raise CannotRun(
            "pip-audit does not trust the certificate with which pypi.org answered",
            'Let it see the one that your proxy has: env = ["REQUESTS_CA_BUNDLE"] in shipway.toml.',
            code="network-unavailable",
        )
    if _UNREACHED.search(output.stderr):
        raise CannotRun(
            "pip-audit could not reach pypi.org", ADVISORIES_REMEDY, code="network-unavailable"
        )


def _own(package: _Package) -> bool:
    return "editable" in str(package["skip_reason"])


def _fault(package: _Package, vulnerability: _Vulnerability, config: Config) -> Finding:
    rule, fixed = str(vulnerability["id"]), [str(each) for each in vulnerability["fix_versions"]]
    ids = dict.fromkeys((rule, *sorted(map(str, vulnerability["aliases"]))))
    return Finding(
        tool="pip-audit",
        rule=rule,
        severity=UNRATED,
        path=config.application.lock,
        line=0,
        message=shorten(str(vulnerability["description"]), 300, placeholder=" …"),
        remedy=f"Update {package['name']} to {' or '.join(fixed)}."
        if fixed
        else "No fix is known.",
        kind=FindingKind.DEPENDENCY,
        ids=tuple(ids),
        package=f"{package['name']} {package['version']}",
        link=advisory_link(rule),
    )


def _skipped(package: _Package, config: Config) -> Finding:
    return Finding(
        tool="pip-audit",
        rule="not-audited",
        severity=Severity.INFO,
        path=config.application.lock,
        line=0,
        message=str(package["skip_reason"]),
        kind=FindingKind.DEPENDENCY,
        package=str(package["name"]),
        remedy="If it is your own package, this is as it must be.",
    )


PIP_AUDIT = PipAudit(
    name="pip-audit",
    summary="known faults of installed packages, by pip-audit",
    tool=tools.PIP_AUDIT,
    kept="pip-audit",
    expected=8.0,
    max_age=DAY,
)
