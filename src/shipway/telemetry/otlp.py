"""Sends spans and measurements to a collector over OTLP/HTTP, with OpenTelemetry's own SDK.

The SDK and its exporter are the extra `otel`: importing this module raises ImportError without
them. Everything about the collector comes from OpenTelemetry's variables, which the SDK reads
itself: endpoints, headers, certificates, compression, sampler, limits, resource attributes. Only
time is bounded here: a collector that is dead or slow must not hold a command up.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.propagators.textmap import Getter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, set_span_in_context

from shipway import __version__
from shipway.system.http import public_part
from shipway.system.retry import call_within
from shipway.telemetry.batch import TelemetryBatch
from shipway.telemetry.measurements import DURATION_BOUNDARIES, Instrument
from shipway.telemetry.resource import LONGEST_VALUE, Attributes
from shipway.telemetry.settings import Signal, signal_endpoint
from shipway.telemetry.spans import Span

LIMIT = 2.0  # seconds that sending may take, both signals together
_SCOPE = "shipway"
_BATCH = 512  # spans in one request, as OTEL_BSP_MAX_EXPORT_BATCH_SIZE has it
Redact = Callable[[str], str]


def send_batch(
    batch: TelemetryBatch,
    signals: Iterable[Signal],
    environment: Mapping[str, str],
    redact: Redact,
    limit: float = LIMIT,
) -> list[str]:
    """Send it and say what did not arrive, each problem once.

    environment: the variables that have TRACEPARENT and the endpoints; the SDK reads its own from
    the process. redact: takes the secrets out of every text. limit: seconds, for both signals
    together, which are sent at the same time. Never raises.
    """
    _silence_sdk()
    work: dict[Signal, Callable[[_Collector], None]] = {
        "traces": lambda collector: _send_spans(batch, environment, redact, collector),
        "metrics": lambda collector: _send_measurements(batch, redact, collector),
    }
    collectors = {signal: _Collector(limit) for signal in signals}
    with ThreadPoolExecutor(max_workers=len(work)) as sending:
        sent = {
            signal: sending.submit(_call_in_time, work[signal], collector)
            for signal, collector in collectors.items()
        }
        outcomes = {signal: future.exception() for signal, future in sent.items()}
    problems: dict[tuple[str, str], list[Signal]] = {}
    for signal, error in outcomes.items():
        if problem := collectors[signal].problem(error):
            where = public_part(signal_endpoint(signal, environment))
            problems.setdefault((where, problem), []).append(signal)
    return [
        f"{' and '.join(affected)} did not reach {where}: {problem}"
        for (where, problem), affected in problems.items()
    ]


def _silence_sdk() -> None:
    """It logs each attempt, with the collector's address as it is; here all is said once."""
    logger = logging.getLogger("opentelemetry")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


