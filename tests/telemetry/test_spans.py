"""A run and a rollout as spans."""

from __future__ import annotations

from dataclasses import replace

import pytest
from opentelemetry.semconv._incubating.attributes import (
    cicd_attributes,
    deployment_attributes,
    vcs_attributes,
)
from opentelemetry.semconv.attributes import error_attributes
from tests.reports.sample_rollouts import NEW, OLD, counted, promoted, rolled_back
from tests.reports.sample_runs import STARTED, result, run

from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult
from shipway.rollouts.report import RolloutReport
from shipway.telemetry.resource import RunOrigin
from shipway.telemetry.spans import Span, rollout_span, run_result, run_span, step_result

ORIGIN = RunOrigin(
    pipeline="town",
    run="7",
    address="https://ci.example/7",
    repository="https://github.com/a/town",
    branch="main",
    ref_type="branch",
    commit="abc",
    change="3",
)


def spanned(whole: RunResult) -> Span:
    return run_span(whole, ORIGIN, lambda report: "12")


def names(span: Span) -> set[str]:
    own = {*span.attributes, *(name for event in span.events for name in event.attributes)}
    return own.union(*map(names, span.children))


def deploying(report: RolloutReport, outcome: Outcome = Outcome.PASSED) -> RunResult:
    deploy = result("deploy-local", outcome, "deploy")
    return run(
        replace(deploy, rollout=report.verdict, facts={"receipt": counted(report).to_dict()}),
        result("broken", Outcome.FAILED, "test"),
        verdict=report.verdict,
    )


def test_every_name_is_of_the_conventions_or_shipways_own() -> None:
    known = {
        value
        for module in (cicd_attributes, deployment_attributes, vcs_attributes, error_attributes)
        for value in vars(module).values()
        if isinstance(value, str)
    }
    used = names(spanned(deploying(rolled_back(), Outcome.FAILED)))
    assert {name for name in used if not name.startswith("shipway.")} <= known
    assert len(used & known) > 15


def test_every_result_is_one_of_the_conventions() -> None:
    results = {value.value for value in cicd_attributes.CicdPipelineResultValues}
    tasks = {value.value for value in cicd_attributes.CicdPipelineTaskRunResultValues}
    assert {run_result(verdict) for verdict in Verdict} <= results
    assert {step_result(result("a", outcome)) for outcome in Outcome} <= tasks
    assert {v for v in Verdict if run_result(v) == "success"} == {Verdict.PASSED}
    good = {Outcome.PASSED, Outcome.CACHED}
    assert {o for o in Outcome if step_result(result("a", o)) == "success"} == good


def test_a_step_waited_from_the_end_of_its_last_need() -> None:
    first = replace(result("first"), seconds=1.0)
    second = replace(result("second"), started=STARTED + 1.5, seconds=1.0, needs=("first",))
    (_, span) = spanned(run(first, second)).children
    assert (span.start, span.end) == (STARTED + 1.5, STARTED + 2.5)
    assert span.attributes["shipway.step.queue.duration"] == 0.5


@pytest.mark.parametrize("outcome", [Outcome.CACHED, Outcome.SKIPPED, Outcome.UPSTREAM_FAILED])
def test_what_did_no_work_has_no_length_and_stands_where_it_could_have_begun(
    outcome: Outcome,
) -> None:
    first = replace(result("first"), seconds=1.0)
    # What is stored of a cached step has the times of the run that did the work.
    idle = replace(result("idle", outcome), started=STARTED - 900, needs=("first",))
    (_, span) = spanned(run(first, idle)).children
    assert (span.start, span.end) == (STARTED + 1.0, STARTED + 1.0)
    assert "shipway.step.queue.duration" not in span.attributes
    assert not span.failed


def test_a_rollout_is_a_span_below_its_step() -> None:
    deploy, _ = spanned(deploying(promoted())).children
    (rollout,) = deploy.children
    assert rollout.name == "rollout local"
    assert rollout.attributes["deployment.id"] == "12"
    assert rollout.attributes["deployment.environment.name"] == "local"
    assert rollout.attributes["deployment.status"] == "succeeded"
    assert rollout.attributes["shipway.rollout.release"] == NEW
    assert rollout.attributes["shipway.rollout.release.before"] == OLD
    assert not rollout.failed


def test_a_cached_rollout_is_none() -> None:
    deploy, _ = spanned(deploying(promoted(), Outcome.CACHED)).children
    assert deploy.children == ()


def test_a_receipt_that_cannot_be_read_is_none() -> None:
    deploy = replace(result("deploy-local", stage="deploy"), facts={"receipt": {"verdict": 1}})
    (span,) = spanned(run(deploy)).children
    assert span.children == ()


def test_a_rollout_has_events_for_each_weight_and_each_verdict_in_order_of_time() -> None:
    events = rollout_span(promoted(), ORIGIN).events
    assert [event.at for event in events] == sorted(event.at for event in events)
    weights = [e.attributes["shipway.rollout.weight"] for e in events if e.name.endswith("weight")]
    assert weights == [0, 10, 50, 100]
    decisions = [
        event.attributes["shipway.judge.decision"]
        for event in events
        if event.name == "shipway.rollout.judgement"
    ]
    assert decisions == ["keep watching", "promote"]
    stages = [e.attributes["shipway.rollout.stage"] for e in events if e.name.endswith("stage")]
    assert stages == ["SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "SUCCEEDED"]


def test_a_rollout_that_went_back_is_an_error_unless_somebody_asked_for_it() -> None:
    span = rollout_span(rolled_back(), ORIGIN)
    assert span.failed
    assert span.description == rolled_back().cause
    assert span.attributes["deployment.status"] == "failed"
    assert span.attributes["error.type"]
    cancelled = rollout_span(rolled_back(), ORIGIN, undo=True)
    assert not cancelled.failed
    assert cancelled.attributes["deployment.status"] == "failed"
    assert "error.type" not in cancelled.attributes


def test_a_rollout_that_waits_has_no_status_yet() -> None:
    held = replace(promoted(), verdict=Verdict.ACTION_REQUIRED)
    span = rollout_span(held, ORIGIN)
    assert "deployment.status" not in span.attributes
    assert span.failed
