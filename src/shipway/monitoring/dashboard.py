"""The dashboard of one environment: what visitors feel first, what may be the cause below it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

from shipway.codec import JsonObject, JsonValue
from shipway.monitoring.alarm import (
    BLUE,
    DATABASE_METRICS,
    GREEN,
    LOAD_BALANCER_METRICS,
    OF_DATABASE,
    OF_LOAD_BALANCER,
    SERVICE_METRICS,
    AlarmDimensions,
    of_target_group,
)
from shipway.monitoring.alarm_rules import (
    ERRORS,
    FAILED,
    REFUSED_REQUESTS,
    RESTARTS,
    SECRET_DENIED,
    STARTED,
)
from shipway.monitoring.log_queries import APPLICATION, EVENTS
from shipway.monitoring.references import Resource, substitution

# The metrics by release that an application may send itself: the names they have to have.
#
# They are those of AWS's load balancers, with the same units, so that whoever reads metrics by
# release (dashboard, judge) need not know where they come from. An application sends them as it
# likes (MyCandidate: CloudWatch's embedded metric format in its log), in one namespace an
# environment, with the dimension RELEASE alone, and perhaps with more dimensions besides.

REQUESTS = "RequestCount"
RELEASE_ERRORS = "HTTPCode_Target_5XX_Count"
LATENCY = "TargetResponseTime"  # seconds
RELEASE = "Release"  # the dimension: what the application knows as RELEASE
ROUTE = "Route"  # the dimension: a route's name, never a path


# The parts of a dashboard, in CloudWatch's dashboard body structure. `${Name}` is known later.


class Widget(TypedDict):
    """One widget. type: metric, log, alarm or text. Its place is set by `lay_out`."""

    type: str
    width: int
    height: int
    x: NotRequired[int]
    y: NotRequired[int]
    properties: Mapping[str, JsonValue]


Line = Sequence[JsonValue]  # a metric, or an expression, as a dashboard writes them
_REGION = "${AWS::Region}"
WIDTH, HEIGHT = 12, 6  # of 24 columns


def graph_widget(title: str, lines: Sequence[Line], *, unit: str = "", **more: JsonValue) -> Widget:
    """Lines over time. unit: what the left axis says."""
    axis: JsonObject = (
        {"yAxis": {"left": {"label": unit, "showUnits": False, "min": 0}}} if unit else {}
    )
    return {
        "type": "metric",
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": title,
            "region": _REGION,
            "view": "timeSeries",
            "period": 60,
            "metrics": list(lines),
            **axis,
            **more,
        },
    }


def metric_line(
    namespace: str, name: str, dimensions: Sequence[tuple[str, str]], stat: str, **more: JsonValue
) -> Line:
    """One metric."""
    flat = [part for pair in dimensions for part in pair]
    return [namespace, name, *flat, {"stat": stat, **more}]


def search_expression(
    namespace: str,
    name: str,
    dimensions: Sequence[str],
    stat: str,
    period: int = 60,
    **more: JsonValue,
) -> Line:
    """A line for every value of the dimensions: releases come and go."""
    schema = ",".join((f'"{namespace}"', *dimensions))
    expression = f"SEARCH('{{{schema}}} MetricName=\"{name}\"', '{stat}', {period})"
    return [{"expression": expression, **more}]


def log_table(title: str, group: str, query: str) -> Widget:
    """What a Logs Insights query finds."""
    return {
        "type": "log",
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": title,
            "region": _REGION,
            "view": "table",
            "query": f"SOURCE '{group}' | {query}",
        },
    }


def alarm_states_widget(title: str, names: Sequence[str]) -> Widget:
    """The states of alarms."""
    arn = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:"
    return {
        "type": "alarm",
        "width": 2 * WIDTH,
        "height": 4,
        "properties": {"title": title, "alarms": [f"{arn}{name}" for name in names]},
    }


def text_widget(text: str) -> Widget:
    """Markdown."""
    return {"type": "text", "width": 2 * WIDTH, "height": 2, "properties": {"markdown": text}}


def lay_out(widgets: Sequence[Widget]) -> list[Widget]:
    """Two in a row, a wide one alone."""
    x = y = row = 0
    placed: list[Widget] = []
    for widget in widgets:
        if x + widget["width"] > 2 * WIDTH:
            x, y = 0, y + row
            row = 0
        placed.append({**widget, "x": x, "y": y})
        x += widget["width"]
        row = max(row, widget["height"])
    return placed


def dashboard_body(
    target: AlarmDimensions,
    alarms: Sequence[str],
    business: Mapping[str, Sequence[str]],
    *,
    database: bool,
) -> Resource:
    """The dashboard as CloudFormation. alarms: full names. business: metric → its dimensions."""
    widgets = [
        text_widget(f"# {target.prefix}\nTop: what visitors feel. Below: what may be the cause."),
        alarm_states_widget("Alarms", alarms),
        *_visitors(target),
        *_releases(target),
        *_saturation(target, database=database),
        *(_business(target, name, dimensions) for name, dimensions in business.items()),
        *_causes(target),
        _cost(),
    ]
    body = json.dumps({"start": "-PT6H", "widgets": lay_out(widgets)}, separators=(",", ":"))
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": target.prefix, "DashboardBody": substitution(body)},
    }


def _visitors(target: AlarmDimensions) -> list[Widget]:
    """Deployments are bars on the right axis: a change of traffic or errors is seen beside them."""
    marks = [
        metric_line(target.namespace, STARTED, (), "Sum", yAxis="right", label="deployment begins"),
        metric_line(target.namespace, FAILED, (), "Sum", yAxis="right", label="deployment failed"),
    ]
    errors = [
        metric_line(LOAD_BALANCER_METRICS, f"HTTPCode_{kind}_Count", OF_LOAD_BALANCER, "Sum")
        for kind in ("Target_5XX", "ELB_5XX", "Target_4XX")
    ]
    latency = [
        metric_line(LOAD_BALANCER_METRICS, "TargetResponseTime", OF_LOAD_BALANCER, stat)
        for stat in ("p50", "p95", "p99")
    ]
    return [
        graph_widget(
            "Traffic",
            [metric_line(LOAD_BALANCER_METRICS, "RequestCount", OF_LOAD_BALANCER, "Sum"), *marks],
            unit="requests",
        ),
        graph_widget("Errors", [*errors, *marks], unit="answers"),
        graph_widget("Latency", latency, unit="s"),
        log_table("Deployments", target.event_log, EVENTS["events/deployments"]),
    ]


def _releases(target: AlarmDimensions) -> list[Widget]:
    def by(name: str, stat: str, *dimensions: str) -> list[Line]:
        return [search_expression(target.namespace, name, dimensions, stat)]

    return [
        graph_widget("Traffic by release", by(REQUESTS, "Sum", RELEASE), unit="requests"),
        graph_widget("Errors by release", by(RELEASE_ERRORS, "Sum", RELEASE), unit="answers"),
        graph_widget("Latency by release, p95", by(LATENCY, "p95", RELEASE), unit="s"),
        graph_widget("Latency by route, p95", by(LATENCY, "p95", RELEASE, ROUTE), unit="s"),
    ]


def _saturation(target: AlarmDimensions, *, database: bool) -> list[Widget]:
    used = [
        metric_line(SERVICE_METRICS, f"{what}Utilization", target.of_service, "Maximum")
        for what in ("CPU", "Memory")
    ]
    hosts = [
        metric_line(
            LOAD_BALANCER_METRICS, name, of_target_group(group), "Maximum", label=f"{color} {name}"
        )
        for color, group in (("blue", BLUE), ("green", GREEN))
        for name in ("HealthyHostCount", "UnHealthyHostCount")
    ]
    widgets = [
        graph_widget("Tasks: processor and memory", used, unit="%"),
        graph_widget("Tasks behind the load balancer", hosts, unit="tasks"),
    ]
    return widgets + (_database() if database else [])


def _database() -> list[Widget]:
    load = [
        metric_line(DATABASE_METRICS, "CPUUtilization", OF_DATABASE, "Average"),
        metric_line(DATABASE_METRICS, "DatabaseConnections", OF_DATABASE, "Maximum", yAxis="right"),
    ]
    left = [
        metric_line(DATABASE_METRICS, "FreeStorageSpace", OF_DATABASE, "Minimum"),
        metric_line(DATABASE_METRICS, "FreeableMemory", OF_DATABASE, "Minimum", yAxis="right"),
    ]
    return [
        graph_widget("Database: processor and connections", load),
        graph_widget("Database: what is left", left, unit="bytes"),
    ]


def _business(target: AlarmDimensions, name: str, dimensions: Sequence[str]) -> Widget:
    return graph_widget(
        name, [search_expression(target.namespace, name, dimensions, "Sum", 300)], period=300
    )


def _causes(target: AlarmDimensions) -> list[Widget]:
    refused = [metric_line(target.namespace, name, (), "Sum") for name in REFUSED_REQUESTS.values()]
    denied = metric_line(target.namespace, SECRET_DENIED, (), "Sum")
    errors = [metric_line(target.namespace, name, (), "Sum") for name in (ERRORS, RESTARTS)]
    return [
        graph_widget("Errors in the log, tasks that ended", errors, period=300),
        graph_widget("Security", [*refused, denied], period=300),
        log_table("Newest errors", target.log_group, APPLICATION["error/newest"]),
        log_table("Ended tasks", target.event_log, EVENTS["events/ended tasks"]),
    ]


def _cost() -> Widget:
    """Of the whole account: AWS estimates no finer, and keeps it in one region."""
    charges = metric_line("AWS/Billing", "EstimatedCharges", (("Currency", "USD"),), "Maximum")
    return graph_widget(
        "Cost of the account this month, estimated",
        [charges],
        unit="USD",
        region="us-east-1",
        period=21600,
    )
