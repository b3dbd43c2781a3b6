"""The software bill of materials: CycloneDX 1.6, as a report of the run."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import crashed
from shipway.checks.dependencies import DependencyCheck, no_packages
from shipway.checks.inside import HERE
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.gate import Measure
from shipway.core.release import SBOM_FILE


@dataclass(frozen=True)
class Sbom(DependencyCheck):
    """cyclonedx-py's list of the environment, with what the lock file knows of it."""

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Our own program within cyclonedx-py's environment."""
        return (
            f"{HERE}/write_sbom.py", site.python, config.application.lock,
            f"{site.out}/{SBOM_FILE}",
        )  # fmt: skip

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """The list itself is the report; how long it is, is measured."""
        try:
            bom = json.loads(output.reports[SBOM_FILE])
            form = (bom["bomFormat"], bom["specVersion"])
            components = len(bom.get("components", []))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise crashed(output, "sbom") from None
        if output.code or form != ("CycloneDX", "1.6"):
            raise crashed(output, "sbom")
        if not components:
            raise no_packages("sbom")
        return Reading(measures=(Measure("components", components),))


SBOM = Sbom(
    "sbom", "software bill of materials, by cyclonedx-py", tools.CYCLONEDX,
    expected=2.0, reports=(SBOM_FILE,),
)  # fmt: skip
