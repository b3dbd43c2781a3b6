"""pip-audit: known faults of the installed packages, as PyPI knows them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

from shipway.checks import tools
from shipway.checks.base import crashed
from shipway.checks.dependencies import (
    ADVISORIES_REMEDY,
    DAY,
    UNRATED,
    DependencyCheck,
    advisory_link,
    no_packages,
    site_packages,
)  # fmt: skip
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.errors import CannotRun
from shipway.core.finding import Finding, Kind, Severity

_UNREACHED = re.compile(r"(Connection|Proxy|Timeout)Error|Could not connect")


@dataclass(frozen=True)
class PipAudit(DependencyCheck):
    """pip-audit's JSON over the application's own environment."""

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """What is installed there is audited; the application itself is not on PyPI."""
        return (
            "--path", site_packages(site), "--skip-editable", "--format", "json", "--aliases",
            "on", "--desc", "on", "--progress-spinner", "off",
            "--cache-dir", f"{site.root}/.shipway/pip-audit",
        )  # fmt: skip

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: clean, 1: findings, or PyPI was not reached. What it skipped, it did not audit, and
        it ends with 0 even where it skipped everything."""
        _reached(output)
        try:
            listed = json.loads(output.stdout)["dependencies"]
            skipped = [one for one in listed if one.get("skip_reason")]
            audited = [one for one in listed if not one.get("skip_reason")]
            faults = tuple(
                _fault(one, vulnerability, config)
                for one in audited
                for vulnerability in one["vulns"]
            )
            unknown = tuple(_skipped(one, config) for one in skipped if not _own(one))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise crashed(output, "pip-audit") from None
        if output.code != int(bool(faults)):
            raise crashed(output, "pip-audit")
        if not listed:
            raise no_packages("pip-audit")
        if not audited:
            raise CannotRun(
                f"pip-audit could audit none of {len(skipped)} packages: "
                f"{skipped[0]['skip_reason']}",
                f"It asks pypi.org's JSON API, which a mirror may lack. {ADVISORIES_REMEDY}",
            )
        return Reading((*faults, *unknown))


def _reached(output: Output) -> None:
    """Whether PyPI answered: what does not reach it ends with 1, as findings do."""
    if output.code != 1 or output.stdout:
        return
    if "SSLError" in output.stderr:
        raise CannotRun(
            "pip-audit does not trust the certificate with which pypi.org answered",
            'Let it see the one that your proxy has: env = ["REQUESTS_CA_BUNDLE"] in shipway.toml.',
        )
    if _UNREACHED.search(output.stderr):
        raise CannotRun("pip-audit could not reach pypi.org", ADVISORIES_REMEDY)


def _own(one: dict[str, Any]) -> bool:
    return "editable" in str(one["skip_reason"])


def _fault(one: dict[str, Any], vulnerability: dict[str, Any], config: Config) -> Finding:
    rule, fixed = str(vulnerability["id"]), [str(each) for each in vulnerability["fix_versions"]]
    ids = dict.fromkeys((rule, *sorted(map(str, vulnerability["aliases"]))))
    return Finding(
        "pip-audit", rule, UNRATED, config.application.lock, 0,
        shorten(str(vulnerability["description"]), 300, placeholder=" …"),
        remedy=f"Update {one['name']} to {' or '.join(fixed)}." if fixed else "No fix is known.",
        kind=Kind.DEPENDENCY, ids=tuple(ids),
        package=f"{one['name']} {one['version']}", link=advisory_link(rule),
    )  # fmt: skip


def _skipped(one: dict[str, Any], config: Config) -> Finding:
    return Finding(
        "pip-audit", "not-audited", Severity.INFO, config.application.lock, 0,
        str(one["skip_reason"]), kind=Kind.DEPENDENCY, package=str(one["name"]),
        remedy="If it is your own package, this is as it must be.",
    )  # fmt: skip


PIP_AUDIT = PipAudit(
    "pip-audit", "known faults of installed packages, by pip-audit", tools.PIP_AUDIT,
    expected=8.0, max_age=DAY,
)  # fmt: skip
