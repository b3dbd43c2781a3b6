"""Scanners that run in GitHub beside Shipway's own: `[github.scanners]`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shipway.core.errors import ConfigError
from shipway.core.settings.github import Scanners

_VERSION = re.compile(r"\d+\.\d+\.\d+")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Scanner:
    """One job. file: what it leaves, to be imported. code: whether it needs the repository."""

    job: str
    title: str
    file: str
    code: bool = True


def scanners(settings: Scanners) -> Iterator[Scanner]:
    """The ones that are switched on. Raises ConfigError for one that is not pinned."""
    if settings.snyk:
        _pinned("snyk", settings.snyk, _VERSION, "the version of its npm package: 1.1301.0")
        yield Scanner("snyk", "Snyk", "snyk.json")
    if settings.dependency_check:
        _pinned("dependency_check", settings.dependency_check, _DIGEST, "an image's digest")
        yield Scanner("dependency-check", "OWASP Dependency-Check", "dependency-check-report.json")
    if settings.clair:
        _pinned("clair", settings.clair, _DIGEST, "an image's digest")
        yield Scanner("clair", "Clair", "clair.json")
    if settings.ecr:
        yield Scanner("ecr", "ECR", "ecr.json", code=False)
    if settings.secret_scanning:
        yield Scanner(
            "secret-scanning", "GitHub secret scanning", "secret-scanning.json", code=False
        )


def _pinned(name: str, value: str, form: re.Pattern[str], wanted: str) -> None:
    if not form.fullmatch(value):
        raise ConfigError(f"github.scanners.{name}: {value!r} pins nothing", f"It takes {wanted}.")
