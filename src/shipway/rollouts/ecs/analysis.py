"""Counts what both releases get while a deployment goes on, and has it judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from math import floor, inf
from typing import TYPE_CHECKING

from shipway.aws.errors import AwsApiError
from shipway.config.schema import Environment
from shipway.ports import Clients, Clock
from shipway.rollouts.analysis.latency import EDGES
from shipway.rollouts.analysis.rollout_analysis import (
    RolloutAnalysis,
    TrafficSample,
    add_counts,
    counts_summary,
    sample_figures,
)
from shipway.rollouts.analysis.unanswered import (
    LEAST_PATIENCE,
    UnansweredRequests,
    with_overdue,
)
from shipway.rollouts.analysis.window import Decision, RequestCounts
from shipway.rollouts.ecs.deployment import Deployment
from shipway.rollouts.ecs.load_balancer import ALB, MetricSource
from shipway.rollouts.ecs.ports import EcsClients
from shipway.rollouts.ecs.state import CanaryState, MetricsState
from shipway.rollouts.events import RolloutListener
from shipway.rollouts.report import JudgementRow, ReleaseFigures, TrafficRow

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import (
        DimensionTypeDef,
        GetMetricDataInputTypeDef,
        MetricDataQueryTypeDef,
    )

# What CloudWatch counted of each release, minute by minute.
#
# A load balancer's metrics come once a minute, some time after it, and not at all for a minute
# without requests. TC(:x), CloudWatch's trimmed count, is how many of a minute's response times
# were at most x seconds: so a histogram comes with every edge that the judge wants. CloudWatch may
# round response times before it counts; it rounds both releases' alike, so that they can be
# compared all the same (docs/ecs.md).
#
# A request that no target answered (502, 504) is the load balancer's own answer, and no metric of a
# target group counts it. RequestCount does, as soon as a target is chosen (Elastic Load Balancing
# user guide): these were sent, those that a target answered, or to which none could be connected,
# are answered, and the judge makes errors of what is left.
#
# Figures come late, and not all at once: a minute counts when two readings of it agree.

PERIOD = 60  # seconds: the finest that a load balancer tells
EARLIEST = 60.0  # seconds after a minute's end until it is read first
AGAIN = 30.0  # seconds until unsettled minutes are read again
SETTLED = 120.0  # seconds after a minute's end until what is missing counts as no request
LATEST = 300.0  # seconds after which a minute counts as it is, whatever changes
LEARNED = 10  # minutes before the rollout, of which the judge learns what is usual
SLOWEST = 10_000.0  # milliseconds: slower is all the same, and an edge costs money
_EDGES = tuple(edge for edge in EDGES if edge <= SLOWEST)
_ERRORS = ("HTTPCode_Target_5XX_Count", "TargetConnectionErrorCount")
_ANSWERS = tuple(f"HTTPCode_Target_{kind}XX_Count" for kind in (2, 3, 4))  # and the errors' first

_Values = Mapping[str, float]  # one minute's, by the query's name


class CloudWatchMetrics:
    """sources, names: release's key → where its metrics are, and what it is called."""

    def __init__(
        self,
        calls: Clients,
        clock: Clock,
        sources: Mapping[str, MetricSource],
        names: Mapping[str, str],
    ) -> None:
        self._cloudwatch = calls.client("cloudwatch")
        self._clock = clock
        self._sources = sources
        self._names = names
        self._next = _minute(clock.now()) - LEARNED * PERIOD
        self._began = clock.now()
        self._asked = -inf
        self._unsettled: dict[float, Mapping[str, _Values]] = {}
        self._unanswered: dict[str, UnansweredRequests] = {}
        self._flowing: set[str] = set()
        self._totals: dict[str, RequestCounts] = {}
        self.samples: list[TrafficRow] = []

    @property
    def read_until(self) -> float:
        """Until when everything was counted: seconds since the epoch."""
        return self._next

    def read(
        self, own: Callable[[str, float], bool], expected: Callable[[str, float], bool]
    ) -> Iterator[TrafficSample]:
        """The minutes that are complete and were not read yet, in order of time.

        own: whether what was counted of a key in the minute until a time is to count. expected:
        whether requests of it should be there.
        """
        now = self._clock.now()
        end = _minute(now - EARLIEST)
        if end <= self._next or not self._sources or now - self._asked < AGAIN:
            return
        self._asked, before = now, self._unsettled
        minutes = [self._next + PERIOD * n for n in range(int(end - self._next) // PERIOD)]
        by_key = {
            key: self._values(source, minutes[0], end) for key, source in self._sources.items()
        }
        self._unsettled = {
            minute: {key: by.get(minute, {}) for key, by in by_key.items()} for minute in minutes
        }
        for minute in minutes:
            values = self._unsettled[minute]
            flowing = {key for key in self._flowing if expected(key, minute + PERIOD)}
            hole = any(not values[key] for key in flowing)
            if not self._settled(now - minute - PERIOD, values, before.get(minute), hole=hole):
                return
            self._next = minute + PERIOD
            self._flowing = {key for key, some in values.items() if some}
            counts = {key: self._counts(key, some) for key, some in values.items()}
            yield self._sample(
                self._next,
                {
                    key: count if own(key, self._next) else RequestCounts()
                    for key, count in counts.items()
                },
            )

    @staticmethod
    def _settled(
        age: float,
        values: Mapping[str, _Values],
        before: Mapping[str, _Values] | None,
        *,
        hole: bool,
    ) -> bool:
        """Whether a minute counts. age: seconds since its end. hole: whether a release that had
        requests the minute before, and still has a share, has none now: they are waited for."""
        return age >= LATEST or (age >= SETTLED and values == before and not hole)

    def _sample(self, at: float, counts: Mapping[str, RequestCounts]) -> TrafficSample:
        """Of a minute; those before the rollout are no part of its figures."""
        if at > self._began:
            settled = {key: self._with_lost(key, count) for key, count in counts.items()}
            for key, count in settled.items():
                self._totals[key] = add_counts(self._totals.get(key, RequestCounts()), count)
            releases = {self._names[key]: sample_figures(count) for key, count in settled.items()}
            self.samples.append({"at": at, "weight": 0.0, "releases": releases})
        return TrafficSample(at, float(PERIOD), counts)

    def _with_lost(self, key: str, counts: RequestCounts) -> RequestCounts:
        """For receipts: what no target answered has failed, a minute later at most."""
        before = self._unanswered.get(key, UnansweredRequests())
        after = before.after(counts, float(PERIOD), LEAST_PATIENCE)
        self._unanswered[key] = after
        return replace(with_overdue(counts, after.overdue - before.overdue), sent=None)

    def has_traffic(self, key: str) -> int:
        """Requests of a release during the rollout."""
        return self._totals.get(key, RequestCounts()).requests

    def totals(self) -> dict[str, ReleaseFigures]:
        """Release → requests, failed, p50, p95, p99: of the whole rollout."""
        return {self._names[key]: counts_summary(count) for key, count in self._totals.items()}

    def snapshot(self) -> MetricsState:
        """For the record."""
        return MetricsState(
            next=self._next,
            began=self._began,
            samples=tuple(self.samples),
            totals=dict(self._totals),
        )

    def restore(self, known: MetricsState) -> None:
        """What `snapshot` gave."""
        self._next, self._began = known.next, known.began
        self.samples = list(known.samples)
        self._totals = dict(known.totals)

    def _values(self, source: MetricSource, start: float, end: float) -> Mapping[float, _Values]:
        """Minute → its values; a minute without data is missing."""
        minutes: dict[float, dict[str, float]] = {}
        request: GetMetricDataInputTypeDef = {
            "MetricDataQueries": _queries(source),
            "StartTime": _time(start),
            "EndTime": _time(end),
            "ScanBy": "TimestampAscending",
        }
        while True:
            answer = self._cloudwatch.get_metric_data(**request)
            for result in answer.get("MetricDataResults", []):
                moments = (moment.timestamp() for moment in result.get("Timestamps", []))
                for moment, value in zip(moments, result.get("Values", []), strict=False):
                    minutes.setdefault(moment, {})[result["Id"]] = value
            if not answer.get("NextToken"):
                return minutes
            request["NextToken"] = answer["NextToken"]

    def _counts(self, key: str, values: _Values) -> RequestCounts:
        """One minute's; without a histogram where CloudWatch gave none."""
        requests, answered = (round(values.get(name, 0)) for name in ("requests", "answered"))
        failed = sum(round(values.get(f"error{number}", 0)) for number in range(len(_ERRORS)))
        sent = None
        if self._sources[key].namespace == ALB:
            answers = sum(round(values.get(f"answer{n}", 0)) for n in range(len(_ANSWERS)))
            sent, requests = requests, answers + failed
        buckets = {}
        if answered and any(f"le{number}" in values for number in range(len(_EDGES))):
            for number, edge in enumerate(_EDGES):
                buckets[edge] = min(answered, round(values.get(f"le{number}", 0)))
            buckets[inf] = answered
        return RequestCounts(requests, failed, buckets, sent=sent)


def _queries(source: MetricSource) -> list[MetricDataQueryTypeDef]:
    """What is asked of one release. Names begin with a small letter (M)."""
    metrics = [
        ("requests", "RequestCount", "Sum"),
        ("answered", "TargetResponseTime", "SampleCount"),
    ]
    metrics += [(f"error{number}", name, "Sum") for number, name in enumerate(_ERRORS)]
    if source.namespace == ALB:
        metrics += [(f"answer{number}", name, "Sum") for number, name in enumerate(_ANSWERS)]
    metrics += [
        (f"le{number}", "TargetResponseTime", f"TC(:{edge / 1000:g})")
        for number, edge in enumerate(_EDGES)
    ]
    dimensions: list[DimensionTypeDef] = [
        {"Name": name, "Value": value} for name, value in source.dimensions
    ]
    return [
        {
            "Id": identity,
            "MetricStat": {
                "Metric": {
                    "Namespace": source.namespace,
                    "MetricName": name,
                    "Dimensions": dimensions,
                },
                "Period": PERIOD,
                "Stat": statistic,
            },
        }
        for identity, name, statistic in metrics
    ]


def _minute(at: float) -> float:
    return floor(at / PERIOD) * float(PERIOD)


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


NEW, OLD, BOTH = "new", "old", "both"
TOGETHER = "both releases"
STALE = 3.0 * PERIOD  # one minute without a request is one empty figure: too few to hold for
_UNJUDGED = (
    "rolling puts both releases into one target group: circuit breaker and alarms guard it, "
    "nothing is judged"
)


class CanaryAnalysis:
    """release, before: names. Without sources (see `find`) nothing is counted."""

    def __init__(
        self,
        parts: EcsClients,
        settings: Environment,
        release: str,
        before: str,
        listener: RolloutListener,
    ) -> None:
        self._parts = parts
        self._settings = settings
        self._names = {NEW: release, OLD: before or "before", BOTH: TOGETHER}
        self._listener = listener
        judge = replace(settings.judge, stale=max(settings.judge.stale, STALE))
        self.judging = RolloutAnalysis(replace(settings, judge=judge), NEW, OLD)
        self.meter = CloudWatchMetrics(parts.calls, parts.clock, {}, self._names)
        self.judged = False
        self.promoted = False
        self._found = False
        self._loaded: MetricsState | None = None
        self._refused: set[str] = set()
        self._weights: list[tuple[float, float]] = []

    def poll(self, deployment: Deployment, weight: float) -> None:
        """Count what is new, and tell the judge. Without the right to read metrics nothing is
        judged: a person decides then. Raises AwsUnreachable."""
        now = self._parts.clock.now()
        if not self._weights or self._weights[-1][1] != weight:
            self._weights.append((now, weight))
        try:
            if not self._found:
                self._find(deployment)
            for sample in self.meter.read(self._own, self._expected):
                self._take(sample)
        except AwsApiError as problem:
            self.judged = False
            if problem.message not in self._refused:
                self._refused.add(problem.message)
                self._listener.on_message(f"nothing can be judged: {problem.message}")

    def _take(self, sample: TrafficSample) -> None:
        """One minute."""
        at = self._weight_at(sample.at)
        if self.meter.samples and self.meter.samples[-1]["at"] == sample.at:
            self.meter.samples[-1]["weight"] = at
            self._listener.on_sample(self.meter.samples[-1])
        if self.judged and (judgement := self.judging.observe(sample, at)):
            self._listener.on_judgement(judgement)
            self.promoted = self.promoted or self.judging.decision is Decision.PROMOTE

    def _own(self, key: str, at: float) -> bool:
        """Whether what a release's target group got in the minute until `at` is its own: before
        the new release has any traffic, that is an earlier one's."""
        return key != NEW or self._weight_at(at) > 0

    def _expected(self, key: str, at: float) -> bool:
        """Whether a release has a share of the requests at the end of a minute."""
        weight = self._weight_at(at)
        return weight < 100 if key == OLD else weight > 0 or key == BOTH

    def _weight_at(self, moment: float) -> float:
        """Percent for the new release at a moment."""
        return next((weight for at, weight in reversed(self._weights) if at < moment), 0.0)

    def _find(self, deployment: Deployment) -> None:
        """Where the metrics of both releases are, as soon as ECS has said which target group
        serves which."""
        sources = self._sources(deployment)
        if not sources:
            return
        self._found = True
        self.judged = NEW in sources and self._settings.judged
        self.meter = CloudWatchMetrics(self._parts.calls, self._parts.clock, sources, self._names)
        if self._loaded:
            self.meter.restore(self._loaded)
        elif BOTH in sources:
            judgement = JudgementRow(
                at=self._parts.clock.now(), decision="not judged", sentence=_UNJUDGED
            )
            self.judging.evidence.append(judgement)
            self._listener.on_judgement(judgement)

    def _sources(self, deployment: Deployment) -> dict[str, MetricSource]:
        namespace = self._settings.ecs.metrics_namespace
        if self._settings.strategy == "rolling" and namespace:
            return {
                key: MetricSource(namespace, (("Release", self._names[key]),)) for key in (NEW, OLD)
            }
        revisions = self._parts.service.revisions([deployment.candidate, *deployment.stables])
        balancer = self._parts.balancer
        groups = {arn: balancer.group_of(revision) for arn, revision in revisions.items()}
        new = groups.get(deployment.candidate, "")
        old = next((groups[arn] for arn in deployment.stables if groups.get(arn)), "")
        if not new or (deployment.stables and not old):
            return {}
        if new == old or self._settings.strategy == "rolling":
            selected = {BOTH: new}
        else:
            selected = {NEW: new, **({OLD: old} if old else {})}
        sources = {key: balancer.source(group) for key, group in selected.items()}
        return {key: source for key, source in sources.items() if source}

    @property
    def has_traffic(self) -> int:
        """Requests of the new release since the rollout began."""
        return self.meter.has_traffic(NEW)

    def snapshot(self) -> CanaryState:
        """For the record."""
        return CanaryState(
            metrics=self.meter.snapshot(),
            analysis=self.judging.snapshot(),
            weights=tuple(self._weights),
            promoted=self.promoted,
        )

    def restore(self, known: CanaryState) -> None:
        """What `snapshot` gave."""
        self._loaded = known.metrics
        self.meter.restore(known.metrics)
        self.judging.restore(known.analysis)
        self._weights = list(known.weights)
        self.promoted = known.promoted
