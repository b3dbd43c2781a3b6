"""Metrics made from lines of logs: the application's, and those of events."""

from __future__ import annotations

from shipway.aws.monitoring.naming import Resource, logical
from shipway.core.alarms.lines import ERRORS, REFUSED, SECRET_DENIED
from shipway.core.alarms.place import Place
from shipway.core.alarms.tasks import FAILED, RESTARTS, STARTED

# The application writes one JSON object a line, with its kind (mycandidate/main/logs.py).
_LINES = {
    ERRORS: '{ $.kind = "error" }',
    **{
        name: f'{{ ($.kind = "security") && ($.status = {status}) }}'
        for status, name in REFUSED.items()
    },
}
# A field `detail-type` cannot be named in a pattern: what else tells the events apart is.
_EVENTS = {
    RESTARTS: '{ $.detail.lastStatus = "STOPPED" }',
    STARTED: '{ $.detail.eventName = "SERVICE_DEPLOYMENT_IN_PROGRESS" }',
    FAILED: '{ $.detail.eventName = "SERVICE_DEPLOYMENT_FAILED" }',
    SECRET_DENIED: '{ $.detail.eventName = "GetSecretValue" }',
}


def filters(place: Place) -> dict[str, Resource]:
    """A metric filter each."""
    made = {
        logical("filter", name): _filter(place, name, place.log_group, pattern)
        for name, pattern in _LINES.items()
    }
    for name, pattern in _EVENTS.items():
        one = _filter(place, name, place.event_log, pattern)
        made[logical("filter", name)] = {**one, "DependsOn": ["EventLog"]}
    return made


def _filter(place: Place, name: str, group: str, pattern: str) -> Resource:
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "FilterName": name,
            "LogGroupName": group,
            "FilterPattern": pattern,
            "MetricTransformations": [
                {
                    "MetricNamespace": place.namespace,
                    "MetricName": name,
                    "MetricValue": "1",
                    "Unit": "Count",
                }
            ],
        },
    }