class _Collector:
    """The other side of one signal: the session that asks it, and what it answered.

    patience: seconds that the exporter may take, with all its attempts.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.patience = 0.9 * limit
        self.asked = False
        self.statuses: list[int] = []
        self.session = requests.Session()
        self.session.hooks["response"].append(self._note)

    def problem(self, error: BaseException | None) -> str:
        """Why it did not take what it was sent; "" where it did. No text of the exporter's: it may
        have what is secret in an address."""
        silent = error is None and self.asked and not self.statuses
        if silent or isinstance(error, TimeoutError):
            return f"no answer within {self.limit:g} s"
        if error is not None:
            return f"OpenTelemetry failed ({type(error).__name__}); see its variables, OTEL_…"
        return "" if self.content else f"it answered {self.statuses[-1]}"

    @property
    def content(self) -> bool:
        """Whether it took what it was sent last."""
        return not self.asked or (bool(self.statuses) and 200 <= self.statuses[-1] < 300)

    def _note(self, response: requests.Response, *_: object, **__: object) -> None:
        self.statuses.append(response.status_code)


def _call_in_time(work: Callable[[_Collector], None], collector: _Collector) -> None:
    call_within(collector.limit, lambda: work(collector))


def _send_spans(
    batch: TelemetryBatch, environment: Mapping[str, str], redact: Redact, collector: _Collector
) -> None:
    memory = InMemorySpanExporter()
    provider = TracerProvider(
        resource=_resource({**batch.resource, **batch.run}, redact),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer(_SCOPE, __version__)
    context = extract(environment, getter=_EnvironmentGetter())
    _record_span(tracer, batch.span, context, redact)
    exporter = OTLPSpanExporter(timeout=collector.patience, session=collector.session)
    finished = memory.get_finished_spans()  # none where the caller's trace is not sampled
    for start in range(0, len(finished), _BATCH):
        collector.asked = True
        exporter.export(finished[start : start + _BATCH])
        if not collector.content:
            return


def _record_span(tracer: Tracer, span: Span, context: Context, redact: Redact) -> None:
    recorded = tracer.start_span(
        redact(span.name),
        context=context,
        kind=SpanKind.SERVER if span.server else SpanKind.INTERNAL,
        attributes=_redacted(span.attributes, redact),
        start_time=_nanoseconds(span.start),
    )
    for event in span.events:
        recorded.add_event(event.name, _redacted(event.attributes, redact), _nanoseconds(event.at))
    if span.failed:
        description = redact(span.description)[:LONGEST_VALUE]
        recorded.set_status(Status(StatusCode.ERROR, description or None))
    below = set_span_in_context(recorded, context)
    for child in span.children:
        _record_span(tracer, child, below, redact)
    recorded.end(_nanoseconds(span.end))


def _send_measurements(batch: TelemetryBatch, redact: Redact, collector: _Collector) -> None:
    exporter = OTLPMetricExporter(timeout=collector.patience, session=collector.session)
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=math.inf)
    provider = MeterProvider(
        [reader], resource=_resource(batch.resource, redact), shutdown_on_exit=False
    )
    meter = provider.get_meter(_SCOPE, __version__)
    record: dict[Instrument, Callable[[float, Attributes], None]] = {}
    for measurement in batch.measurements:
        instrument = measurement.instrument
        if instrument not in record:
            named = (instrument.name, instrument.unit, instrument.description)
            if instrument.kind == "histogram":
                record[instrument] = meter.create_histogram(
                    *named, explicit_bucket_boundaries_advisory=DURATION_BOUNDARIES
                ).record
            elif instrument.kind == "gauge":
                record[instrument] = meter.create_gauge(*named).set
            else:
                record[instrument] = meter.create_counter(*named).add
        record[instrument](measurement.value, _redacted(measurement.attributes, redact))
    collector.asked = True
    provider.force_flush(int(collector.limit * 1000))


def _resource(attributes: Attributes, redact: Redact) -> Resource:
    """With what OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say, which count for more."""
    own = {"service.name": "shipway", "service.version": __version__}
    return Resource.create({**own, **_redacted(attributes, redact)}).merge(
        OTELResourceDetector().detect()
    )


def _redacted(attributes: Attributes, redact: Redact) -> Attributes:
    return {
        name: redact(value) if isinstance(value, str) else value
        for name, value in attributes.items()
    }


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)


class _EnvironmentGetter(Getter[Mapping[str, str]]):
    """Reads what a propagator asks for from variables: `traceparent` is TRACEPARENT.

    Source: OpenTelemetry's specification, "Environment Variables as Context Propagation Carriers".
    """

    def get(self, carrier: Mapping[str, str], key: str) -> list[str] | None:
        value = carrier.get(self._variable(key))
        return None if value is None else [value]

    def keys(self, carrier: Mapping[str, str]) -> list[str]:
        return list(carrier)

    @staticmethod
    def _variable(key: str) -> str:
        name = "".join(letter if letter.isalnum() else "_" for letter in key)
        return name.upper()
