"""A workshop in a folder, with real processes, for tests of single steps."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shipway.checks.base import Linter
from shipway.checks.tools import APPLICATION_PYTHON
from shipway.core.check import Check, Output, Reading, Site, Tool
from shipway.core.config import Application, Config
from shipway.core.errors import CannotRun
from shipway.core.outcome import Outcome
from shipway.core.ports import OnOutput
from shipway.core.result import StepResult
from shipway.core.step import Kind, Step
from shipway.effects.files import Blobs
from shipway.effects.process import SystemProcesses
from shipway.flows.workshop import Workshop

BESIDE = os.path.dirname(sys.executable)
# What the install step of an earlier run would have said: these tests' own environment.
INSTALLED = StepResult("install", "build", Outcome.PASSED, facts={"python": sys.executable})


def workshop(root: Path, application: Application | None = None, **changes: Any) -> Workshop:
    """A workshop for the application in `root`."""
    given: dict[str, Any] = {
        "root": str(root), "state": str(root / ".shipway"), "out": str(root / ".shipway" / "out"),
        "config": Config(application=application or Application(name="tiny")),
        "processes": SystemProcesses(), "blobs": Blobs(str(root / ".shipway" / "blobs")),
        "environment": dict(os.environ), "checks": lambda name: pytest.fail(name),
        "actions": lambda name: pytest.fail(name), "serve": _nothing_served,
        "uv": os.path.join(BESIDE, "uv"), "upstream": {"install": INSTALLED},
    }  # fmt: skip
    return Workshop(**{**given, **changes})


def _nothing_served(shop: Workshop, on_output: OnOutput) -> AbstractContextManager[str]:
    raise AssertionError("nothing here is served")


@dataclass(frozen=True)
class Probe(Linter):
    """A check that is whatever Python code says, in the application's own environment.

    It fails with what the code prints on stdout, and cannot run when that is "?".
    """

    name: str = "probe"
    summary: str = "for tests"
    tool: Tool = APPLICATION_PYTHON
    code: str = ""
    repair: str | None = None

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Run the code; it finds its folder, its address and its upstream as arguments."""
        return ("-c", self.code, site.out, site.url, *site.upstream.values())

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """What it printed."""
        if output.stdout.strip() == "?":
            raise CannotRun("it makes no sense", "Ask another.")
        return Reading(failed=output.stdout.strip(), remedy="Mend it.")

    def fix(self, config: Config, site: Site) -> tuple[str, ...] | None:
        """Other code."""
        return None if self.repair is None else ("-c", self.repair)


def probing(check: Check, **changes: Any) -> Step:
    """The step of a check."""
    return Step(check.name, check.stage, Kind.CHECK, {"check": check.name, "gates": []}, **changes)
