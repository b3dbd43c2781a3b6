"""What most checks have in common, as defaults to build on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shipway.core.check import Check, Output, Site, Tool
from shipway.core.config import Config
from shipway.core.errors import CannotRun
from shipway.core.gate import Bound, Gate

NO_FINDINGS = Gate("findings", Bound.AT_MOST, 0)


@dataclass(frozen=True)
class Linter:
    """Defaults for a check that looks at source files and reports findings."""

    name: str
    summary: str
    tool: Tool
    configuration: tuple[str, ...] = ("pyproject.toml",)
    stage: str = "quality"
    needs: tuple[str, ...] = ()
    expected: float = 2.0
    cores: int = 1
    max_age: float | None = None
    served: bool = False
    reports: tuple[str, ...] = ()

    def inputs(self, config: Config) -> tuple[str, ...]:
        """All Python files, and the files that configure the tool."""
        return ("*.py", "*.pyi", *self.configuration, ".gitignore")

    def gates(self, config: Config) -> tuple[Gate, ...]:
        """No finding is let pass."""
        return (NO_FINDINGS,)

    def fix(self, config: Config, site: Site) -> tuple[str, ...] | None:
        """Nothing, unless the tool can repair."""
        return None


def applies(check: Check, config: Config) -> bool:
    """Whether a check makes sense for an application and is not switched off."""
    if not config.checks.get(check.name, True):
        return False
    application = config.application
    tests = bool(application.lock and application.unit_tests)
    conditions = {
        "mypy": bool(application.packages and application.lock),
        "unit": tests,
        "integration": bool(application.lock and application.integration_tests),
        "coverage": bool(tests and application.packages),
        "performance": bool(application.serve and config.gates.endpoints),
    }
    return conditions.get(check.name, True)


def crashed(output: Output, tool: str) -> CannotRun:
    """The tool ended in a way that says nothing about the code."""
    lines = (output.stderr.strip() or output.stdout.strip()).splitlines()
    last = re.sub(r"\s+", " ", lines[-1])[:300] if lines else "it printed nothing"
    return CannotRun(
        f"{tool} ended with {output.code} and no result: {last}",
        "Read its log above; if it could not be fetched, look at the network.",
    )


def relative(path: str, root: str) -> str:
    """A path as it is seen from the application's root."""
    return path.removeprefix(root.rstrip("/") + "/").removeprefix("./")
