"""What a run and a rollout are measured by, for OpenTelemetry's metrics. Pure.

Source: the semantic conventions "CICD metrics". What these have no name for is called `shipway.…`.
No measurement names a run: each would be a series of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from shipway.findings.finding import FindingState, Severity
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.problems import run_problems
from shipway.pipeline.result import RunResult
from shipway.reports.run_findings import by_severity, completed_scanners, run_findings
from shipway.rollouts.report import RolloutReport
from shipway.telemetry.resource import Attributes, bounded
from shipway.telemetry.spans import (
    deployment_status,
    identifier,
    rollout_of,
    run_error,
    run_result,
    step_result,
)


@dataclass(frozen=True)
class Instrument:
    """A metric. unit: as UCUM has it; what is counted stands in braces."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    description: str


@dataclass(frozen=True)
class Measurement:
    """One value of a metric."""

    instrument: Instrument
    value: float
    attributes: Attributes


RUN_DURATION = Instrument(
    "cicd.pipeline.run.duration",
    "histogram",
    "s",
    "Duration of a pipeline run grouped by pipeline, state and result.",
)
RUN_ERRORS = Instrument(
    "cicd.pipeline.run.errors",
    "counter",
    "{error}",
    "The number of errors encountered in pipeline runs (eg. compile, test failures).",
)
STEP_RESULTS = Instrument(
    "shipway.step.results", "counter", "{step}", "Steps that ended, by how they ended."
)
STEP_DURATION = Instrument(
    "shipway.step.duration", "histogram", "s", "Duration of a step that did its work."
)
CACHE_LOOKUPS = Instrument(
    "shipway.cache.lookups", "counter", "{lookup}", "Steps that the cache had, or had not."
)
FINDINGS = Instrument(
    "shipway.findings", "gauge", "{finding}", "Findings of a run in which scanners did their work."
)
ROLLOUTS = Instrument("shipway.rollouts", "counter", "{rollout}", "Rollouts, by how they ended.")
ROLLOUT_DURATION = Instrument(
    "shipway.rollout.duration", "histogram", "s", "Duration of a rollout."
)
INSTRUMENTS = (
    RUN_DURATION,
    RUN_ERRORS,
    STEP_RESULTS,
    STEP_DURATION,
    CACHE_LOOKUPS,
    FINDINGS,
    ROLLOUTS,
    ROLLOUT_DURATION,
)
# Seconds; OpenTelemetry's default is made for milliseconds.
DURATION_BOUNDARIES = (0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)

_HITS = {Outcome.CACHED: "hit", Outcome.PASSED: "miss", Outcome.FAILED: "miss"}
_WORKED = (Outcome.PASSED, Outcome.FAILED)


def run_measurements(result: RunResult, pipeline: str) -> Iterator[Measurement]:
    """Of a run, its steps, its findings and the rollouts in it."""
    of_pipeline: Attributes = bounded({"cicd.pipeline.name": pipeline})
    yield Measurement(
        RUN_DURATION,
        result.seconds,
        {
            **of_pipeline,
            **bounded(
                {
                    "cicd.pipeline.run.state": "executing",
                    "cicd.pipeline.result": run_result(result.verdict),
                    "error.type": run_error(result),
                }
            ),
        },
    )
    for kind, number in Counter(problem.kind for problem in run_problems(result)).items():
        yield Measurement(RUN_ERRORS, number, {**of_pipeline, "error.type": identifier(kind)})
    yield from _step_measurements(result, pipeline, of_pipeline)
    yield from _finding_measurements(result, of_pipeline)


def _step_measurements(
    result: RunResult, pipeline: str, of_pipeline: Attributes
) -> Iterator[Measurement]:
    for step in result.steps:
        of_step = {
            **of_pipeline,
            **bounded(
                {
                    "cicd.pipeline.task.name": step.step,
                    "cicd.pipeline.task.run.result": step_result(step),
                }
            ),
        }
        outcome: Attributes = {"shipway.step.outcome": step.outcome.value}
        yield Measurement(STEP_RESULTS, 1, {**of_step, **outcome})
        if step.outcome in _WORKED:
            yield Measurement(STEP_DURATION, step.seconds, of_step)
        if step.outcome in _HITS:
            lookup = {
                **of_pipeline,
                **bounded({"cicd.pipeline.task.name": step.step}),
                "shipway.cache.result": _HITS[step.outcome],
            }
            yield Measurement(CACHE_LOOKUPS, 1, lookup)
        if report := rollout_of(step):
            yield from rollout_measurements(report, pipeline)


def _finding_measurements(result: RunResult, of_pipeline: Attributes) -> Iterator[Measurement]:
    """None where no scanner did its work: that is not the same as no findings."""
    if not completed_scanners(result):
        return
    counts = by_severity([entry.finding for entry in run_findings(result)])
    for severity in Severity:
        for state in FindingState:
            attributes = {
                **of_pipeline,
                "shipway.finding.severity": severity.name.lower(),
                "shipway.finding.state": identifier(state),
            }
            number = counts.get(severity, Counter())[state]
            if number or state is FindingState.OPEN:
                yield Measurement(FINDINGS, number, attributes)


def rollout_measurements(report: RolloutReport, pipeline: str) -> Iterator[Measurement]:
    """Of a rollout."""
    attributes = bounded(
        {
            "cicd.pipeline.name": pipeline,
            "deployment.environment.name": report.environment,
            "deployment.status": deployment_status(report.verdict),
            "shipway.rollout.strategy": report.strategy,
            "shipway.rollout.verdict": report.verdict.value,
        }
    )
    yield Measurement(ROLLOUTS, 1, attributes)
    yield Measurement(ROLLOUT_DURATION, report.seconds, attributes)
