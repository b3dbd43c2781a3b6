"""A run that is a part of another command: what it prints goes to standard error."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout

from shipway.core.errors import ShipwayError
from shipway.core.outcome import Verdict


def run_inner(directory: str, *stages: str) -> None:
    """Run stages of a project; how that went is in its record.

    In this process, so that one signal ends both: raises KeyboardInterrupt where it was
    interrupted.
    """
    from shipway.cli.running import run

    with redirect_stdout(sys.stderr):
        try:
            code = run(
                directory=directory, stages=list(stages), skip=[], jobs=0, fail_fast=False,
                changed_since="", no_cache=False, fix=False, strict=False, allow=[], baseline="",
                advisories="", json=False,
            )  # fmt: skip
        except ShipwayError as problem:
            print(f"shipway: {problem.message}\n  next: {problem.remedy}")
            return
    if code == Verdict.INTERRUPTED.exit_code(strict=False):
        raise KeyboardInterrupt
