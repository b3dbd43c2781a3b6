"""safety: known faults of the installed packages, as safetycli.com knows them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shipway.checks import tools
from shipway.checks.base import crashed
from shipway.checks.dependencies import (
    ADVISORIES_REMEDY,
    DAY,
    UNRATED,
    DependencyCheck,
    no_packages,
)
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.errors import CannotRun
from shipway.core.finding import Finding, Kind

_FOUND, _REFUSED = 64, 65
_UNREACHED = re.compile(r"Connect(ion)?Error|ConnectTimeout|NetworkConnectionError")
_UNTRUSTED = re.compile(r"SSLCertificateError|CERTIFICATE_VERIFY_FAILED")
_NO_ACCOUNT = re.compile(r"log ?in|register|authenticat|credential", re.IGNORECASE)


@dataclass(frozen=True)
class Safety(DependencyCheck):
    """The JSON of `safety scan`, schema 3.0 (its package safety_schemas), over an environment."""

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """The application's environment: it does not read uv.lock."""
        folder = os.path.dirname(os.path.dirname(site.python))
        return ("--stage", "cicd", "scan", "--target", folder or ".", "--output", "json")

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """64: faults that its policy does not let pass, 0: none of them, else: it did not run."""
        _asked(output)
        try:
            results = json.loads(output.stdout)["scan_results"]
            files = [file for one in results["projects"] for file in one["files"]]
            packages = [one for file in (*files, *results.get("files", ()))
                        for one in file["results"]["dependencies"]]  # fmt: skip
            found = tuple(finding for one in packages for finding in _faults(one, config))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise crashed(output, "safety") from None
        if output.code not in (0, _FOUND) or (output.code == _FOUND and not found):
            raise crashed(output, "safety")
        if not packages:
            raise no_packages("safety")
        return Reading(found)


def _asked(output: Output) -> None:
    """Whether safetycli.com answered."""
    if output.stdout.lstrip().startswith("{"):
        return
    said = output.stderr + output.stdout
    if _UNTRUSTED.search(said):
        raise CannotRun(
            "safety does not trust the certificate with which safetycli.com answered",
            'Let it see the one that your proxy has: env = ["REQUESTS_CA_BUNDLE"].',
        )
    if _UNREACHED.search(said):
        raise CannotRun("safety could not reach safetycli.com", ADVISORIES_REMEDY)
    if output.code == _REFUSED or _NO_ACCOUNT.search(said):
        raise CannotRun(
            "safety has no account to ask with",
            'Let it see a key: env = ["SAFETY_API_KEY"] in shipway.toml. Or use pip-audit alone.',
        )


def _faults(package: dict[str, Any], config: Config) -> Iterator[Finding]:
    name = str(package["name"]).casefold()
    for one in package["specifications"]:
        version = re.sub(r"^.*==", "", str(one["raw"]))
        remedy = (one["vulnerabilities"].get("remediation") or {}).get("recommended")
        for known in one["vulnerabilities"]["known_vulnerabilities"]:
            if not known.get("ignored"):
                yield _finding(name, version, known, f"Update {name} to {remedy}." if remedy else
                               "No fix is known.", config)  # fmt: skip


def _finding(
    name: str, version: str, known: dict[str, Any], remedy: str, config: Config
) -> Finding:
    number = str(known["id"])
    return Finding(
        "safety", f"SAFETY-{number}", UNRATED, config.application.lock, 0,
        f"versions {known['vulnerable_spec']} have a known fault", remedy, Kind.DEPENDENCY,
        package=f"{name} {version}", link=f"https://data.safetycli.com/v/{number}/97c",
    )  # fmt: skip


SAFETY = Safety(
    "safety", "known faults of installed packages, by safety", tools.SAFETY,
    expected=8.0, max_age=DAY, default=False,
)  # fmt: skip
