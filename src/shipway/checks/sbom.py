"""The software bill of materials: CycloneDX 1.6, as a report of the run."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import tool_crashed
from shipway.checks.dependencies import DependencyCheck, no_packages
from shipway.checks.scripts import HERE
from shipway.config.schema import Config
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput
from shipway.pipeline.gates import Measure
from shipway.releases.release import SBOM_FILE


@dataclass(frozen=True)
class Sbom(DependencyCheck):
    """cyclonedx-py's list of the environment, with what the lock file knows of it."""

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Our own program within cyclonedx-py's environment."""
        return (
            f"{HERE}/write_sbom.py",
            context.python,
            config.application.lock,
            f"{context.out}/{SBOM_FILE}",
        )

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """The list itself is the report; how long it is, is measured."""
        try:
            bom = json.loads(output.reports[SBOM_FILE])
            form = (bom["bomFormat"], bom["specVersion"])
            components = len(bom.get("components", []))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise tool_crashed(output, "sbom") from None
        if output.code or form != ("CycloneDX", "1.6"):
            raise tool_crashed(output, "sbom")
        if not components:
            raise no_packages("sbom")
        return CheckResult(measures=(Measure("components", components),))


SBOM = Sbom(
    name="sbom",
    summary="software bill of materials, by cyclonedx-py",
    tool=tools.CYCLONEDX,
    expected=2.0,
    reports=(SBOM_FILE,),
)
