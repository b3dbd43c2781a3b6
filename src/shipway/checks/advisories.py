"""Known faults of the locked packages, by a folder of advisories: no network is asked."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import crashed
from shipway.checks.dependencies import DependencyCheck, fault, no_packages
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.errors import CannotRun
from shipway.core.finding import Finding, Kind, Severity
from shipway.core.gate import Measure

_FETCH = "Fetch it again: osv.dev publishes PyPI's advisories as one all.zip."


@dataclass(frozen=True)
class Advisories(DependencyCheck):
    """Shipway's own program, `inside/match_advisories.py`."""

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """The advisories and the lock file."""
        if not site.advisories:
            raise CannotRun(
                "no advisories were given",
                "Give a folder of advisories in OSV format: shipway run --advisories DIR.",
            )
        return (site.advisories, config.application.lock)

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """How old the advisories are is measured; the limit is the team's."""
        try:
            report = json.loads(output.stdout)
            found = [fault("advisories", one, config) for one in report["matches"]]
            found += [_unpinned(name, config) for name in report["unpinned"]]
            packages, advisories = int(report["packages"]), int(report["advisories"])
            unread, age = list(report["unread"]), float(report["age_days"] or 0)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise crashed(output, "advisories") from None
        if output.code:
            raise crashed(output, "advisories")
        if len(report["unpinned"]) == packages:
            raise no_packages("advisories")
        if unread:
            shown = ", ".join(map(str, unread[:3]))
            raise CannotRun(f"{len(unread)} of the advisories cannot be read: {shown}", _FETCH)
        if not advisories:
            raise CannotRun(f"{site.advisories} has no advisory for PyPI's packages", _FETCH)
        return Reading(tuple(found), (Measure("advisories age", age, "d"),))


def _unpinned(name: str, config: Config) -> Finding:
    return Finding(
        "advisories", "not-pinned", Severity.LOW, config.application.lock, 0,
        f"{name} is not pinned to one version: no advisory can be matched",
        remedy="Pin it; `uv lock` pins everything.", kind=Kind.DEPENDENCY, package=str(name),
    )  # fmt: skip


ADVISORIES = Advisories(
    "advisories", "known faults of locked packages, by given advisories", tools.ADVISORIES,
    needs=(), expected=1.0, max_age=0,
)  # fmt: skip
