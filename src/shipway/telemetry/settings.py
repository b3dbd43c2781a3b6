"""Which telemetry is asked for, as OpenTelemetry's own variables say it. Pure.

Source: the OpenTelemetry specification, "OTLP Exporter Configuration" and "Environment Variable
Specification": a variable that is empty counts as one that is not set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Signal = Literal["traces", "metrics"]
SIGNALS: tuple[Signal, ...] = get_args(Signal)
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
PROTOCOL = "http/protobuf"


def exported_signals(environment: Mapping[str, str]) -> tuple[Signal, ...]:
    """The signals that a collector is named for; none where OTEL_SDK_DISABLED is true."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return ()
    return tuple(
        signal
        for signal in SIGNALS
        if signal_endpoint(signal, environment) and "otlp" in _exporters(signal, environment)
    )


def signal_endpoint(signal: Signal, environment: Mapping[str, str]) -> str:
    """The address that is set for a signal, or for all; "" where none is."""
    own = environment.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT", "")
    return own.strip() or environment.get(ENDPOINT, "").strip()


def signal_protocol(signal: Signal, environment: Mapping[str, str]) -> str:
    """The protocol that is asked for; OTLP over HTTP, with protobuf, by default."""
    own = environment.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL", "")
    every = environment.get("OTEL_EXPORTER_OTLP_PROTOCOL", "")
    return own.strip() or every.strip() or PROTOCOL


def _exporters(signal: Signal, environment: Mapping[str, str]) -> set[str]:
    names = environment.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip() or "otlp"
    return {name.strip() for name in names.split(",")}
