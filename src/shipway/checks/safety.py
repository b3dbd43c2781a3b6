"""safety: known faults of the installed packages, as safetycli.com knows them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from shipway.checks import tools
from shipway.checks.base import tool_crashed
from shipway.checks.dependencies import (
    ADVISORIES_REMEDY,
    DAY,
    UNRATED,
    DependencyCheck,
    no_packages,
)
from shipway.config.schema import Config
from shipway.errors import CannotRun
from shipway.findings.finding import Finding, FindingKind
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

_FOUND, _REFUSED = 64, 65
_UNREACHED = re.compile(r"Connect(ion)?Error|ConnectTimeout|NetworkConnectionError")
_UNTRUSTED = re.compile(r"SSLCertificateError|CERTIFICATE_VERIFY_FAILED")
_NO_ACCOUNT = re.compile(r"log ?in|register|authenticat|credential", re.IGNORECASE)


class _Vulnerability(TypedDict):
    id: str
    vulnerable_spec: str
    ignored: NotRequired[object]


class _Vulnerabilities(TypedDict):
    known_vulnerabilities: list[_Vulnerability]
    remediation: NotRequired[dict[str, str] | None]


class _Specification(TypedDict):
    raw: str
    vulnerabilities: _Vulnerabilities


class _Package(TypedDict):
    name: str
    specifications: list[_Specification]


@dataclass(frozen=True)
class Safety(DependencyCheck):
    """The JSON of `safety scan`, schema 3.0 (its package safety_schemas), over an environment."""

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """The application's environment: it does not read uv.lock."""
        folder = os.path.dirname(os.path.dirname(context.python))
        return ("--stage", "cicd", "scan", "--target", folder or ".", "--output", "json")

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """64: faults that its policy does not let pass, 0: none of them, else: it did not run."""
        _asked(output)
        try:
            results = json.loads(output.stdout)["scan_results"]
            files = [file for project in results["projects"] for file in project["files"]]
            packages = [
                package
                for file in (*files, *results.get("files", ()))
                for package in file["results"]["dependencies"]
            ]
            findings = tuple(
                finding for package in packages for finding in _faults(package, config)
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise tool_crashed(output, "safety") from None
        if output.code not in (0, _FOUND) or (output.code == _FOUND and not findings):
            raise tool_crashed(output, "safety")
        if not packages:
            raise no_packages("safety")
        return CheckResult(findings=findings)


def _asked(output: ToolOutput) -> None:
    """Whether safetycli.com answered."""
    if output.stdout.lstrip().startswith("{"):
        return
    text = output.stderr + output.stdout
    if _UNTRUSTED.search(text):
        raise CannotRun(
            "safety does not trust the certificate with which safetycli.com answered",
            'Let it see the one that your proxy has: env = ["REQUESTS_CA_BUNDLE"].',
            code="network-unavailable",
        )
    if _UNREACHED.search(text):
        raise CannotRun(
            "safety could not reach safetycli.com", ADVISORIES_REMEDY, code="network-unavailable"
        )
    if output.code == _REFUSED or _NO_ACCOUNT.search(text):
        raise CannotRun(
            "safety has no account to ask with",
            'Let it see a key: env = ["SAFETY_API_KEY"] in shipway.toml. Or use pip-audit alone.',
            code="tool-missing",
        )


def _faults(package: _Package, config: Config) -> Iterator[Finding]:
    name = str(package["name"]).casefold()
    for specification in package["specifications"]:
        version = re.sub(r"^.*==", "", str(specification["raw"]))
        remedy = (specification["vulnerabilities"].get("remediation") or {}).get("recommended")
        for vulnerability in specification["vulnerabilities"]["known_vulnerabilities"]:
            if not vulnerability.get("ignored"):
                yield _finding(
                    name,
                    version,
                    vulnerability,
                    f"Update {name} to {remedy}." if remedy else "No fix is known.",
                    config,
                )


def _finding(
    name: str, version: str, vulnerability: _Vulnerability, remedy: str, config: Config
) -> Finding:
    number = str(vulnerability["id"])
    return Finding(
        tool="safety",
        rule=f"SAFETY-{number}",
        severity=UNRATED,
        path=config.application.lock,
        line=0,
        message=f"versions {vulnerability['vulnerable_spec']} have a known fault",
        remedy=remedy,
        kind=FindingKind.DEPENDENCY,
        package=f"{name} {version}",
        link=f"https://data.safetycli.com/v/{number}/97c",
    )


SAFETY = Safety(
    name="safety",
    summary="known faults of installed packages, by safety",
    tool=tools.SAFETY,
    expected=8.0,
    max_age=DAY,
    default=False,
)
