"""What checks of the application's dependencies have in common, as defaults to build on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from glob import escape, glob

from shipway.checks.base import Linter
from shipway.core.check import Site
from shipway.core.config import Config
from shipway.core.errors import CannotRun
from shipway.core.finding import Severity
from shipway.core.gate import Gate

# A known fault that nobody rated may be of any severity: it counts as one that stops a release.
UNRATED = Severity.HIGH
ADVISORIES_REMEDY = "Without network, give it a folder of advisories: shipway run --advisories DIR."
DAY = 86400.0
_WORDS = {
    "critical": Severity.CRITICAL, "high": Severity.HIGH, "important": Severity.HIGH,
    "medium": Severity.MEDIUM, "moderate": Severity.MEDIUM, "low": Severity.LOW,
    "negligible": Severity.INFO, "unimportant": Severity.INFO,
}  # fmt: skip


@dataclass(frozen=True)
class DependencyCheck(Linter):
    """Defaults for a check that looks at what the lock file names."""

    stage: str = "security"
    needs: tuple[str, ...] = ("install",)

    def applies(self, config: Config) -> bool:
        """Where there is a lock file."""
        return bool(config.application.lock)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """What the environment is made from."""
        return (config.application.lock, *self.configuration)

    def gates(self, config: Config) -> tuple[Gate, ...]:
        """None: what a scanner found is judged together with the others'."""
        return ()


def site_packages(site: Site) -> str:
    """The folder of the application's installed packages; one that is not there if none is."""
    folder = os.path.dirname(os.path.dirname(site.python))
    if not folder:
        raise CannotRun(
            "the application's environment is not there",
            "It is made by the step install: see why that did not pass.",
        )
    found = sorted(glob(f"{escape(folder)}/lib/python3*/site-packages"))
    return found[0] if found else f"{folder}/lib/site-packages"


def rated(cvss: float | None, word: str = "") -> Severity:
    """By base score (first.org/cvss, "Qualitative Severity Rating Scale"), else by word."""
    if cvss is not None:
        floors = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM),
                  (0.1, Severity.LOW))  # fmt: skip
        return next((severity for floor, severity in floors if cvss >= floor), Severity.INFO)
    return _WORDS.get(word.strip("*").casefold(), UNRATED)


def no_packages(tool: str) -> CannotRun:
    """The tool saw no package: no data is never a pass."""
    return CannotRun(
        f"{tool} found no packages",
        f"See what the step install made, or switch it off: [checks] {tool} = false.",
    )


def advisory_link(name: str) -> str:
    """Where an advisory can be read."""
    return f"https://osv.dev/vulnerability/{name}"
