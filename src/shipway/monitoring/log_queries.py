"""Logs Insights queries, saved by name: one asks them in the console without writing any.

The fields are those of the application's JSON lines (mycandidate/main/logs.py) and of ECS's events.
"""

from __future__ import annotations

from shipway.monitoring.alarm import AlarmDimensions
from shipway.monitoring.alarm_rules import (
    ERRORS,
    FAILED,
    REFUSED_REQUESTS,
    RESTARTS,
    SECRET_DENIED,
    STARTED,
)
from shipway.monitoring.references import Resource, logical_id

APPLICATION = {
    "app/newest lines": (
        'fields @timestamp, level, message, release | filter kind = "app"'
        " | sort @timestamp desc | limit 100"
    ),
    "app/one request": (
        'fields @timestamp, kind, level, message, path, status | filter request_id = "PUT-IT-HERE"'
        " | sort @timestamp asc"
    ),
    "access/paths": (
        'filter kind = "access" | stats count(*) as requests, pct(milliseconds, 95) as p95,'
        " max(milliseconds) as longest by path | sort requests desc | limit 50"
    ),
    "access/slowest requests": (
        "fields @timestamp, milliseconds, method, path, status, release, request_id"
        ' | filter kind = "access" | sort milliseconds desc | limit 50'
    ),
    "access/releases": (
        'filter kind = "access" | stats count(*) as requests, pct(milliseconds, 95) as p95'
        " by release, bin(5m)"
    ),
    "access/failures by release": (
        'filter kind = "access" and status >= 500 | stats count(*) as failed by release, bin(5m)'
    ),
    "access/failed requests": (
        "fields @timestamp, status, method, path, release, request_id"
        ' | filter kind = "access" and status >= 500 | sort @timestamp desc | limit 100'
    ),
    "error/newest": (
        "fields @timestamp, message, exception, release, request_id"
        ' | filter kind = "error" | sort @timestamp desc | limit 50'
    ),
    "error/most frequent": (
        'filter kind = "error" | stats count(*) as lines, latest(@timestamp) as newest'
        " by message, release | sort lines desc | limit 50"
    ),
    "security/refused by status": (
        'filter kind = "security" | stats count(*) as refused by status, path, bin(5m)'
        " | sort refused desc | limit 100"
    ),
    "security/newest": (
        "fields @timestamp, message, status, path, request_id"
        ' | filter kind = "security" | sort @timestamp desc | limit 100'
    ),
}
EVENTS = {
    "events/deployments": (
        "fields @timestamp, detail.eventName, detail.reason, detail.deploymentId"
        " | filter ispresent(detail.deploymentId) | sort @timestamp desc | limit 50"
    ),
    "events/ended tasks": (
        "fields @timestamp, detail.stopCode, detail.stoppedReason, detail.taskDefinitionArn"
        ' | filter detail.lastStatus = "STOPPED" | sort @timestamp desc | limit 50'
    ),
}


def log_queries(target: AlarmDimensions) -> dict[str, Resource]:
    """A saved query each; the part before the last `/` is its folder in the console."""
    return {
        **{
            logical_id("query", name): _query(target, name, target.log_group, text)
            for name, text in APPLICATION.items()
        },
        **{
            logical_id("query", name): _query(target, name, target.event_log, text)
            for name, text in EVENTS.items()
        },
    }


def _query(target: AlarmDimensions, name: str, group: str, text: str) -> Resource:
    return {
        "Type": "AWS::Logs::QueryDefinition",
        "Properties": {
            "Name": f"{target.prefix}/{name}",
            "LogGroupNames": [group],
            "QueryString": text,
        },
    }


# Metrics made from lines of logs: the application's, and those of events.

# The application writes one JSON object a line, with its kind (mycandidate/main/logs.py).
_LINES = {
    ERRORS: '{ $.kind = "error" }',
    **{
        name: f'{{ ($.kind = "security") && ($.status = {status}) }}'
        for status, name in REFUSED_REQUESTS.items()
    },
}
# A field `detail-type` cannot be named in a pattern: what else tells the events apart is.
_EVENTS = {
    RESTARTS: '{ $.detail.lastStatus = "STOPPED" }',
    STARTED: '{ $.detail.eventName = "SERVICE_DEPLOYMENT_IN_PROGRESS" }',
    FAILED: '{ $.detail.eventName = "SERVICE_DEPLOYMENT_FAILED" }',
    SECRET_DENIED: '{ $.detail.eventName = "GetSecretValue" }',
}


def metric_filters(target: AlarmDimensions) -> dict[str, Resource]:
    """A metric filter each."""
    resources = {
        logical_id("filter", name): _filter(target, name, target.log_group, pattern)
        for name, pattern in _LINES.items()
    }
    for name, pattern in _EVENTS.items():
        resource = _filter(target, name, target.event_log, pattern)
        resources[logical_id("filter", name)] = {**resource, "DependsOn": ["EventLog"]}
    return resources


def _filter(target: AlarmDimensions, name: str, group: str, pattern: str) -> Resource:
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "FilterName": name,
            "LogGroupName": group,
            "FilterPattern": pattern,
            "MetricTransformations": [
                {
                    "MetricNamespace": target.namespace,
                    "MetricName": name,
                    "MetricValue": "1",
                    "Unit": "Count",
                }
            ],
        },
    }
