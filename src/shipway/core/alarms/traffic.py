"""What visitors feel: errors, latency, nobody there to answer. From the load balancer."""

from __future__ import annotations

from shipway.core.alarms.place import BLUE, GREEN, LOAD_BALANCER
from shipway.core.alarms.rule import Comparison, Group, Metric, Missing, Rule, Severity

_BALANCER = (("LoadBalancer", LOAD_BALANCER),)
_LEAST = 10  # requests a minute: a share of fewer says nothing
_NAMESPACE = "AWS/ApplicationELB"


def _metric(id: str, name: str, statistic: str = "Sum") -> Metric:
    return Metric(id, _NAMESPACE, name, _BALANCER, statistic)


def _hosts(name: str, statistic: str) -> tuple[Metric, Metric]:
    """Of both target groups: while a rollout goes on, either may serve."""
    return (
        Metric("blue", _NAMESPACE, name, (*_BALANCER, ("TargetGroup", BLUE)), statistic),
        Metric("green", _NAMESPACE, name, (*_BALANCER, ("TargetGroup", GREEN)), statistic),
    )


REQUESTS = _metric("requests", "RequestCount")
BROKEN = _metric("broken", "HTTPCode_Target_5XX_Count")
REFUSED = _metric("refused", "HTTPCode_ELB_5XX_Count")
# The balancer does not count as a request what it could give to no target, so these are added.
# It says nothing at all where there were none: FILL makes that a zero.
_ALL = "(FILL(requests,0)+FILL(refused,0))"
ERROR_RATE = f"IF({_ALL}>={_LEAST}, 100*(FILL(broken,0)+FILL(refused,0))/{_ALL}, 0)"
_BOTH = "FILL(blue,0)+FILL(green,0)"


def traffic(*, always_on: bool, least_traffic: int) -> tuple[Rule, ...]:
    """The rules. See core/settings/monitoring.py for the switches."""
    rules = [
        Rule(
            "error-rate", Severity.CRITICAL, Group.OUTAGE,
            "Visitors get errors of ours (5xx), from the application or from the load balancer.",
            "%", (REQUESTS, BROKEN, REFUSED), 5.0, expression=ERROR_RATE,
        ),
        Rule(
            "latency-p95", Severity.WARNING, Group.DEGRADED,
            "One visitor in twenty waits longer than we promise.",
            "s", (REQUESTS, _metric("latency", "TargetResponseTime", "p95")), 0.5,
            expression=f"IF(FILL(requests,0)>={_LEAST}, latency, 0)", datapoints=4,
        ),
        Rule(
            "latency-p99", Severity.WARNING, Group.DEGRADED,
            "One visitor in a hundred waits very long.",
            "s", (_metric("latency", "TargetResponseTime", "p99"),), 2.0,
            period=300, datapoints=2, of=3, low_samples="evaluate",
        ),
        Rule(
            "unhealthy-hosts", Severity.WARNING, Group.DEGRADED,
            "A task runs but does not pass the load balancer's health check.",
            "tasks", _hosts("UnHealthyHostCount", "Maximum"), 1.0, expression=_BOTH,
        ),
    ]  # fmt: skip
    if always_on:
        rules.append(_nobody())
    if least_traffic:
        rules.append(_quiet(least_traffic))
    return tuple(rules)


def _nobody() -> Rule:
    return Rule(
        "no-healthy-hosts", Severity.CRITICAL, Group.OUTAGE,
        "No task can answer: every visitor gets an error.",
        "tasks", _hosts("HealthyHostCount", "Minimum"), 1.0, Comparison.BELOW,
        expression=_BOTH, datapoints=3, of=3, missing=Missing.BREACHING,
    )  # fmt: skip


def _quiet(least: int) -> Rule:
    return Rule(
        "no-traffic", Severity.CRITICAL, Group.OUTAGE,
        "Nobody reaches us: the name, the certificate or the load balancer may be broken.",
        "requests", (REQUESTS,), float(least), Comparison.BELOW,
        # An hour without data is filled here: CloudWatch would look at the hours before it
        # for a datapoint, and find all well.
        expression="FILL(requests,0)",
        period=3600, datapoints=1, of=1, missing=Missing.BREACHING,
    )  # fmt: skip
