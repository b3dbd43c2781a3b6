"""What a collector gets of a run, and what becomes of one that does not take it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.semconv._incubating.metrics import cicd_metrics
from tests.patience import PATIENCE, not_hanging
from tests.reports.sample_rollouts import rolled_back
from tests.reports.sample_runs import result, run
from tests.telemetry.collector import collecting, values

from shipway.pipeline.outcome import Outcome, Verdict
from shipway.system.network import free_port
from shipway.telemetry.batch import TelemetryBatch, rollout_batch, run_batch
from shipway.telemetry.otlp import LIMIT, send_batch
from shipway.telemetry.resource import LONGEST_VALUE, RunOrigin
from shipway.telemetry.settings import SIGNALS

ORIGIN = RunOrigin(pipeline="town", run="7")
SHORT = 0.3  # seconds


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    for name in [name for name in os.environ if name.startswith(("OTEL_", "TRACE"))]:
        monkeypatch.delenv(name)
    yield monkeypatch


def failing(steps: int = 1) -> TelemetryBatch:
    whole = run(
        *(result(f"step-{number}", Outcome.FAILED) for number in range(steps)),
        verdict=Verdict.FAILED,
    )
    return run_batch(whole, ORIGIN, lambda report: "")


def sent(url: str, batch: TelemetryBatch, endpoint: pytest.MonkeyPatch, limit: float) -> list[str]:
    endpoint.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    return send_batch(batch, SIGNALS, os.environ, lambda text: text, limit)


def test_units_and_descriptions_are_those_of_the_conventions(
    endpoint: pytest.MonkeyPatch,
) -> None:
    reader = InMemoryMetricReader()
    meter = MeterProvider([reader], shutdown_on_exit=False).get_meter("conventions")
    cicd_metrics.create_cicd_pipeline_run_duration(meter).record(1.0)
    cicd_metrics.create_cicd_pipeline_run_errors(meter).add(1)
    conventions = reader.get_metrics_data()
    assert conventions is not None
    with collecting() as collector:
        assert sent(collector.url, failing(), endpoint, PATIENCE) == []
    expected = conventions.resource_metrics[0].scope_metrics[0].metrics
    assert len(expected) == 2
    for convention in expected:
        metric = collector.metrics[convention.name]
        assert (metric.unit, metric.description) == (convention.unit, convention.description)


def test_a_rollout_alone_is_a_trace(endpoint: pytest.MonkeyPatch) -> None:
    with collecting() as collector:
        batch = rollout_batch(rolled_back(), ORIGIN, "3")
        assert sent(collector.url, batch, endpoint, PATIENCE) == []
    (span,) = collector.spans
    assert values(span.attributes)["deployment.id"] == "3"
    assert {event.name for event in span.events} == {
        "shipway.rollout.stage",
        "shipway.rollout.weight",
        "shipway.rollout.judgement",
    }
    ((attributes, number),) = collector.points("shipway.rollouts")
    assert (attributes["shipway.rollout.verdict"], number) == ("rolled back", 1)


def test_a_run_of_many_steps_arrives_whole(endpoint: pytest.MonkeyPatch) -> None:
    with collecting() as collector:
        assert sent(collector.url, failing(1200), endpoint, PATIENCE) == []
    assert len(collector.spans) == 1201
    assert len(collector.headers) == 4  # three of traces


@pytest.mark.parametrize("delay", [0.0, 2 * PATIENCE])
def test_a_collector_that_is_dead_or_slow_is_given_up(
    endpoint: pytest.MonkeyPatch, delay: float
) -> None:
    assert LIMIT == 2.0
    with collecting(delay=delay) as collector, not_hanging():
        url = collector.url if delay else f"http://127.0.0.1:{free_port()}"
        sentences = sent(url, failing(), endpoint, SHORT)
    told = f"traces and metrics did not reach {url}: no answer within {SHORT:g} s"
    assert sentences == [told]


def test_what_is_wrong_in_the_variables_fails_nothing(endpoint: pytest.MonkeyPatch) -> None:
    endpoint.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many")
    with collecting() as collector:
        sentences = sent(collector.url, failing(), endpoint, PATIENCE)
    assert ["OpenTelemetry failed (ValueError)" in sentence for sentence in sentences] == [True]
    assert collector.metrics


def test_every_text_passes_through_the_redaction(endpoint: pytest.MonkeyPatch) -> None:
    endpoint.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    with collecting() as collector:
        endpoint.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        batch = rollout_batch(rolled_back(), RunOrigin(pipeline="hunter2", branch="hunter2"), "")
        send_batch(batch, SIGNALS, os.environ, lambda t: t.replace("hunter2", "-"), PATIENCE)
    everything = repr((collector.spans, collector.metrics, collector.resources))
    assert "cicd.pipeline.name" in everything
    assert "hunter2" not in everything


def test_a_description_has_a_bounded_length(endpoint: pytest.MonkeyPatch) -> None:
    report = replace(rolled_back(), cause="why " * LONGEST_VALUE)
    with collecting() as collector:
        assert sent(collector.url, rollout_batch(report, ORIGIN, ""), endpoint, PATIENCE) == []
    (span,) = collector.spans
    assert 0 < len(span.status.message) <= LONGEST_VALUE
