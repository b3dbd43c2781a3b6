"""The verdict of the run that an image came through, as it is attached to the image."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shipway.core.images.provenance import moment
from shipway.core.outcome import verdict_of
from shipway.core.result import StepResult


def said_of(run: str, release: str, results: Iterable[StepResult], now: float) -> dict[str, Any]:
    """What the run found. now: seconds since the epoch. results: of the steps that ended."""
    steps = sorted(results, key=lambda one: one.step)
    told = verdict_of([one.outcome for one in steps])
    return {
        "verdict": str(told), "run": run, "release": release, "finishedOn": moment(now),
        "steps": [
            {"step": one.step, "stage": one.stage, "outcome": str(one.outcome)}
            | ({"reason": one.reason} if one.reason else {})
            for one in steps
        ],
    }  # fmt: skip
