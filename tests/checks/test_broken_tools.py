"""Each scanner in turn is missing, killed, silent, or prints rubbish: never a pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.pipeline.contexts import workshop

from shipway.checks.registry import CHECKS
from shipway.config.schema import Application, Config
from shipway.pipeline.check import Check, ToolSource
from shipway.pipeline.definition import pipeline_steps
from shipway.pipeline.execution import execute_step
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.step import Step

APPLICATION = Application(
    name="tiny",
    packages=("town",),
    lock="uv.lock",
    dockerfile="Dockerfile",
    workflows=".github/workflows",
    templates=("infrastructure/a.yaml",),
)
SCANNERS = [
    check
    for check in CHECKS
    if check.stage == "security" and check.tool.home in (ToolSource.ISOLATED, ToolSource.SYSTEM)
]
WAYS = {
    "killed": "kill -9 $$",
    "silent": "exit 0",
    "rubbish": "echo '{\"no\": [such, form'; exit 0",
    "other JSON": "echo '{}'; exit 0",
    "another's JSON": "echo '[1, 2]'; exit 1",
    "crashed": "echo 'Traceback (most recent call last):' >&2; exit 1",
    "hung": "exec sleep 60",
}


def a_step(check: Check) -> Step:
    steps = pipeline_steps(Config(application=APPLICATION), [check])
    return next(step for step in steps if step.name == check.name)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("check", SCANNERS, ids=lambda check: check.name)
def test_a_scanner_that_does_not_do_its_work_is_unavailable(
    check: Check, way: str, tmp_path: Path
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("uv", check.tool.program):
        (programs / name).write_text(f"#!/bin/sh\n{WAYS[way]}\n")
        (programs / name).chmod(0o755)
    step = a_step(check)
    step.timeout = 0.2 if way == "hung" else 30.0
    context = workshop(
        tmp_path,
        APPLICATION,
        checks=lambda name: check,
        uv=str(programs / "uv"),
        environment={"PATH": f"{programs}:/usr/bin:/bin"},
    )
    result = execute_step(step, context, lambda line: None)
    assert result.outcome is Outcome.ERROR, result
    assert result.reason


@pytest.mark.parametrize("check", SCANNERS, ids=lambda check: check.name)
def test_a_scanner_that_is_not_there_is_unavailable(check: Check, tmp_path: Path) -> None:
    context = workshop(
        tmp_path,
        APPLICATION,
        checks=lambda name: check,
        uv=str(tmp_path / "no-uv"),
        environment={"PATH": str(tmp_path)},
    )
    result = execute_step(a_step(check), context, lambda line: None)
    assert result.outcome is Outcome.ERROR
    assert result.remedy
