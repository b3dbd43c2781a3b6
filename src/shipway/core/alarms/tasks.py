"""The service on ECS: how hard its tasks work, whether they stay alive, whether releases arrive."""

from __future__ import annotations

from shipway.core.alarms.place import Place
from shipway.core.alarms.rule import Comparison, Group, Metric, Missing, Rule, Severity

RESTARTS = "TaskRestarts"
FAILED = "DeploymentsFailed"
STARTED = "DeploymentsStarted"


def tasks(place: Place, *, always_on: bool) -> tuple[Rule, ...]:
    """The rules."""
    rules = [
        Rule(
            "task-restarts", Severity.WARNING, Group.DEGRADED,
            "Tasks end by themselves, or do not start, and ECS replaces them.",
            "tasks", (_counted(place, RESTARTS),), 2.0, period=300, datapoints=1, of=1,
        ),
        Rule(
            "cpu", Severity.WARNING, Group.STRAIN,
            "The tasks have hardly any processor left: answers get slower next.",
            "%", (_used(place, "CPUUtilization"),), 85.0,
            datapoints=10, of=15, missing=Missing.MISSING,
        ),
        Rule(
            "memory", Severity.WARNING, Group.STRAIN,
            "The tasks have hardly any memory left: ECS kills one that wants more.",
            "%", (_used(place, "MemoryUtilization"),), 90.0,
            datapoints=5, of=5, missing=Missing.MISSING,
        ),
        Rule(
            "deployment-failed", Severity.CRITICAL, Group.EVENT,
            "ECS gave a deployment up, or rolled it back: the release before it serves.",
            "deployments", (_counted(place, FAILED),), 1.0, datapoints=1, of=1,
        ),
    ]  # fmt: skip
    if always_on:
        rules.append(_silence(place))
    return tuple(rules)


def _silence(place: Place) -> Rule:
    return Rule(
        "no-task-data", Severity.CRITICAL, Group.OUTAGE,
        "No task says anything: the service is gone, or scaled to nothing.",
        "samples", (_used(place, "CPUUtilization", "SampleCount"),), 1.0, Comparison.BELOW,
        datapoints=5, of=5, missing=Missing.BREACHING,
    )  # fmt: skip


def _used(place: Place, name: str, statistic: str = "Average") -> Metric:
    dimensions = (("ClusterName", place.cluster), ("ServiceName", place.service))
    return Metric("used", "AWS/ECS", name, dimensions, statistic)


def _counted(place: Place, name: str) -> Metric:
    """From the log of what ECS says; without dimensions, as metric filters make them."""
    return Metric("counted", place.namespace, name, (), "Sum")
