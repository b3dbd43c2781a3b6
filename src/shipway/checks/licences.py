"""The licences of the packages that are shipped, as the packages declare them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import crashed
from shipway.checks.dependencies import DependencyCheck, no_packages
from shipway.checks.licence_names import declared, is_allowed
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.finding import Finding, Kind, Severity

_FIELDS = ("Name", "Version", "License-Expression", "License-Metadata", "License-Classifier")


@dataclass(frozen=True)
class Licences(DependencyCheck):
    """pip-licenses' JSON over the application's environment, with all that each one declares."""

    def inputs(self, config: Config) -> tuple[str, ...]:
        """What is allowed stands in the configuration."""
        return (*super().inputs(config), "shipway.toml")

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Seen with the application's interpreter; setuptools and the like, too."""
        return ("--python", site.python, "--with-system", "--from", "all", "--format", "json")

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """It ends with 0 whatever the licences are."""
        try:
            packages = json.loads(output.stdout)
            understood = all(isinstance(one[field], str) for one in packages for field in _FIELDS)
        except (ValueError, KeyError, TypeError):
            raise crashed(output, "licences") from None
        if output.code or not isinstance(packages, list) or not understood:
            raise crashed(output, "licences")
        if not packages:
            raise no_packages("licences")
        lines = _shipped(os.path.join(site.root, config.application.lock))
        judged = (_judged(one, config, lines) for one in packages)
        return Reading(tuple(finding for finding in judged if finding))


def _shipped(lock: str) -> dict[str, int] | None:
    """Names of what not only development needs, and their lines; None where that is not told."""
    # Slow to import, and not needed for a run that is cached.
    from shipway.checks.osv.locked import locked

    if not lock.endswith(".lock"):
        return None
    try:
        return {one.name: one.line for one in locked(lock) if not one.development}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _judged(
    package: Mapping[str, str], config: Config, lines: Mapping[str, int] | None
) -> Finding | None:
    name = package["Name"].casefold().replace("_", "-").replace(".", "-")
    if lines is not None and name not in lines:
        return None
    licence = declared(package)
    if licence and is_allowed(licence, config.security.licences):
        return None
    message = f"{name} is under {licence}, which is not allowed" if licence else (
        f"{name} declares no licence"
    )  # fmt: skip
    return Finding(
        "licences", licence or "no-licence", Severity.MEDIUM, config.application.lock,
        (lines or {}).get(name, 0), message,
        remedy="Replace it; or, once its licence was read, allow that: [security] licences.",
        kind=Kind.LICENCE, package=f"{name} {package['Version']}",
        link=f"https://pypi.org/project/{name}/{package['Version']}/",
    )  # fmt: skip


LICENCES = Licences(
    "licences", "licences of shipped packages, by pip-licenses", tools.PIP_LICENSES,
    expected=1.5,
)  # fmt: skip
