"""A step's work, done once: a command, a check, or an action."""

from __future__ import annotations

from dataclasses import replace

from shipway.core.errors import ApplicationFault, CannotRun
from shipway.core.outcome import Outcome
from shipway.core.ports import Command, OnOutput
from shipway.core.result import StepResult
from shipway.core.step import Kind, Step
from shipway.flows.checking import check
from shipway.flows.programs import ended
from shipway.flows.workshop import Workshop


def perform(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
    """Do a step's work once. Never raises for what a tool does; CannotRun → unavailable,
    ApplicationFault → failed."""
    try:
        if step.kind is Kind.COMMAND:
            return _command(step, shop, on_output)
        if step.kind is Kind.CHECK:
            return check(step, shop, on_output)
        return shop.actions(step.work["action"])(step, shop, on_output)
    except CannotRun as problem:
        return StepResult(
            step.name, step.stage, Outcome.UNAVAILABLE,
            reason=problem.message, remedy=problem.remedy,
        )  # fmt: skip
    except ApplicationFault as fault:
        return StepResult(
            step.name,
            step.stage,
            Outcome.FAILED,
            reason=fault.message,
            remedy=fault.remedy,
            log=shop.store(fault.log),
        )


def _command(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
    done = shop.processes.run(
        Command(
            tuple(step.work["argv"]), shop.root, shop.env(step), step.timeout, shop.secrets
        ),
        on_output,
    )  # fmt: skip
    log = shop.store(done.stdout + done.stderr)
    stopped = ended(step, done)
    if stopped is not None:
        return replace(stopped, log=log)
    if done.code == 0:
        return StepResult(step.name, step.stage, Outcome.PASSED, log=log)
    return StepResult(
        step.name, step.stage, Outcome.FAILED, log=log, reason=f"it ended with {_code(done.code)}",
    )  # fmt: skip


def _code(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
