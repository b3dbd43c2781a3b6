"""Each scanner in turn is missing, killed, silent, or prints rubbish: never a pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipway.checks import CHECKS
from shipway.core.check import Check, Home
from shipway.core.config import Application, Config
from shipway.core.outcome import Outcome
from shipway.core.step import Step
from shipway.flows.perform import perform
from shipway.flows.pipeline import pipeline

from .shop import workshop

APPLICATION = Application(
    name="tiny", packages=("town",), lock="uv.lock", dockerfile="Dockerfile",
    workflows=".github/workflows", templates=("infrastructure/a.yaml",),
)  # fmt: skip
SCANNERS = [
    check for check in CHECKS
    if check.stage == "security" and check.tool.home in (Home.ISOLATED, Home.SYSTEM)
]  # fmt: skip
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
    steps = pipeline(Config(application=APPLICATION), [check])
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
    shop = workshop(
        tmp_path, APPLICATION, checks=lambda name: check, uv=str(programs / "uv"),
        environment={"PATH": f"{programs}:/usr/bin:/bin"},
    )  # fmt: skip
    result = perform(step, shop, lambda line: None)
    assert result.outcome is Outcome.UNAVAILABLE, result
    assert result.reason


@pytest.mark.parametrize("check", SCANNERS, ids=lambda check: check.name)
def test_a_scanner_that_is_not_there_is_unavailable(check: Check, tmp_path: Path) -> None:
    shop = workshop(
        tmp_path, APPLICATION, checks=lambda name: check, uv=str(tmp_path / "no-uv"),
        environment={"PATH": str(tmp_path)},
    )  # fmt: skip
    result = perform(a_step(check), shop, lambda line: None)
    assert result.outcome is Outcome.UNAVAILABLE
    assert result.remedy
