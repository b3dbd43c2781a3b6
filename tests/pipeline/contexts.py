"""A workshop in a folder, with real processes, for tests of single steps."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shipway.checks.base import CheckDefaults
from shipway.checks.tools import APPLICATION_PYTHON
from shipway.config.schema import Application, Config
from shipway.errors import CannotRun
from shipway.pipeline.check import Check, CheckContext, CheckResult, Tool, ToolOutput
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult
from shipway.pipeline.step import Step, StepKind
from shipway.pipeline.step_context import StepContext
from shipway.ports import OnOutput
from shipway.system.files import BlobFolder
from shipway.system.process import SystemProcesses

BESIDE = os.path.dirname(sys.executable)
# What the install step of an earlier run would have said: these tests' own environment.
INSTALLED = StepResult(
    step="install", stage="build", outcome=Outcome.PASSED, facts={"python": sys.executable}
)


def workshop(root: Path, application: Application | None = None, **changes: Any) -> StepContext:
    """A workshop for the application in `root`."""
    given: dict[str, Any] = {
        "root": str(root),
        "state": str(root / ".shipway"),
        "out": str(root / ".shipway" / "out"),
        "config": Config(application=application or Application(name="tiny")),
        "processes": SystemProcesses(),
        "blobs": BlobFolder(str(root / ".shipway" / "blobs")),
        "environment": dict(os.environ),
        "checks": lambda name: pytest.fail(name),
        "actions": lambda name: pytest.fail(name),
        "serve": _nothing_served,
        "uv": os.path.join(BESIDE, "uv"),
        "upstream": {"install": INSTALLED},
    }
    return StepContext(**{**given, **changes})


def _nothing_served(context: StepContext, on_output: OnOutput) -> AbstractContextManager[str]:
    raise AssertionError("nothing here is served")


@dataclass(frozen=True)
class Probe(CheckDefaults):
    """A check that is whatever Python code says, in the application's own environment.

    It fails with what the code prints on stdout, and cannot run when that is "?".
    """

    name: str = "probe"
    summary: str = "for tests"
    tool: Tool = APPLICATION_PYTHON
    code: str = ""
    repair: str | None = None

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Run the code; it finds its folder, its address and its upstream as arguments."""
        return (
            "-c",
            self.code,
            context.out,
            context.url,
            *context.upstream.values(),
        )

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """What it printed."""
        if output.stdout.strip() == "?":
            raise CannotRun("it makes no sense", "Ask another.")
        return CheckResult(failed=output.stdout.strip(), remedy="Mend it.")

    def fix(self, config: Config, context: CheckContext) -> tuple[str, ...] | None:
        """Other code."""
        return None if self.repair is None else ("-c", self.repair)


def probing(check: Check, **changes: Any) -> Step:
    """The step of a check."""
    return Step(
        name=check.name,
        stage=check.stage,
        kind=StepKind.CHECK,
        work={"check": check.name, "gates": []},
        **changes,
    )
