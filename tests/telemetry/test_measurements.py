"""What a run and a rollout are measured by."""

from __future__ import annotations

from dataclasses import replace

from opentelemetry.semconv._incubating.metrics import cicd_metrics
from tests.reports.sample_rollouts import counted as with_counts
from tests.reports.sample_rollouts import rolled_back
from tests.reports.sample_runs import finding, result, run

from shipway.findings.finding import FindingState, Severity
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.telemetry.measurements import (
    CACHE_LOOKUPS,
    FINDINGS,
    INSTRUMENTS,
    ROLLOUTS,
    RUN_DURATION,
    RUN_ERRORS,
    STEP_DURATION,
    Measurement,
    rollout_measurements,
    run_measurements,
)


def of(name: str, measurements: list[Measurement]) -> list[Measurement]:
    return [entry for entry in measurements if entry.instrument.name == name]


def test_what_the_conventions_do_not_name_is_shipways_own() -> None:
    known = {value for value in vars(cicd_metrics).values() if isinstance(value, str)}
    assert {RUN_DURATION.name, RUN_ERRORS.name} <= known
    others = [entry for entry in INSTRUMENTS if entry not in (RUN_DURATION, RUN_ERRORS)]
    assert all(entry.name.startswith("shipway.") for entry in others)


def test_a_run_that_passed_has_no_error() -> None:
    measurements = list(run_measurements(run(result("unit", stage="test")), "town"))
    (duration,) = of("cicd.pipeline.run.duration", measurements)
    assert duration.value == 4.2
    assert duration.attributes["cicd.pipeline.result"] == "success"
    assert "error.type" not in duration.attributes
    assert not of(RUN_ERRORS.name, measurements)


def test_what_the_cache_had_is_a_hit_and_what_was_done_a_miss() -> None:
    whole = run(
        result("a", Outcome.CACHED),
        result("b"),
        result("c", Outcome.FAILED),
        result("d", Outcome.SKIPPED),
        result("e", Outcome.ERROR),
        verdict=Verdict.FAILED,
    )
    measurements = list(run_measurements(whole, "town"))
    lookups = {
        entry.attributes["cicd.pipeline.task.name"]: entry.attributes["shipway.cache.result"]
        for entry in of(CACHE_LOOKUPS.name, measurements)
    }
    assert lookups == {"a": "hit", "b": "miss", "c": "miss"}
    durations = {
        e.attributes["cicd.pipeline.task.name"] for e in of(STEP_DURATION.name, measurements)
    }
    assert durations == {"b", "c"}


def test_findings_are_counted_by_severity_and_none_is_a_figure_too() -> None:
    waived = replace(finding(2, Severity.HIGH), state=FindingState.WAIVED)
    found = (finding(1), finding(3), waived)
    whole = run(replace(result("ruff", Outcome.FAILED), findings=found), verdict=Verdict.FAILED)
    counted = {
        (e.attributes["shipway.finding.severity"], e.attributes["shipway.finding.state"]): e.value
        for e in of(FINDINGS.name, list(run_measurements(whole, "town")))
    }
    assert counted == {
        ("info", "open"): 0,
        ("low", "open"): 0,
        ("medium", "open"): 2,
        ("high", "open"): 0,
        ("high", "waived"): 1,
        ("critical", "open"): 0,
    }


def test_where_no_scanner_looked_nothing_is_said_of_findings() -> None:
    whole = run(result("ruff", Outcome.ERROR), verdict=Verdict.INCOMPLETE)
    assert not of(FINDINGS.name, list(run_measurements(whole, "town")))


def test_a_rollout_is_counted_by_how_it_ended() -> None:
    (counted,) = of(ROLLOUTS.name, list(rollout_measurements(rolled_back(), "town")))
    assert counted.attributes["shipway.rollout.verdict"] == "rolled back"
    assert counted.attributes["deployment.status"] == "failed"
    deploy = result("deploy-local", Outcome.FAILED, "deploy")
    receipt = with_counts(rolled_back()).to_dict()
    whole = run(replace(deploy, facts={"receipt": receipt}), verdict=Verdict.ROLLED_BACK)
    assert of(ROLLOUTS.name, list(run_measurements(whole, "town"))) == [counted]
