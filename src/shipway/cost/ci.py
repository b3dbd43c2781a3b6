"""What runs take and leave in CI, from the record.

GitHub counts each job's minutes rounded up ("About billing for GitHub Actions"); the workflows have
a job for each stage. What a job needs before Shipway starts (checkout, installing) is not in
the record.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from shipway.config.tables import Price, Usage
from shipway.cost.line_items import Estimate, PriceSheet, without_zero_items
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult

_MONTH = 365.0 / 12.0  # days
_DAY = 86_400.0  # seconds
_RAN = (Outcome.PASSED, Outcome.FAILED)


@dataclass(frozen=True)
class RunCost:
    """started: seconds since the epoch. minutes: billed, all jobs together. bytes: of its reports
    and logs."""

    started: float
    minutes: int
    bytes: int


@dataclass(frozen=True)
class CiUse:
    """The runs on record. runs_a_month: as often as they came; None where too few say so."""

    runs: int
    minutes: float
    bytes: float
    runs_a_month: float | None


def run_cost(started: float, steps: Iterable[StepResult], sizes: Mapping[str, int]) -> RunCost:
    """Of one run. sizes: digest of a stored blob → bytes; what is not stored any more has none."""
    own = list(steps)
    ran = sorted((step for step in own if step.outcome in _RAN), key=lambda step: step.stage)
    minutes = 0
    for _, stage in groupby(ran, key=lambda step: step.stage):
        some = list(stage)
        seconds = max(step.started + step.seconds for step in some) - min(
            step.started for step in some
        )
        minutes += max(1, math.ceil(seconds / 60))
    digests = {digest for step in own for digest in (*step.reports.values(), step.log) if digest}
    return RunCost(started, minutes, sum(sizes.get(digest, 0) for digest in digests))


def ci_use(runs: Sequence[RunCost]) -> CiUse | None:
    """Averages of some runs; None for none. At least two on two days say how often they come."""
    if not runs:
        return None
    span = max(run.started for run in runs) - min(run.started for run in runs)
    often = (len(runs) - 1) * _DAY * _MONTH / span if span >= _DAY else None
    return CiUse(
        len(runs), fmean(run.minutes for run in runs), fmean(run.bytes for run in runs), often
    )


def ci_estimate(
    use: CiUse, usage: Usage, retention_days: int, prices: Mapping[str, Price]
) -> Estimate:
    """A month of runs on machines of GitHub's. Public repositories pay nothing for them."""
    sheet, often = PriceSheet(prices), use.runs_a_month or 0.0
    minutes = max(0.0, often * use.minutes - usage.ci_minutes)
    stored = often * retention_days / _MONTH * use.bytes / 1e9
    lines = (
        sheet.line("minutes beyond the plan's", "ci-minute", minutes, assumed="ci_minutes"),
        sheet.line("artifacts", "ci-storage", stored),
    )
    return Estimate("CI", without_zero_items(lines))
