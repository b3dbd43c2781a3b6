"""The dashboard of one environment: what visitors feel first, what may be the cause below it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from shipway.aws.monitoring.naming import Resource, sub
from shipway.aws.monitoring.queries import APPLICATION, EVENTS
from shipway.aws.monitoring.widgets import (
    Widget,
    alarm_states,
    graph,
    laid_out,
    line,
    search,
    table,
    words,
)
from shipway.core.alarms.lines import ERRORS, REFUSED, SECRET_DENIED
from shipway.core.alarms.place import BLUE, DATABASE, GREEN, LOAD_BALANCER, Place
from shipway.core.alarms.tasks import FAILED, RESTARTS, STARTED
from shipway.core.application_metrics import ERRORS as RELEASE_ERRORS
from shipway.core.application_metrics import LATENCY, RELEASE, REQUESTS, ROUTE

_BALANCER = (("LoadBalancer", LOAD_BALANCER),)
_ALB = "AWS/ApplicationELB"


def dashboard(
    place: Place, alarms: Sequence[str], business: Mapping[str, Sequence[str]], *, database: bool
) -> Resource:
    """The dashboard as CloudFormation. alarms: full names. business: metric → its dimensions."""
    widgets = [
        words(f"# {place.prefix}\nTop: what visitors feel. Below: what may be the cause."),
        alarm_states("Alarms", alarms),
        *_visitors(place),
        *_releases(place),
        *_saturation(place, database=database),
        *(_business(place, name, dimensions) for name, dimensions in business.items()),
        *_causes(place),
        _cost(),
    ]
    body = json.dumps({"start": "-PT6H", "widgets": laid_out(widgets)}, separators=(",", ":"))
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": place.prefix, "DashboardBody": sub(body)},
    }


def _visitors(place: Place) -> list[Widget]:
    """Deployments are bars on the right axis: a change of traffic or errors is seen beside them."""
    marks = [
        line(place.namespace, STARTED, (), "Sum", yAxis="right", label="deployment begins"),
        line(place.namespace, FAILED, (), "Sum", yAxis="right", label="deployment failed"),
    ]
    errors = [
        line(_ALB, f"HTTPCode_{kind}_Count", _BALANCER, "Sum")
        for kind in ("Target_5XX", "ELB_5XX", "Target_4XX")
    ]
    latency = [
        line(_ALB, "TargetResponseTime", _BALANCER, stat) for stat in ("p50", "p95", "p99")
    ]  # fmt: skip
    return [
        graph("Traffic", [line(_ALB, "RequestCount", _BALANCER, "Sum"), *marks], unit="requests"),
        graph("Errors", [*errors, *marks], unit="answers"),
        graph("Latency", latency, unit="s"),
        table("Deployments", place.event_log, EVENTS["events/deployments"]),
    ]


def _releases(place: Place) -> list[Widget]:
    def by(name: str, stat: str, *dimensions: str) -> list[list[object]]:
        return [search(place.namespace, name, dimensions, stat)]

    return [
        graph("Traffic by release", by(REQUESTS, "Sum", RELEASE), unit="requests"),
        graph("Errors by release", by(RELEASE_ERRORS, "Sum", RELEASE), unit="answers"),
        graph("Latency by release, p95", by(LATENCY, "p95", RELEASE), unit="s"),
        graph("Latency by route, p95", by(LATENCY, "p95", RELEASE, ROUTE), unit="s"),
    ]


def _saturation(place: Place, *, database: bool) -> list[Widget]:
    service = (("ClusterName", place.cluster), ("ServiceName", place.service))
    used = [line("AWS/ECS", f"{what}Utilization", service, "Maximum") for what in ("CPU", "Memory")]
    hosts = [
        line(_ALB, name, (*_BALANCER, ("TargetGroup", group)), "Maximum", label=f"{color} {name}")
        for color, group in (("blue", BLUE), ("green", GREEN))
        for name in ("HealthyHostCount", "UnHealthyHostCount")
    ]
    widgets = [
        graph("Tasks: processor and memory", used, unit="%"),
        graph("Tasks behind the load balancer", hosts, unit="tasks"),
    ]
    return widgets + (_database() if database else [])


def _database() -> list[Widget]:
    one = (("DBInstanceIdentifier", DATABASE),)
    load = [
        line("AWS/RDS", "CPUUtilization", one, "Average"),
        line("AWS/RDS", "DatabaseConnections", one, "Maximum", yAxis="right"),
    ]
    left = [
        line("AWS/RDS", "FreeStorageSpace", one, "Minimum"),
        line("AWS/RDS", "FreeableMemory", one, "Minimum", yAxis="right"),
    ]
    return [
        graph("Database: processor and connections", load),
        graph("Database: what is left", left, unit="bytes"),
    ]


def _business(place: Place, name: str, dimensions: Sequence[str]) -> Widget:
    return graph(name, [search(place.namespace, name, dimensions, "Sum", 300)], period=300)


def _causes(place: Place) -> list[Widget]:
    refused = [line(place.namespace, name, (), "Sum") for name in REFUSED.values()]
    denied = line(place.namespace, SECRET_DENIED, (), "Sum")
    errors = [line(place.namespace, name, (), "Sum") for name in (ERRORS, RESTARTS)]
    return [
        graph("Errors in the log, tasks that ended", errors, period=300),
        graph("Security", [*refused, denied], period=300),
        table("Newest errors", place.log_group, APPLICATION["error/newest"]),
        table("Ended tasks", place.event_log, EVENTS["events/ended tasks"]),
    ]


def _cost() -> Widget:
    """Of the whole account: AWS estimates no finer, and keeps it in one region."""
    charges = line("AWS/Billing", "EstimatedCharges", (("Currency", "USD"),), "Maximum")
    return graph(
        "Cost of the account this month, estimated", [charges],
        unit="USD", region="us-east-1", period=21600,
    )  # fmt: skip
