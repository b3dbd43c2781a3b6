"""Metrics as log lines in CloudWatch's embedded metric format (EMF).

They are off unless METRICS_NAMESPACE is set. CloudWatch charges for every combination of dimension
values, so each dimension has few values, whatever visitors send: routes instead of paths, provinces
instead of wards, device classes instead of user agents. Metrics never say who sent a request, or
for which ward.
"""

import re
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, has_request_context, request

from main import languages, logs
from main.places import PROVINCES
from main.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
        AmazonCloudWatchEMFProvider,
    )
    from aws_lambda_powertools.metrics.provider.cloudwatch_emf.types import CloudWatchEMFOutput

    from main.candidates import WardCandidates

COUNT = "Count"
SECONDS = "Seconds"
# The names that an Application Load Balancer uses for the same metrics.
REQUESTS = "RequestCount"
ERRORS = "HTTPCode_Target_5XX_Count"
LATENCY = "TargetResponseTime"
DEVICES = ("bot", "tablet", "mobile", "desktop", "unknown")
SOURCES = ("search", "site", "elsewhere", "direct")
_MAX_DIMENSION_LENGTH = 255
_HEALTH_BLUEPRINT = "health"
_RESULTS_PATH = "/wards"
_STYLESHEET_ROUTE = "pages.styles"
_BOT = re.compile(r"bot|crawl|spider|slurp|preview|curl|wget|python|java/|http.?client", re.I)
_TABLET = re.compile(r"ipad|tablet|kindle|silk|android(?!.*mobi)", re.I)
_MOBILE = re.compile(r"mobi|iphone|ipod|opera mini", re.I)

Measurements = Mapping[str, tuple[str, float]]  # metric name → unit and value


class Meter:
    """Records the metrics of one release in one namespace."""

    def __init__(
        self, provider: "type[AmazonCloudWatchEMFProvider]", *, namespace: str, release: str
    ) -> None:
        self._provider = provider
        self._namespace = namespace
        self._threads = threading.local()
        self.release = release[:_MAX_DIMENSION_LENGTH]

    def record(self, measurements: Measurements, *dimension_sets: dict[str, str]) -> None:
        """Record the metrics under each of the dimension sets, of which there is at least one.

        The metrics of a request are collected, and flushed as one line at its end: CloudWatch Logs
        costs more per line than per metric.
        """
        first, *others = dimension_sets
        provider = self._thread_provider()
        provider.dimension_set.update(first)
        for dimensions in others:
            provider.add_dimensions(**dimensions)
        for name, (unit, value) in measurements.items():
            provider.add_metric(name, unit, value)
        document = provider.serialize_metric_set()
        provider.clear_metrics()
        if not has_request_context():
            logs.log_metrics(document)
        elif "metrics_document" in g:
            _merge_into(g.metrics_document, document)
        else:
            g.metrics_document = document

    def _thread_provider(self) -> "AmazonCloudWatchEMFProvider":
        """The provider of this thread: a provider holds metrics until it is cleared."""
        provider: AmazonCloudWatchEMFProvider | None = getattr(self._threads, "provider", None)
        if provider is None:
            provider = self._threads.provider = self._provider(namespace=self._namespace)
        return provider

    def flush(self) -> None:
        """Write the metrics of the current request."""
        logs.log_metrics(g.pop("metrics_document"))


def _merge_into(target: "CloudWatchEMFOutput", document: "CloudWatchEMFOutput") -> None:
    """Add a document to another: the format allows several sets of metrics in one document.

    Within a request no metric is recorded twice, and no dimension has two values.
    """
    metadata = target["_aws"]
    metadata["CloudWatchMetrics"] += document["_aws"]["CloudWatchMetrics"]
    target.update(document)
    target["_aws"] = metadata


