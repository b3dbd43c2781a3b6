"""A workshop in a folder, with real processes, for tests of single steps."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from shipway.core.config import Application, Config
from shipway.core.outcome import Outcome
from shipway.core.ports import OnOutput
from shipway.core.result import StepResult
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
