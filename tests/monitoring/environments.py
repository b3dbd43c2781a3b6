"""Environments to watch, with every lever there is."""

from __future__ import annotations

from typing import Any

from shipway.aws.names import AwsResourceNames
from shipway.config.aws import AlarmSettings, Monitoring
from shipway.config.schema import Environment
from shipway.monitoring.stack_template import MonitoredEnvironment, monitoring_template

FULL = Monitoring(
    mail=("a@example.org", "b@example.org"),
    slack_workspace="T0123ABCD",
    slack_channel="C0123ABCD",
    least_traffic=100,
    runbooks="https://example.org/runbooks/",
    business={"WardLookups": ("Province", "Outcome")},
)
# Each pair of levers is met in both of its states, or its four combinations, somewhere here.
LEVERS = {
    "full": (FULL, True),
    "least": (Monitoring(encrypted=False, dashboard=False, always_on=False), False),
    "mail only": (Monitoring(mail=("a@example.org",), dashboard=False), False),
    "slack only": (
        Monitoring(
            slack_workspace="T0123ABCD",
            slack_channel="C0123ABCD",
            critical=("slack",),
            warning=(),
            encrypted=False,
        ),
        True,
    ),
    "off at night": (Monitoring(always_on=False, least_traffic=5), True),
    "own severities": (
        Monitoring(
            alarms={
                "cpu": AlarmSettings(severity="critical", threshold=70.0, period=300),
                "error-rate": AlarmSettings(severity="warning"),
                "burst-of-401": AlarmSettings(off=True),
            },
            encrypted=False,
        ),
        False,
    ),
}


def watch(
    settings: Monitoring, *, database: bool = True, name: str = "web"
) -> MonitoredEnvironment:
    return MonitoredEnvironment(
        AwsResourceNames(name, "production"),
        Environment(platform="ecs", monitoring=settings),
        database,
    )


def rendered(settings: Monitoring, *, database: bool = True) -> dict[str, Any]:
    return monitoring_template(watch(settings, database=database))


def of_kind(made: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Logical id → properties of the resources of one kind."""
    return {
        id: resource["Properties"]
        for id, resource in made["Resources"].items()
        if resource["Type"] == f"AWS::{kind}"
    }
