"""All that is sent of one run or one rollout. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shipway.pipeline.result import RunResult
from shipway.rollouts.report import RolloutReport
from shipway.telemetry.measurements import Measurement, rollout_measurements, run_measurements
from shipway.telemetry.resource import Attributes, RunOrigin, pipeline_attributes, run_attributes
from shipway.telemetry.spans import Span, rollout_span, run_span


@dataclass(frozen=True, kw_only=True)
class TelemetryBatch:
    """A trace and its figures.

    resource: of traces and metrics alike. run: of traces only, for a series of metrics that names
    a run ends with it.
    """

    span: Span
    measurements: tuple[Measurement, ...]
    resource: Attributes
    run: Attributes


def run_batch(
    result: RunResult, origin: RunOrigin, number: Callable[[RolloutReport], str]
) -> TelemetryBatch:
    """Of a run, with the rollouts in it. number: a rollout's, in its environment's history."""
    return TelemetryBatch(
        span=run_span(result, origin, number),
        measurements=tuple(run_measurements(result, origin.pipeline)),
        resource=pipeline_attributes(origin),
        run=run_attributes(origin),
    )


def rollout_batch(
    report: RolloutReport, origin: RunOrigin, number: str, *, undo: bool = False, code: str = ""
) -> TelemetryBatch:
    """Of a rollout that is no step of a run; the words are those of `rollout_span`."""
    return TelemetryBatch(
        span=rollout_span(report, origin, number, undo=undo, code=code),
        measurements=tuple(rollout_measurements(report, origin.pipeline)),
        resource=pipeline_attributes(origin),
        run=run_attributes(origin),
    )