def init_app(app: Flask, settings: Settings) -> None:
    """Record the metrics of every request of `app`, if the settings have a namespace for them."""
    if not settings.metrics_namespace:
        return
    # Imported only if it is needed, because the import is slow.
    from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
        AmazonCloudWatchEMFProvider,
    )

    app.extensions["meter"] = Meter(
        AmazonCloudWatchEMFProvider,
        namespace=settings.metrics_namespace,
        release=settings.release,
    )
    app.after_request(_record_request)


def looked_up(ward_candidates: "WardCandidates | None") -> None:
    """Record a look-up of a ward's candidates; None if there is no such ward."""
    meter = _meter()
    if meter is None:
        return
    if ward_candidates is None:
        meter.record({"WardLookups": (COUNT, 1)}, {"Province": "none", "Outcome": "no such ward"})
        return
    candidate_count = sum(
        len(ballot.candidates)
        for election in ward_candidates.elections
        for ballot in election.ballots
    )
    province = ward_candidates.ward.province
    if province not in PROVINCES:
        province = "other"
    outcome = "candidates" if candidate_count else "nobody stands"
    meter.record({"WardLookups": (COUNT, 1)}, {"Province": province, "Outcome": outcome})
    if candidate_count:
        meter.record({"CandidatesShown": (COUNT, candidate_count)}, {"Province": province})


def viewed_ward() -> None:
    """Record a view of a ward's page, by the source of the visit."""
    meter = _meter()
    if meter is not None:
        meter.record({"WardViews": (COUNT, 1)}, {"Source": _visit_source()})


def searched(total: int) -> None:
    """Record a search that `total` wards match."""
    meter = _meter()
    if meter is not None:
        meter.record({"Searches": (COUNT, 1)}, {"Result": "found" if total else "nothing"})


def imported(outcome: str, *, added: int = 0, changed: int = 0) -> None:
    """Record an import: "done", "refused" (invalid rows) or "failed" (invalid file)."""
    meter = _meter()
    if meter is not None:
        measurements: Measurements = {
            "Imports": (COUNT, 1),
            "RowsAdded": (COUNT, added),
            "RowsChanged": (COUNT, changed),
        }
        meter.record(measurements, {"Outcome": outcome})


def device_class(user_agent: str) -> str:
    """The class of the device, one of DEVICES."""
    if not user_agent:
        return "unknown"
    for name, pattern in (("bot", _BOT), ("tablet", _TABLET), ("mobile", _MOBILE)):
        if pattern.search(user_agent):
            return name
    return "desktop"


def _meter() -> Meter | None:
    meter: Meter | None = current_app.extensions.get("meter")
    return meter


def _record_request(response: Response) -> Response:
    route = request.endpoint or "none"
    if route.partition(".")[0] == _HEALTH_BLUEPRINT:
        return response
    meter: Meter = current_app.extensions["meter"]
    measurements: Measurements = {
        REQUESTS: (COUNT, 1),
        ERRORS: (COUNT, int(response.status_code >= 500)),
        LATENCY: (SECONDS, _seconds_since_start()),
    }
    meter.record(
        measurements,
        {"Release": meter.release},
        {"Release": meter.release, "Route": route},
    )
    if _is_page_view(route, response):
        device = device_class(request.headers.get("User-Agent", ""))
        meter.record({"PageViews": (COUNT, 1)}, {"Device": device})
    meter.flush()
    return response


def _is_page_view(route: str, response: Response) -> bool:
    is_page = route.startswith("pages.") and route != _STYLESHEET_ROUTE
    # A redirect, to the visitor's language, is not yet a view.
    return is_page and (response.status_code < 300 or response.status_code == 304)


def _seconds_since_start() -> float:
    now = time.perf_counter()
    started: float = g.get("started", now)
    return round(now - started, 5)


def _visit_source() -> str:
    """Where the visitor comes from, one of SOURCES."""
    referer = request.headers.get("Referer", "")
    if not referer:
        return "direct"
    try:
        url = urlsplit(referer)
    except ValueError:  # a client can send anything
        return "elsewhere"
    if url.netloc != request.host:
        return "elsewhere"
    return "search" if languages.unlocalized(url.path) == _RESULTS_PATH else "site"
