"""A stack of this project, with all that is needed to plan and to change it."""

from __future__ import annotations

from dataclasses import dataclass, field

from shipway.aws.live import live
from shipway.aws.stack import Stack
from shipway.aws.template import template
from shipway.cli.agreeing import Person
from shipway.cli.costing import stack_estimate
from shipway.cli.invoked import invocation
from shipway.cli.project import open_project
from shipway.core.account import Account
from shipway.core.command_line import Invocation
from shipway.core.config import Config
from shipway.core.infrastructure.contradictions import BOOTSTRAP
from shipway.core.infrastructure.parameters import (
    Live,
    bootstrap_parameters,
    environment_parameters,
    tags,
)
from shipway.core.naming import Names
from shipway.core.ports import Clients, Clock, Estimate
from shipway.effects.account import identify
from shipway.effects.aws import AwsClients
from shipway.effects.aws_errors import in_words
from shipway.effects.clock import SystemClock


@dataclass(frozen=True)
class StackSite:
    """One stack: the account's own (`bootstrap`) or an environment's.

    every: seconds between two looks. person: who is asked whether it may be. estimate: what it
    costs, where somebody knows. here: how commands are typed.
    """

    config: Config
    where: str
    clients: Clients
    account: Account
    template: str
    clock: Clock = field(default_factory=SystemClock)
    every: float = 3.0
    person: Person = field(default_factory=Person)
    estimate: Estimate | None = None
    here: Invocation = field(default_factory=Invocation)

    @property
    def bootstrap(self) -> bool:
        """Whether it is the account's own."""
        return self.where == BOOTSTRAP

    @property
    def names(self) -> Names:
        """What is called how."""
        return Names(self.config.application.name, self.where)

    @property
    def stack(self) -> Stack:
        """The stack itself."""
        return self.named(self.names.bootstrap_stack if self.bootstrap else self.names.stack)

    def named(self, name: str) -> Stack:
        """Another stack of the same account."""
        return Stack(self.clients, name, self.clock, self.every)

    def live(self) -> Live:
        """What runs in it. Raises Busy while a rollout is going on."""
        if self.bootstrap:
            return Live()
        settings = self.config.environments[self.where].ecs
        return live(self.clients, self.stack, self.names, settings)

    def parameters(self, running: Live) -> dict[str, str]:
        """What the stack is given. Raises ConfigError for levers that contradict."""
        if self.bootstrap:
            return bootstrap_parameters(self.config, self.account)
        return environment_parameters(self.config, self.where, self.account, running)

    def cost(self, running: Live) -> tuple[float, float] | None:
        """US dollars a month, as it is and as it would be; None where nobody knows."""
        if self.estimate is None:
            return None
        kind, now = BOOTSTRAP if self.bootstrap else "environment", self.stack.parameters()
        before = self.estimate(kind, now) if now else 0.0
        return before, self.estimate(kind, self.parameters(running))

    @property
    def tags(self) -> dict[str, str]:
        """The tags of everything in it."""
        return tags(self.config, "all" if self.bootstrap else self.where)


def open_site(directory: str, where: str) -> StackSite:
    """The stack of an environment, or the account's. Raises ConfigError and CannotRun."""
    config = open_project(directory).config
    kind = BOOTSTRAP if where == BOOTSTRAP else "environment"
    nowhere = Account("0" * 12, "nowhere")
    if kind != BOOTSTRAP:  # a wrong word is told before AWS is asked for anything
        environment_parameters(config, where, nowhere, Live())
    clients = AwsClients(config.aws)
    with in_words():
        account = identify(clients, config.aws)
    estimate = stack_estimate(config)
    here = invocation(directory, where)
    return StackSite(config, where, clients, account, template(kind), estimate=estimate, here=here)
