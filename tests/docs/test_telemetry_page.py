"""docs/telemetry.md names what is sent, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from tests.reports.sample_rollouts import counted, rolled_back
from tests.reports.sample_runs import result, run

from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import TestTally
from shipway.telemetry.batch import run_batch
from shipway.telemetry.measurements import INSTRUMENTS
from shipway.telemetry.otlp import LIMIT
from shipway.telemetry.resource import LONGEST_VALUE, RunOrigin
from shipway.telemetry.spans import Span, run_result

PAGE = (Path(__file__).parents[2] / "docs" / "telemetry.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`((?:cicd|vcs|deployment|shipway|error)\.[a-z_.]+)`", PAGE))


def names(span: Span) -> set[str]:
    events = {event.name for event in span.events}
    below = {name for event in span.events for name in event.attributes}
    return {*span.attributes, *events, *below}.union(*map(names, span.children))


def test_every_attribute_and_event_is_on_the_page() -> None:
    deploy = replace(
        result("deploy-local", Outcome.FAILED, "deploy"),
        tests=TestTally(1, 1, 1),
        facts={"receipt": counted(rolled_back()).to_dict()},
    )
    origin = RunOrigin(
        pipeline="a",
        run="b",
        address="https://ci.example/b",
        repository="https://github.com/a/b",
        branch="c",
        ref_type="branch",
        commit="d",
        change="1",
    )
    batch = run_batch(run(deploy, verdict=Verdict.ROLLED_BACK), origin, lambda report: "1")
    sent = {*names(batch.span), *batch.resource, *batch.run}
    metrics = {instrument.name for instrument in INSTRUMENTS}
    of_metrics = {"shipway.cache.result", "shipway.finding.severity", "shipway.finding.state"}
    assert sent | metrics | of_metrics == NAMED


def test_metrics_have_the_types_and_units_of_the_page() -> None:
    rows = set(re.findall(r"^\| `([a-z.]+)` \| (\w+) \| (\S+) \|", PAGE, re.MULTILINE))
    assert rows == {(metric.name, metric.kind, metric.unit) for metric in INSTRUMENTS}


def test_each_verdict_has_its_row() -> None:
    rows = re.findall(
        r"^\| ([a-z ,]+) \| `(success|failure|error|cancellation)`", PAGE, re.MULTILINE
    )
    told = {verdict: result for words, result in rows for verdict in words.split(", ")}
    assert told == {verdict.value: run_result(verdict) for verdict in Verdict}


def test_the_limits_are_as_written() -> None:
    assert f"in {LIMIT:g} s at the most" in " ".join(PAGE.split())
    assert f"most {LONGEST_VALUE:,} characters" in " ".join(PAGE.split())
