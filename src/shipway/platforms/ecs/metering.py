"""What CloudWatch counted of each release, minute by minute.

A load balancer's metrics come once a minute, some time after it, and not at all for a minute
without requests. TC(:x), CloudWatch's trimmed count, is how many of a minute's response times were
at most x seconds: so a histogram comes with every edge that the judge wants. CloudWatch may round
response times before it counts; it rounds both releases' alike, so that they can be compared all
the same (docs/ecs.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from math import floor, inf
from typing import Any

from shipway.core.judge import EDGES, Counts
from shipway.core.ports import Clock
from shipway.core.sampling import Sample, added, packed, shown, summary, unpacked
from shipway.platforms.ecs.balancer import Source
from shipway.platforms.ecs.calls import Calls

PERIOD = 60  # seconds: the finest that a load balancer tells
SETTLED = 120.0  # seconds after a minute's end until what is missing counts as no request
LEARNED = 10  # minutes before the rollout, of which the judge learns what is usual
SLOWEST = 10_000.0  # milliseconds: slower is all the same, and an edge costs money
_EDGES = tuple(edge for edge in EDGES if edge <= SLOWEST)
_ERRORS = ("HTTPCode_Target_5XX_Count", "TargetConnectionErrorCount")


class Meter:
    """sources, names: release's key → where its metrics are, and what it is called."""

    def __init__(
        self, calls: Calls, clock: Clock, sources: Mapping[str, Source], names: Mapping[str, str]
    ) -> None:
        self._calls = calls
        self._clock = clock
        self._sources = sources
        self._names = names
        self._next = _minute(clock.now()) - LEARNED * PERIOD
        self._began = clock.now()
        self._totals: dict[str, Counts] = {}
        self.samples: list[dict[str, Any]] = []

    @property
    def upto(self) -> float:
        """Until when everything was counted: seconds since the epoch."""
        return self._next

    def read(self, own: Callable[[str, float], bool]) -> Iterator[Sample]:
        """The minutes that are complete and were not read yet, in order of time.

        own: whether what was counted of a key in the minute until a time is to count.
        """
        end = _minute(self._clock.now() - SETTLED)
        if end <= self._next or not self._sources:
            return
        minutes = [self._next + PERIOD * n for n in range(int(end - self._next) // PERIOD)]
        found = {
            key: self._counts(source, minutes[0], end) for key, source in self._sources.items()
        }
        for minute in minutes:
            self._next = minute + PERIOD
            counts = {
                key: by.get(minute, Counts()) if own(key, self._next) else Counts()
                for key, by in found.items()
            }
            yield self._sample(self._next, counts)

    def _sample(self, at: float, counts: Mapping[str, Counts]) -> Sample:
        """Of a minute; those before the rollout are no part of its figures."""
        if at > self._began:
            for key, one in counts.items():
                self._totals[key] = added(self._totals.get(key, Counts()), one)
            releases = {self._names[key]: shown(one) for key, one in counts.items()}
            self.samples.append({"at": at, "weight": 0.0, "releases": releases})
        return Sample(at, float(PERIOD), counts)

    def got(self, key: str) -> int:
        """Requests of a release during the rollout."""
        return self._totals.get(key, Counts()).requests

    def totals(self) -> dict[str, dict[str, float]]:
        """Release → requests, failed, p50, p95, p99: of the whole rollout."""
        return {self._names[key]: summary(one) for key, one in self._totals.items()}

    def to_dict(self) -> dict[str, Any]:
        """For the record."""
        totals = {key: packed(one) for key, one in self._totals.items()}
        return {
            "next": self._next, "began": self._began, "samples": self.samples, "totals": totals,
        }  # fmt: skip

    def load(self, data: Mapping[str, Any]) -> None:
        """What `to_dict` gave."""
        self._next, self._began = data["next"], data["began"]
        self.samples = list(data["samples"])
        self._totals = {key: unpacked(one) for key, one in data["totals"].items()}

    def _counts(self, source: Source, start: float, end: float) -> dict[float, Counts]:
        """Minute → counts; a minute without data is missing."""
        found: dict[str, dict[float, float]] = {}
        token: dict[str, str] = {}
        while True:
            answer = self._calls(
                "cloudwatch", "get_metric_data", MetricDataQueries=_queries(source),
                StartTime=_time(start), EndTime=_time(end), ScanBy="TimestampAscending", **token,
            )  # fmt: skip
            for one in answer.get("MetricDataResults", []):
                moments = (moment.timestamp() for moment in one.get("Timestamps", []))
                values = zip(moments, one.get("Values", []), strict=False)
                found.setdefault(one["Id"], {}).update(values)
            if not answer.get("NextToken"):
                break
            token = {"NextToken": answer["NextToken"]}
        minutes = set().union(*found.values()) if found else set()
        return {
            minute: _one({name: by[minute] for name, by in found.items() if minute in by})
            for minute in minutes
        }


def _one(values: Mapping[str, float]) -> Counts:
    """One minute's; without a histogram where CloudWatch gave none."""
    answered = round(values.get("answered", 0))
    errors = sum(round(values.get(f"error{number}", 0)) for number in range(len(_ERRORS)))
    buckets = {}
    if answered and any(f"le{number}" in values for number in range(len(_EDGES))):
        for number, edge in enumerate(_EDGES):
            buckets[edge] = min(answered, round(values.get(f"le{number}", 0)))
        buckets[inf] = answered
    return Counts(round(values.get("requests", 0)), errors, buckets)


def _queries(source: Source) -> list[dict[str, Any]]:
    """What is asked of one release. Names begin with a small letter (M)."""
    asked = [("requests", "RequestCount", "Sum"), ("answered", "TargetResponseTime", "SampleCount")]
    asked += [(f"error{number}", name, "Sum") for number, name in enumerate(_ERRORS)]
    asked += [
        (f"le{number}", "TargetResponseTime", f"TC(:{edge / 1000:g})")
        for number, edge in enumerate(_EDGES)
    ]
    dimensions = [{"Name": name, "Value": value} for name, value in source.dimensions]
    return [
        {
            "Id": identity,
            "MetricStat": {
                "Metric": {"Namespace": source.namespace, "MetricName": name,
                           "Dimensions": dimensions},
                "Period": PERIOD, "Stat": statistic,
            },
        }
        for identity, name, statistic in asked
    ]  # fmt: skip


def _minute(at: float) -> float:
    return floor(at / PERIOD) * float(PERIOD)


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
