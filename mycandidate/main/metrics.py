"""Measurements as log lines in CloudWatch's embedded metric format, which it makes metrics of.

Off unless METRICS_NAMESPACE is set. Every combination of dimensions is a metric that is paid for,
so each dimension has few values, whatever visitors send: routes and not paths, provinces and not
wards, classes of devices and not user agents. Nothing here says who asked, or for which ward.
"""

import re
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, has_request_context, request

from main import logs
from main.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
        AmazonCloudWatchEMFProvider,
    )

    from main.candidates import WardCandidates

COUNT = "Count"
SECONDS = "Seconds"
# As a load balancer of AWS names them: whoever reads both need not tell them apart.
REQUESTS = "RequestCount"
ERRORS = "HTTPCode_Target_5XX_Count"
LATENCY = "TargetResponseTime"
PROVINCES = frozenset(
    ("Eastern Cape", "Free State", "Gauteng", "KwaZulu-Natal", "Limpopo", "Mpumalanga",
     "North West", "Northern Cape", "Western Cape")
)  # fmt: skip
DEVICES = ("bot", "tablet", "mobile", "desktop", "unknown")
SOURCES = ("search", "site", "elsewhere", "direct")
_LONGEST = 255  # of a dimension's value
_QUIET = "health"
_RESULTS = "/wards"
_NOT_PAGES = ("pages.styles",)
_BOT = re.compile(r"bot|crawl|spider|slurp|preview|curl|wget|python|java/|http.?client", re.I)
_TABLET = re.compile(r"ipad|tablet|kindle|silk|android(?!.*mobi)", re.I)
_MOBILE = re.compile(r"mobi|iphone|ipod|opera mini", re.I)

Measured = Mapping[str, tuple[str, float]]  # name → unit and value


class Meter:
    """Writes measurements of one release into one namespace."""

    def __init__(
        self, provider: "type[AmazonCloudWatchEMFProvider]", namespace: str, release: str
    ) -> None:
        self._provider = provider
        self._namespace = namespace
        self._threads = threading.local()
        self.release = release[:_LONGEST]

    def note(self, measured: Measured, *dimensions: dict[str, str]) -> None:
        """Each metric under each set of dimensions, of which there is at least one.

        Within a request all of it is written at its end, as one line: lines cost more than figures.
        """
        first, *others = dimensions
        provider = self._mine()
        provider.dimension_set.update(first)
        for more in others:
            provider.add_dimensions(**more)
        for name, (unit, value) in measured.items():
            provider.add_metric(name, unit, value)
        document = dict(provider.serialize_metric_set())
        provider.clear_metrics()
        if not has_request_context():
            logs.measured(document)
        elif "measured" in g:
            _add(g.measured, document)
        else:
            g.measured = document

    def _mine(self) -> "AmazonCloudWatchEMFProvider":
        """This thread's own: a provider gathers what it is given until it is cleared."""
        found: AmazonCloudWatchEMFProvider | None = getattr(self._threads, "provider", None)
        if found is None:
            found = self._threads.provider = self._provider(namespace=self._namespace)
        return found

    def write(self) -> None:
        """Write what the request has noted."""
        logs.measured(g.pop("measured"))


def _add(to: dict[str, Any], document: dict[str, Any]) -> None:
    """Documents become one: the format has room for several sets of metrics.

    No metric is noted twice in a request, and no dimension with two values.
    """
    to["_aws"]["CloudWatchMetrics"] += document.pop("_aws")["CloudWatchMetrics"]
    to.update(document)


def register(app: Flask, settings: Settings) -> None:
    """Measure requests, if there is a namespace for it. Otherwise nothing is even imported."""
    if not settings.metrics_namespace:
        return
    from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
        AmazonCloudWatchEMFProvider,
    )

    app.extensions["meter"] = Meter(
        AmazonCloudWatchEMFProvider, settings.metrics_namespace, settings.release
    )
    app.after_request(_measure)


def looked_up(standing: "WardCandidates | None") -> None:
    """Somebody asked who stands in a ward; None: there is no such ward."""
    meter = _meter()
    if meter is None:
        return
    if standing is None:
        meter.note({"WardLookups": (COUNT, 1)}, {"Province": "none", "Outcome": "no such ward"})
        return
    shown = sum(
        len(ballot.candidates) for election in standing.elections for ballot in election.ballots
    )
    province = standing.ward.province if standing.ward.province in PROVINCES else "other"
    outcome = "candidates" if shown else "nobody stands"
    meter.note({"WardLookups": (COUNT, 1)}, {"Province": province, "Outcome": outcome})
    if shown:
        meter.note({"CandidatesShown": (COUNT, shown)}, {"Province": province})


def viewed_ward() -> None:
    """A ward's page was read: how did they come to it? Search to result is what the site is for."""
    meter = _meter()
    if meter is not None:
        meter.note({"WardViews": (COUNT, 1)}, {"Source": _source()})


def searched(total: int) -> None:
    """Somebody searched, and that many wards match."""
    meter = _meter()
    if meter is not None:
        meter.note({"Searches": (COUNT, 1)}, {"Result": "found" if total else "nothing"})


def imported(outcome: str, added: int = 0, changed: int = 0) -> None:
    """An import ended: "done", "refused" (bad rows) or "failed" (no usable file)."""
    meter = _meter()
    if meter is not None:
        rows: Measured = {"RowsAdded": (COUNT, added), "RowsChanged": (COUNT, changed)}
        meter.note({"Imports": (COUNT, 1), **rows}, {"Outcome": outcome})


def device(user_agent: str) -> str:
    """The class of a device: one of DEVICES."""
    if not user_agent:
        return "unknown"
    for name, pattern in (("bot", _BOT), ("tablet", _TABLET), ("mobile", _MOBILE)):
        if pattern.search(user_agent):
            return name
    return "desktop"


def _meter() -> Meter | None:
    found: Meter | None = current_app.extensions.get("meter")
    return found


def _measure(response: Response) -> Response:
    route = request.endpoint or "none"
    if route.partition(".")[0] == _QUIET:
        return response
    meter: Meter = current_app.extensions["meter"]
    measured: Measured = {
        REQUESTS: (COUNT, 1),
        ERRORS: (COUNT, int(response.status_code >= 500)),
        LATENCY: (SECONDS, _seconds()),
    }
    by_release = {"Release": meter.release}
    meter.note(measured, by_release, {**by_release, "Route": route})
    if _is_page(route, response):
        agent = request.headers.get("User-Agent", "")
        meter.note({"PageViews": (COUNT, 1)}, {"Device": device(agent)})
    meter.write()
    return response


def _is_page(route: str, response: Response) -> bool:
    return (
        route.startswith("pages.") and route not in _NOT_PAGES and response.status_code < 400
    )  # fmt: skip


def _seconds() -> float:
    now = time.perf_counter()
    started: float = g.get("started", now)
    return round(now - started, 5)


def _source() -> str:
    """Where the visitor comes from, as far as one's own site goes."""
    said = request.headers.get("Referer", "")
    if not said:
        return "direct"
    try:
        came_from = urlsplit(said)
    except ValueError:  # a browser sends addresses; others send what they like
        return "elsewhere"
    if came_from.netloc != request.host:
        return "elsewhere"
    return "search" if came_from.path == _RESULTS else "site"
