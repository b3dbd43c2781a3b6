"""OpenTelemetry's variables decide what is sent, and whether anything is."""

from __future__ import annotations

import pytest

from shipway.telemetry.settings import exported_signals, signal_endpoint, signal_protocol

EVERY = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
TRACES = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://traces:4318/v1/traces"}


@pytest.mark.parametrize(
    ("environment", "signals"),
    [
        ({}, ()),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, ()),
        (EVERY, ("traces", "metrics")),
        (TRACES, ("traces",)),
        ({**EVERY, "OTEL_SDK_DISABLED": "True"}, ()),
        ({**EVERY, "OTEL_SDK_DISABLED": "1"}, ("traces", "metrics")),  # only "true" is true
        ({**EVERY, "OTEL_METRICS_EXPORTER": "none"}, ("traces",)),
        ({**EVERY, "OTEL_TRACES_EXPORTER": "console, otlp"}, ("traces", "metrics")),
        ({**EVERY, "OTEL_TRACES_EXPORTER": ""}, ("traces", "metrics")),
    ],
)
def test_a_signal_is_sent_where_a_collector_is_named_for_it(
    environment: dict[str, str], signals: tuple[str, ...]
) -> None:
    assert exported_signals(environment) == signals


def test_what_is_said_of_one_signal_counts_for_more() -> None:
    assert signal_endpoint("traces", {**EVERY, **TRACES}) == "http://traces:4318/v1/traces"
    assert signal_endpoint("metrics", {**EVERY, **TRACES}) == "http://collector:4318"
    environment = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/protobuf",
    }
    assert signal_protocol("traces", environment) == "grpc"
    assert signal_protocol("metrics", environment) == "http/protobuf"
    assert signal_protocol("traces", {}) == "http/protobuf"
