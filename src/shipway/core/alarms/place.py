"""Where an environment's metrics are: the names that alarms, dashboard and queries share."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.core.naming import Names
from shipway.core.settings.aws import Ecs

# AWS makes these up when the resource is created: they are the monitoring stack's parameters.
LOAD_BALANCER = "${LoadBalancer}"
BLUE = "${Blue}"
GREEN = "${Green}"
DATABASE = "${Database}"


@dataclass(frozen=True)
class Place:
    """One environment on ECS. namespace: the application's own metrics, and those from its log."""

    prefix: str
    cluster: str
    service: str
    log_group: str
    namespace: str

    @property
    def event_log(self) -> str:
        """The log group of what ECS says about deployments and tasks.

        EventBridge writes only to groups whose names begin so (its console's rule).
        """
        return f"/aws/events/{self.prefix}"


def place(names: Names, ecs: Ecs) -> Place:
    """The environment's place, with what the configuration names itself."""
    return Place(
        names.prefix,
        ecs.cluster or names.cluster,
        ecs.service or names.service,
        ecs.log_group or names.log_group,
        ecs.metrics_namespace or names.metrics,
    )
