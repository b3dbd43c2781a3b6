"""Measurements as log lines in CloudWatch's embedded metric format: CloudWatch makes metrics of them.

Off unless METRICS_NAMESPACE is set. Every combination of dimensions is a metric that is paid for,
so each dimension has few values, whatever visitors send: routes and not paths, provinces and not
wards, classes of devices and not user agents. Nothing here says who asked, or for which ward.
"""

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request

from main import logs
from main.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
        AmazonCloudWatchEMFProvider,
    )

    from main.candidates import WardCandidates

COUNT = "Count"
MILLISECONDS = "Milliseconds"
PROVINCES = frozenset(
    ("Eastern Cape", "Free State", "Gauteng", "KwaZulu-Natal", "Limpopo", "Mpumalanga",
     "North West", "Northern Cape", "Western Cape")
)  # fmt: skip
DEVICES = ("bot", "tablet", "mobile", "desktop", "unknown")
SOURCES = ("search", "site", "elsewhere", "direct")
_LONGEST = 255  # of a dimension's value
_QUIET = "health"
_NOT_PAGES = ("pages.styles",)
_BOT = re.compile(r"bot|crawl|spider|slurp|preview|curl|wget|python|java/|go-http|http.?client", re.I)
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
        self.release = release[:_LONGEST]

    def write(self, measured: Measured, *dimensions: dict[str, str]) -> None:
        """One line: each metric under each set of dimensions, of which there is at least one."""
        first, *others = dimensions
        # Made anew: a provider gathers what it is given, and threads would gather in one another's.
        provider = self._provider(namespace=self._namespace, dimension_set=dict(first))
        for more in others:
            provider.add_dimensions(**more)
        for name, (unit, value) in measured.items():
            provider.add_metric(name, unit, value)
        logs.measured(dict(provider.serialize_metric_set()))


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
        meter.write({"WardLookups": (COUNT, 1)}, {"Province": "none", "Outcome": "no such ward"})
        return
    shown = sum(
        len(ballot.candidates) for election in standing.elections for ballot in election.ballots
    )
    province = standing.ward.province if standing.ward.province in PROVINCES else "other"
    outcome = "candidates" if shown else "nobody stands"
    meter.write({"WardLookups": (COUNT, 1)}, {"Province": province, "Outcome": outcome})
    if shown:
        meter.write({"CandidatesShown": (COUNT, shown)}, {"Province": province})


def viewed_ward() -> None:
    """A ward's page was read: how did they come to it? Search to result is what the site is for."""
    meter = _meter()
    if meter is not None:
        meter.write({"WardViews": (COUNT, 1)}, {"Source": _source()})


def searched(total: int) -> None:
    """Somebody searched, and that many wards match."""
    meter = _meter()
    if meter is not None:
        meter.write({"Searches": (COUNT, 1)}, {"Outcome": "found" if total else "nothing"})


def imported(outcome: str, added: int = 0, changed: int = 0) -> None:
    """An import ended: "done", "refused" (bad rows) or "failed" (no usable file)."""
    meter = _meter()
    if meter is not None:
        rows: Measured = {"RowsAdded": (COUNT, added), "RowsChanged": (COUNT, changed)}
        meter.write({"Imports": (COUNT, 1), **rows}, {"Outcome": outcome})


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
    meter = _meter()
    if meter is not None:
        measured: Measured = {
            "Requests": (COUNT, 1),
            "Errors": (COUNT, int(response.status_code >= 500)),
            "Latency": (MILLISECONDS, _milliseconds()),
        }
        by_release = {"Release": meter.release}
        meter.write(measured, by_release, {**by_release, "Route": route})
        if _is_page(route, response):
            agent = request.headers.get("User-Agent", "")
            meter.write({"PageViews": (COUNT, 1)}, {"Device": device(agent)})
    return response


def _is_page(route: str, response: Response) -> bool:
    return (
        route.startswith("pages.") and route not in _NOT_PAGES and response.status_code < 400
    )  # fmt: skip


def _milliseconds() -> float:
    now = time.perf_counter()
    return round((now - g.get("started", now)) * 1000, 2)


def _source() -> str:
    """Where the visitor comes from, as far as one's own site goes."""
    came_from: Any = urlsplit(request.headers.get("Referer", ""))
    if not came_from.netloc:
        return "direct"
    if came_from.netloc != request.host:
        return "elsewhere"
    return "search" if came_from.path == "/wards" else "site"
