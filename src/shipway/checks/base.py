"""What most checks have in common, as defaults to build on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shipway.core.check import Output, Site, Tool
from shipway.core.config import Config
from shipway.core.errors import CannotRun
from shipway.core.gate import Bound, Gate

NO_FINDINGS = Gate("findings", Bound.AT_MOST, 0)
_COMPLAINT = re.compile(r"(error|fatal)\b", re.IGNORECASE)


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
    serviced: bool = False
    reports: tuple[str, ...] = ()
    default: bool = True

    def applies(self, config: Config) -> bool:
        """Where there is Python."""
        application = config.application
        return bool(application.packages or application.unit_tests or application.serve)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """All Python files, and the files that configure the tool."""
        return ("*.py", "*.pyi", *self.configuration, ".gitignore")

    def gates(self, config: Config) -> tuple[Gate, ...]:
        """No finding is let pass."""
        return (NO_FINDINGS,)

    def fix(self, config: Config, site: Site) -> tuple[str, ...] | None:
        """Nothing, unless the tool can repair."""
        return None


def crashed(output: Output, tool: str) -> CannotRun:
    """The tool ended in a way that says nothing about the code."""
    how = f"was ended by signal {-output.code}" if output.code < 0 else f"ended with {output.code}"
    return CannotRun(
        f"{tool} {how} and no result: {_complaint(output)}",
        "Read its log above; if it could not be fetched, look at the network.",
    )


def _complaint(output: Output) -> str:
    """The first line that calls itself an error, else the last one."""
    lines = (output.stderr.strip() or output.stdout.strip()).splitlines()
    if not lines:
        return "it printed nothing"
    line = next((line for line in lines if _COMPLAINT.match(line)), lines[-1])
    return re.sub(r"\s+", " ", line)[:300]


def nothing_to_check(tool: str) -> CannotRun:
    """The tool found no file: no data is never a pass."""
    return CannotRun(
        f"{tool} found no Python files",
        f"Look at what its settings exclude, or switch it off: [checks] {tool} = false.",
    )


def relative(path: str, root: str) -> str:
    """A path as it is seen from the application's root."""
    return path.removeprefix(root.rstrip("/") + "/").removeprefix("./")
