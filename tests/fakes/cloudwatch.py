"""CloudWatch for tests: what a load balancer would have counted of a FakeEcs's traffic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import erf, log, sqrt
from typing import Any

from tests.fakes.aws_shapes import Operation
from tests.fakes.ecs_deployment import fake_time
from tests.fakes.ecs_service import FakeService

LATE = 60.0  # seconds after a minute's end until its figures are there
_TARGET_ANSWERS = "HTTPCode_Target_2XX_Count"
_SPREAD = 0.6  # of the lognormal response times


@dataclass
class Traffic:
    """rate: requests a second, of all. errors: release → share that fails. median: release →
    milliseconds; 80 where it is not named. lost: release → share that its tasks never answer, and
    the load balancer does (502, 504). late: metric → seconds that it comes later than the others.
    holes: seconds since the epoch of minutes whose figures come so many seconds later."""

    rate: float = 50.0
    errors: dict[str, float] = field(default_factory=dict)
    median: dict[str, float] = field(default_factory=dict)
    lost: dict[str, float] = field(default_factory=dict)
    late: dict[str, float] = field(default_factory=dict)
    holes: dict[float, float] = field(default_factory=dict)


class FakeCloudWatch:
    """Serves what Shipway asks: counts and trimmed counts a minute, alarms that fire."""

    def __init__(self, ecs: FakeService) -> None:
        self._ecs = ecs
        self.traffic = Traffic()
        self._shares: dict[float, dict[str, float]] = {}

    def operations(self) -> Mapping[str, Operation]:
        """boto3's name of an operation → what carries it out."""
        return {"get_metric_data": self.get_metric_data, "describe_alarms": self.describe_alarms}

    def get_metric_data(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """At most 500 queries (M); a minute without requests has no figures (user guide of
        Elastic Load Balancing: reported only while requests flow)."""
        if len(parameters["MetricDataQueries"]) > 500:
            raise AssertionError("more than 500 queries in one GetMetricData")
        start, end = parameters["StartTime"], parameters["EndTime"]
        return {
            "MetricDataResults": [
                self._result(query, start, end) for query in parameters["MetricDataQueries"]
            ]
        }

    def describe_alarms(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Those that are in the state that is asked for."""
        firing = set(self._ecs.scenario.firing) & set(parameters.get("AlarmNames", []))
        matches = parameters.get("StateValue", "ALARM") == "ALARM"
        return {
            "MetricAlarms": [
                {"AlarmName": name, "StateValue": "ALARM"} for name in sorted(firing) if matches
            ]
        }

    def _result(self, query: Mapping[str, Any], start: datetime, end: datetime) -> dict[str, Any]:
        metric_stat = query["MetricStat"]
        points: dict[datetime, float] = {}
        minute = start.timestamp()
        while minute + 60.0 <= end.timestamp():
            if minute + 60.0 + self._delay(metric_stat, minute) <= self._ecs.clock.now():
                value = self._value(metric_stat, minute)
                if value is not None:
                    points[fake_time(minute)] = value
            minute += 60.0
        return {
            "Id": query["Id"],
            "Timestamps": list(points),
            "Values": list(points.values()),
            "StatusCode": "Complete",
        }

    def _delay(self, metric_stat: Mapping[str, Any], minute: float) -> float:
        # rule cloudwatch-late: DOC Amazon CloudWatch user guide, "Metrics concepts"; metrics of one
        # minute arrive one by one (assumed)
        more = self.traffic.late.get(metric_stat["Metric"]["MetricName"], 0.0)
        return LATE + more + self.traffic.holes.get(minute, 0.0)

    def _value(self, metric_stat: Mapping[str, Any], minute: float) -> float | None:
        dimensions = {
            dimension["Name"]: dimension["Value"]
            for dimension in metric_stat["Metric"]["Dimensions"]
        }
        total = failed = lost = 0
        below = 0.0
        for revision, share in self._in_minute(minute).items():
            if not self._meant(revision, dimensions):
                continue
            release = self._ecs.release_of(revision)
            requests = round(self.traffic.rate * 60.0 * share)
            total += requests
            failed += round(requests * self.traffic.errors.get(release, 0.0))
            unanswered = round(requests * self.traffic.lost.get(release, 0.0))
            lost += unanswered
            below += (requests - unanswered) * self._at_most(metric_stat["Stat"], release)
        if not total:
            # rule cloudwatch-no-zero: DOC Elastic Load Balancing user guide, "CloudWatch metrics
            # for your Application Load Balancer": without requests, a metric is not reported
            return None
        name = metric_stat["Metric"]["MetricName"]
        if name == "TargetResponseTime" and metric_stat["Stat"].startswith("TC("):
            return float(round(below))
        # rule alb-own-answers: DOC Elastic Load Balancing user guide, same page: RequestCount has
        # a request for which a target was chosen; HTTPCode_Target_* what targets answered, not
        # what the load balancer did; HTTPCode_ELB_* knows no target group
        figures = {
            "RequestCount": total,
            "HTTPCode_Target_5XX_Count": failed,
            _TARGET_ANSWERS: total - failed - lost,
            "TargetResponseTime": total - lost,
        }
        value = figures.get(name)
        return float(value) if value else None

    def _meant(self, revision: str, dimensions: Mapping[str, str]) -> bool:
        if "Release" in dimensions:
            return self._ecs.release_of(revision) == dimensions["Release"]
        group = self._ecs.revisions[revision]["group"]
        return group.endswith(dimensions["TargetGroup"])

    def _in_minute(self, minute: float) -> dict[str, float]:
        """Revision → its part of a minute's requests. A minute that is over stays as it was."""
        if minute not in self._shares:
            parts: dict[str, float] = {}
            for second in range(60):
                for revision, weight in self._ecs.weights(minute + second).items():
                    parts[revision] = parts.get(revision, 0.0) + weight / 6000.0
            self._shares[minute] = parts
        return self._shares[minute]

    def _at_most(self, statistic: str, release: str) -> float:
        """The share of a release's response times that TC(:seconds) counts."""
        if not statistic.startswith("TC(:"):
            return 0.0
        edge = 1000.0 * float(statistic[4:-1])
        median = self.traffic.median.get(release, 80.0)
        return 0.5 * (1.0 + erf(log(edge / median) / (_SPREAD * sqrt(2.0))))
