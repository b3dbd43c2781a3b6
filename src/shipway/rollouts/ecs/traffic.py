"""What a canary can know at the traffic that a service has: worked out before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, inf, log
from typing import TYPE_CHECKING

from shipway.config.schema import Environment
from shipway.config.tables import JudgeSettings
from shipway.ports import Clients, Clock
from shipway.rollouts.ecs.deployment_configuration import Shift
from shipway.rollouts.ecs.load_balancer import MetricSource

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

LOOKED_AT = 3600.0  # seconds of which the traffic is taken
_PERIOD = 300  # seconds of one figure


@dataclass(frozen=True)
class TrafficOutlook:
    """shift: how the release gets its traffic. sentence: why, for people; "" where the judge has
    enough to go by."""

    shift: Shift
    sentence: str


def requests_to_promote(judge: JudgeSettings) -> int:
    """How many requests without an error it takes to promote a release: so many that one at the
    limit would have failed once, but for the chance `beta`."""
    provable = log(judge.beta) / log(1.0 - judge.error_limit)
    return max(judge.min_requests, ceil(provable))


def traffic_outlook(settings: Environment, rate: float) -> TrafficOutlook:
    """What the judge can know. rate: requests a second, of all people.

    Where the first share would not be judged within the horizon, the release gets all traffic at
    once, but only after smoke tests; without any, or where no data means to go back, the strategy
    stays as it is.
    """
    shares = {"canary": settings.canary_percent, "linear": settings.step_percent}
    share = shares.get(settings.strategy, 100.0)
    judge = settings.judge
    needed = requests_to_promote(judge)
    rate = rate if rate >= 1.0 / LOOKED_AT else 0.0  # less than one request in what was looked at
    seconds = needed / (rate * share / 100.0) if rate else inf
    if not settings.judged or settings.strategy == "rolling" or seconds <= judge.horizon:
        return TrafficOutlook("", "")
    time = f"{ceil(seconds / 60.0):,} minutes" if rate else "for ever"
    known = (
        f"at {rate:.2g} requests a second, as in the last hour, {share:g} % of them take {time} to "
        f"judge a release by ({needed} requests), and judge.horizon is "
        f"{judge.horizon / 60.0:g} minutes"
    )
    if not settings.smoke or judge.on_hold != "hold":
        return TrafficOutlook("", f"{known}: the judge may hold it, or send it back")
    if rate and needed / rate <= judge.horizon:
        return TrafficOutlook(
            "judged", f"{known}: so it gets all traffic at once, and is judged by that"
        )
    return TrafficOutlook(
        "unjudged",
        f"{known}: so it gets all traffic at once, and health checks and "
        f"{len(settings.smoke)} smoke tests decide",
    )


def request_rate(calls: Clients, clock: Clock, sources: Sequence[MetricSource]) -> float:
    """Requests a second in the last hour, of some target groups together.

    Raises AwsApiError and AwsUnreachable.
    """
    end = clock.now() // _PERIOD * _PERIOD
    queries: list[MetricDataQueryTypeDef] = [
        {
            "Id": f"requests{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": source.namespace,
                    "MetricName": "RequestCount",
                    "Dimensions": [
                        {"Name": name, "Value": value} for name, value in source.dimensions
                    ],
                },
                "Period": _PERIOD,
                "Stat": "Sum",
            },
        }
        for number, source in enumerate(sources)
    ]
    answer = calls.client("cloudwatch").get_metric_data(
        MetricDataQueries=queries,
        StartTime=datetime.fromtimestamp(end - LOOKED_AT, UTC),
        EndTime=datetime.fromtimestamp(end, UTC),
    )
    results = answer.get("MetricDataResults", [])
    return sum(sum(result.get("Values", [])) for result in results) / LOOKED_AT
