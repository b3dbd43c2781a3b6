"""What a check makes of an output."""

from __future__ import annotations

import pytest

from shipway.config.schema import Config
from shipway.errors import CannotRun
from shipway.findings.finding import Severity
from shipway.pipeline.check import CheckResult, ToolOutput

from . import tiny_application
from .recordings import SITE, check_named, load


def read(name: str, case: str, config: Config = tiny_application.CONFIG) -> CheckResult:
    """A recorded output, understood."""
    return check_named(name).read(load(name, case), config, SITE)


def refusal(name: str, output: ToolOutput, config: Config = tiny_application.CONFIG) -> CannotRun:
    """Why an output is not to be trusted."""
    with pytest.raises(CannotRun) as raised:
        check_named(name).read(output, config, SITE)
    return raised.value


def refused(name: str, case: str) -> str:
    """The same of a recorded output: the sentence."""
    return refusal(name, load(name, case)).message


def argv(name: str) -> tuple[str, ...]:
    """A check's arguments for the tiny application."""
    return check_named(name).argv(tiny_application.CONFIG, SITE)


def fix(name: str) -> tuple[str, ...] | None:
    """The arguments that repair."""
    return check_named(name).fix(tiny_application.CONFIG, SITE)


def faults(reading: CheckResult) -> list[tuple[str, str, int, Severity]]:
    """Rule, path, line and severity of each finding."""
    return [(one.rule, one.path, one.line, one.severity) for one in reading.findings]
