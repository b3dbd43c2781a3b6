"""A collector: takes OTLP over HTTP, decodes it, and keeps what it got."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, NumberDataPoint
from opentelemetry.proto.trace.v1.trace_pb2 import Span

Value = str | bool | int | float


@dataclass
class Collector:
    """Where it is, and what it got.

    status, delay: what it answers, and after how many seconds. headers: of each request, names in
    lower case. resources: of each request, by its path.
    """

    url: str
    status: int = 200
    delay: float = 0.0
    headers: list[dict[str, str]] = field(default_factory=list)
    resources: dict[str, dict[str, Value]] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    metrics: dict[str, Metric] = field(default_factory=dict)
    ending: threading.Event = field(default_factory=threading.Event)

    def span(self, name: str) -> Span:
        """The one of this name."""
        (span,) = [span for span in self.spans if span.name == name]
        return span

    def points(self, name: str) -> list[tuple[dict[str, Value], float]]:
        """A metric's points: attributes and value; of a histogram the sum."""
        metric = self.metrics[name]
        if metric.HasField("histogram"):
            return [(values(p.attributes), p.sum) for p in metric.histogram.data_points]
        data = metric.sum if metric.HasField("sum") else metric.gauge
        return [(values(p.attributes), _number(p)) for p in data.data_points]


def values(attributes: Iterable[KeyValue]) -> dict[str, Value]:
    """Attributes as plain values."""
    return {entry.key: _value(entry) for entry in attributes}


def _value(entry: KeyValue) -> Value:
    kind = entry.value.WhichOneof("value")
    assert kind is not None
    value: Value = getattr(entry.value, kind)
    return value


def _number(point: NumberDataPoint) -> float:
    return float(point.as_int if point.HasField("as_int") else point.as_double)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    collector: Collector

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever posted may be gone."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        collector = self.server.collector
        body = self.rfile.read(int(self.headers["content-length"]))
        names = {name.lower(): value for name, value in self.headers.items()}
        collector.headers.append(names)
        collector.ending.wait(collector.delay)
        if collector.status == 200:
            self._take(gzip.decompress(body) if names.get("content-encoding") == "gzip" else body)
        self.send_response(collector.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def _take(self, body: bytes) -> None:
        collector = self.server.collector
        assert self.headers["content-type"] == "application/x-protobuf"
        if self.path == "/v1/traces":
            for traced in ExportTraceServiceRequest.FromString(body).resource_spans:
                collector.resources[self.path] = values(traced.resource.attributes)
                for scope in traced.scope_spans:
                    collector.spans += scope.spans
        else:
            assert self.path == "/v1/metrics"
            for measured in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                collector.resources[self.path] = values(measured.resource.attributes)
                for scope_metrics in measured.scope_metrics:
                    collector.metrics |= {metric.name: metric for metric in scope_metrics.metrics}

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def collecting(status: int = 200, delay: float = 0.0) -> Iterator[Collector]:
    """A collector that listens."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.collector = Collector(f"http://127.0.0.1:{server.server_address[1]}", status, delay)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.collector
        finally:
            server.collector.ending.set()
            server.shutdown()
            thread.join()
