"""What a preflight is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shipway.core.account import Account
from shipway.core.command_line import command_line
from shipway.core.config import Application, Environment
from shipway.core.naming import Names
from shipway.core.ports import Clients, Http
from shipway.core.release import Release

STRATEGIES_WITH_TWO = ("blue-green", "linear", "canary")  # they need both target groups


@dataclass(frozen=True)
class Subject:
    """A release about to be rolled out, and where.

    task_definition: the input of RegisterTaskDefinition. service: as DescribeServices answers,
    which `preflight` looks up; empty where there is none, or nobody could look.
    """

    clients: Clients
    http: Http
    account: Account
    application: Application
    settings: Environment
    names: Names
    release: Release
    task_definition: Mapping[str, Any]
    service: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cluster(self) -> str:
        """The cluster's name."""
        return self.settings.ecs.cluster or self.names.cluster

    @property
    def service_name(self) -> str:
        """The service's name."""
        return self.settings.ecs.service or self.names.service

    @property
    def place(self) -> str:
        """The key path of the environment's table of settings for ECS."""
        return f"environments.{self.names.environment}.ecs"

    @property
    def apply(self) -> str:
        """The command that puts the infrastructure right."""
        return command_line("infra", "apply", self.names.environment)

    @property
    def two_groups(self) -> bool:
        """Whether the strategy moves traffic between two target groups."""
        return self.settings.strategy in STRATEGIES_WITH_TWO

    @property
    def container(self) -> Mapping[str, Any]:
        """The application's container in the task definition."""
        for one in self.task_definition.get("containerDefinitions", ()):
            if one.get("name") == self.settings.ecs.container:
                found: Mapping[str, Any] = one
                return found
        return {}

    @property
    def network(self) -> Mapping[str, Any]:
        """The service's `awsvpcConfiguration`."""
        found: Mapping[str, Any] = self.service.get("networkConfiguration", {}).get(
            "awsvpcConfiguration", {}
        )
        return found

    @property
    def load_balancers(self) -> Sequence[Mapping[str, Any]]:
        """The service's `loadBalancers`."""
        found: Sequence[Mapping[str, Any]] = self.service.get("loadBalancers", ())
        return found

    def target_groups(self) -> Iterator[str]:
        """The ARNs of its target groups, the alternate ones too."""
        for one in self.load_balancers:
            both = (
                one.get("targetGroupArn"),
                one.get("advancedConfiguration", {}).get("alternateTargetGroupArn"),
            )
            yield from filter(None, both)
