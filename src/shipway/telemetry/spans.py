"""A run and a rollout as spans, by OpenTelemetry's semantic conventions. Pure.

Sources: the conventions "CICD spans" and the registries `cicd`, `deployment` and `error`. What
they have no name for is called `shipway.…`. The spans are made of the results when all has ended,
so telemetry costs nothing while steps and rollouts run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.problems import count_problems, problems_behind
from shipway.pipeline.result import RunResult, StepResult
from shipway.reports.error_docs import cause_code
from shipway.rollouts.report import RolloutReport, report_from
from shipway.telemetry.resource import (
    Attributes,
    RunOrigin,
    bounded,
    pipeline_attributes,
    run_attributes,
)

ACTION = "RUN"
_VERDICT_RESULTS = {
    Verdict.PASSED: "success",
    Verdict.FAILED: "failure",
    Verdict.ROLLED_BACK: "failure",
    Verdict.ACTION_REQUIRED: "failure",
    Verdict.INCOMPLETE: "error",  # something could not run here: that is not the commit's fault
    Verdict.UNKNOWN: "error",
    Verdict.INTERRUPTED: "cancellation",
}
_OUTCOME_RESULTS = {
    Outcome.PASSED: "success",
    Outcome.CACHED: "success",
    Outcome.FAILED: "failure",
    Outcome.SKIPPED: "skip",
    Outcome.ERROR: "error",
    Outcome.UPSTREAM_FAILED: "skip",
    Outcome.CANCELLED: "cancellation",
}
_ERRORS = ("failure", "error")
_TASK_TYPES = {"test": "test", "build": "build", "publish": "deploy", "deploy": "deploy"}
_WORKED = (Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.CANCELLED)


@dataclass(frozen=True)
class SpanEvent:
    """Something at one moment of a span. at: seconds since the epoch."""

    name: str
    at: float
    attributes: Attributes


@dataclass(frozen=True, kw_only=True)
class Span:
    """A span and those below it.

    start, end: seconds since the epoch. server: whether its kind is SERVER, as a run's is; else it
    is INTERNAL. failed: whether its status is an error, with the description.
    """

    name: str
    start: float
    end: float
    attributes: Attributes
    server: bool = False
    failed: bool = False
    description: str = ""
    events: tuple[SpanEvent, ...] = ()
    children: tuple[Span, ...] = ()


def run_span(result: RunResult, origin: RunOrigin, number: Callable[[RolloutReport], str]) -> Span:
    """A run with one span for each of its steps.

    number: a rollout's in its environment's history, "" where it is not known.
    """
    outcome = run_result(result.verdict)
    ends = dict[str, float]()
    children = []
    for step in result.steps:
        span = _step_span(step, result, origin, ends)
        ends[step.step] = span.end
        if report := rollout_of(step):
            span = replace(span, children=(rollout_span(report, origin, number(report)),))
        children.append(span)
    return Span(
        name=f"{ACTION} {origin.pipeline}",
        start=result.started,
        end=result.started + result.seconds,
        server=True,
        failed=outcome in _ERRORS,
        description=count_problems(problems_behind(result)) if outcome in _ERRORS else "",
        attributes={
            **pipeline_attributes(origin),
            **run_attributes(origin),
            **bounded(
                {
                    "cicd.pipeline.action.name": ACTION,
                    "cicd.pipeline.result": outcome,
                    "error.type": run_error(result),
                    "shipway.run.verdict": result.verdict.value,
                }
            ),
        },
        children=tuple(children),
    )


def run_result(verdict: Verdict) -> str:
    """A verdict as `cicd.pipeline.result` has it."""
    return _VERDICT_RESULTS[verdict]


def step_result(step: StepResult) -> str:
    """An outcome as `cicd.pipeline.task.run.result` has it."""
    return _OUTCOME_RESULTS[step.outcome]


def run_error(result: RunResult) -> str:
    """The kind of the heaviest problem as `error.type`; "" for a run that is no error."""
    if run_result(result.verdict) not in _ERRORS:
        return ""
    problems = problems_behind(result)
    return identifier(problems[0].kind if problems else result.verdict)


def identifier(words: str) -> str:
    """`failed_test` of "failed test"."""
    return words.replace(" ", "_").replace("-", "_")


def _step_span(
    step: StepResult, result: RunResult, origin: RunOrigin, ends: Mapping[str, float]
) -> Span:
    """ends: when the steps before it ended. What did no work has no length, and stands where it
    could have begun."""
    outcome = step_result(step)
    ready = max([result.started, *(ends[need] for need in step.needs if need in ends)])
    worked = step.outcome in _WORKED and step.started > 0
    start = step.started if worked else ready
    failed = outcome in _ERRORS
    tests = step.tests
    return Span(
        name=step.step,
        start=start,
        end=start + step.seconds if worked else start,
        failed=failed,
        description=step.reason if failed else "",
        attributes=bounded(
            {
                "cicd.pipeline.task.name": step.step,
                "cicd.pipeline.task.run.id": f"{result.run}/{step.step}",
                "cicd.pipeline.task.run.url.full": origin.address,
                "cicd.pipeline.task.type": _TASK_TYPES.get(step.stage, step.stage),
                "cicd.pipeline.task.run.result": outcome,
                "error.type": (step.code or identifier(step.outcome)) if failed else "",
                "shipway.step.stage": step.stage,
                "shipway.step.outcome": step.outcome.value,
                "shipway.step.cached": step.outcome is Outcome.CACHED,
                "shipway.step.queue.duration": max(0.0, start - ready) if worked else None,
                "shipway.step.findings": len(step.findings),
                "shipway.tests.passed": tests.passed if tests else None,
                "shipway.tests.failed": tests.failed if tests else None,
                "shipway.tests.skipped": tests.skipped if tests else None,
            }
        ),
    )


# Rollouts.


def rollout_of(step: StepResult) -> RolloutReport | None:
    """The report of the rollout that a step carried out in this run; a cached one is none."""
    receipt = step.facts.get("receipt")
    if not receipt or step.outcome not in _WORKED:
        return None
    with suppress(ValueError):  # what cannot be read fails no run
        return report_from(receipt)
    return None


def rollout_span(
    report: RolloutReport,
    origin: RunOrigin,
    number: str = "",
    *,
    undo: bool = False,
    code: str = "",
) -> Span:
    """A rollout with events for its stages, its weights and what the judge said.

    number: the rollout's in its environment's history. undo: going back is what was asked for,
    so that a rollout which was rolled back is no error. code: of the error that ended it, where
    one was raised; else its cause tells.
    """
    failed = rollout_failed(report.verdict, undo=undo)
    return Span(
        name=f"rollout {report.environment}",
        start=report.started,
        end=report.started + report.seconds,
        failed=failed,
        description=report.cause if failed else "",
        attributes={
            **pipeline_attributes(origin),
            **run_attributes(origin),
            **bounded(
                {
                    "deployment.environment.name": report.environment,
                    "deployment.name": f"{origin.pipeline} to {report.environment}",
                    "deployment.id": number,
                    "deployment.status": deployment_status(report.verdict),
                    "error.type": (code or cause_code(report.cause)) if failed else "",
                    "shipway.rollout.verdict": report.verdict.value,
                    "shipway.rollout.strategy": report.strategy,
                    "shipway.rollout.release": report.release,
                    "shipway.rollout.release.before": report.before,
                    "shipway.rollout.requests": report.requests,
                    "shipway.rollout.requests.failed": report.failed,
                }
            ),
        },
        events=tuple(sorted(_events(report), key=lambda event: event.at)),
    )


def rollout_failed(verdict: Verdict, *, undo: bool) -> bool:
    """Whether a rollout's span is an error: one that somebody stopped by hand is none."""
    if verdict is Verdict.ROLLED_BACK:
        return not undo
    return verdict not in (Verdict.PASSED, Verdict.INTERRUPTED)


def deployment_status(verdict: Verdict) -> str:
    """A verdict as `deployment.status` has it; "" for a rollout that is not over."""
    if verdict is Verdict.PASSED:
        return "succeeded"
    return "failed" if verdict in (Verdict.FAILED, Verdict.ROLLED_BACK) else ""


def _events(report: RolloutReport) -> Iterator[SpanEvent]:
    for stage, entries in groupby(report.timeline, key=lambda entry: entry["stage"]):
        first = next(entries)
        attributes = bounded({"shipway.rollout.stage": stage, "shipway.message": first["text"]})
        yield SpanEvent("shipway.rollout.stage", first["at"], attributes)
    for before, sample in pairwise([None, *report.samples]):
        if sample is not None and (before is None or before["weight"] != sample["weight"]):
            weight: Attributes = {"shipway.rollout.weight": sample["weight"]}
            yield SpanEvent("shipway.rollout.weight", sample["at"], weight)
    for judgement in report.evidence:
        attributes = bounded(
            {
                "shipway.judge.decision": judgement["decision"],
                "shipway.message": judgement["sentence"],
            }
        )
        yield SpanEvent("shipway.rollout.judgement", judgement["at"], attributes)
