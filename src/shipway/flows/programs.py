"""How a step's program is started, and what it means that it did not end by itself."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace

from shipway.core.check import Check, Home, Site
from shipway.core.command_line import command_line
from shipway.core.errors import CannotRun
from shipway.core.outcome import Outcome
from shipway.core.ports import Completed
from shipway.core.result import StepResult
from shipway.core.step import Step
from shipway.flows.workshop import Workshop


def program(check: Check, site: Site, shop: Workshop) -> tuple[str, ...]:
    """How a check's tool is started, without its arguments."""
    tool = check.tool
    if tool.home is Home.APPLICATION:
        if not site.python:
            raise CannotRun(
                "the application's environment is not there",
                "It is made by the step install: see why that did not pass.",
            )
        return (site.python,)
    if tool.home is Home.OWN:
        return (sys.executable, "-m", tool.program)
    if tool.home is Home.SYSTEM:
        if shutil.which(tool.program, path=shop.environment.get("PATH")) is None:
            raise CannotRun(f"{tool.program} is not here", tool.how)
        return (tool.program,)
    extras = tuple(part for extra in tool.extras for part in ("--with", extra))
    source = f"{tool.package}=={tool.version}"
    return (shop.uv, "tool", "run", "--quiet", "--from", source, *extras, tool.program)


def ended(step: Step, done: Completed) -> StepResult | None:
    """The result of a program that did not end by itself; None when it did."""
    result = StepResult(step.name, step.stage, Outcome.CANCELLED, reason="it was stopped")
    if done.cancelled:
        return result
    if done.timed_out:
        return replace(
            result, outcome=Outcome.FAILED,
            reason=f"it took longer than its limit of {step.timeout:g} s and was ended",
            remedy="Raise its timeout, or find out what it waits for: "
            f"{command_line('run', step.name)}.",
        )  # fmt: skip
    return None
