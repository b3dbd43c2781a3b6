"""An environment on AWS that is watched, with all that is needed to plan and to apply it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from shipway.aws.monitoring.looking import parameters
from shipway.aws.monitoring.template import Watch, text
from shipway.aws.stack import ChangeSet, Stack
from shipway.cli.project import open_project
from shipway.core.config import Config
from shipway.core.errors import ConfigError
from shipway.core.infrastructure.parameters import tags
from shipway.core.naming import Names
from shipway.core.ports import Clients, Clock
from shipway.effects.aws import AwsClients
from shipway.effects.clock import SystemClock


@dataclass(frozen=True)
class MonitoringSite:
    """The monitoring stack of one environment. every: seconds. template: "" for the real one."""

    config: Config
    where: str
    clients: Clients
    clock: Clock = field(default_factory=SystemClock)
    every: float = 3.0
    template: str = ""

    @cached_property
    def names(self) -> Names:
        """What is called how."""
        return Names(self.config.application.name, self.where)

    @cached_property
    def watch(self) -> Watch:
        """As it is configured, with a database. Nobody is asked."""
        return Watch(self.names, self.config.environments[self.where])

    @cached_property
    def found(self) -> Watch:
        """As it is in the account: with a database where there is one."""
        return replace(self.watch, with_database="Database" in self.parameters)

    @cached_property
    def parameters(self) -> dict[str, str]:
        """What only the account knows. Raises NotThere and Refused."""
        levers = self.watch.environment.infrastructure
        home = replace(self.names, environment=levers.shares or self.where)
        return parameters(self.clients, self.names, home, database=levers.database.identifier)

    @cached_property
    def stack(self) -> Stack:
        """The stack itself."""
        return Stack(self.clients, self.names.monitoring_stack, self.clock, self.every)

    def prepared(self) -> ChangeSet | None:
        """What would change. None: nothing. Raises StackFailed and ConfigError."""
        sent = self.template or text(self.found)
        return self.stack.prepare(sent, self.parameters, tags(self.config, self.where))


def open_monitoring(directory: str, where: str) -> MonitoringSite:
    """The site of an environment. Raises ConfigError where CloudWatch cannot watch it."""
    config = open_project(directory).config
    if where not in config.environments:
        known = ", ".join(config.environments) or "none"
        raise ConfigError(f"there is no environment {where}", f"shipway.toml has: {known}.")
    if config.environments[where].platform != "ecs":
        raise ConfigError(
            f"{where} runs on this machine: CloudWatch cannot watch it",
            f'Name an environment on AWS, or set environments.{where}.platform = "ecs".',
        )
    return MonitoringSite(config, where, AwsClients(config.aws))
