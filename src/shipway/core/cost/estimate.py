"""What a month costs of what is configured: each environment, and the account around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shipway.core.account import Account
from shipway.core.config import Config
from shipway.core.cost.line import Estimate, Sheet, worth_telling
from shipway.core.cost.prices import with_own
from shipway.core.cost.stacks import (
    STACK_SECRETS,
    Task,
    account_lines,
    environment_lines,
    monitoring_lines,
)
from shipway.core.infrastructure.contradictions import BOOTSTRAP
from shipway.core.infrastructure.parameters import (
    Live,
    bootstrap_parameters,
    environment_parameters,
)
from shipway.core.naming import Names
from shipway.core.settings.cost import Price

ACCOUNT = "account"  # what no environment has for itself
_NOWHERE = Account("0" * 12, "nowhere")  # prices do not depend on whose account it is
_SECRET = ":secretsmanager:"
_FREE_DASHBOARDS = 3
_FREE_TRAFFIC = 100.0  # GB to the internet, a month and account


@dataclass(frozen=True)
class Estimator:
    """config: what is configured. prices: the whole table."""

    config: Config
    prices: Mapping[str, Price]

    @property
    def environments(self) -> tuple[str, ...]:
        """Those on AWS: the others cost nothing that we know of."""
        found = self.config.environments
        return tuple(name for name, one in found.items() if one.platform == "ecs")

    def environment(self, name: str) -> Estimate:
        """Of one environment, with what watches it. Raises ConfigError for levers that contradict,
        and where there is no such environment on AWS."""
        parameters = environment_parameters(self.config, name, _NOWHERE, Live())
        names = Names(self.config.application.name, name)
        watched = monitoring_lines(names, self.config.environments[name], self._sheet)
        stack = self.stack("environment", parameters)
        return Estimate(name, stack.lines + worth_telling(watched))

    def account(self) -> Estimate:
        """Of what the environments share."""
        usage, sheet = self.config.cost.usage, self._sheet
        watched = [self.config.environments[name].monitoring for name in self.environments]
        dashboards = sum(one.dashboard for one in watched) - _FREE_DASHBOARDS
        traffic = usage.traffic_gb - _FREE_TRAFFIC
        more = (
            sheet.line("dashboards beyond three", "dashboard", dashboards),
            sheet.line("traffic beyond 100 GB", "traffic", traffic, assumed="traffic_gb"),
        )
        stack = self.stack(BOOTSTRAP, bootstrap_parameters(self.config, _NOWHERE))
        return Estimate(ACCOUNT, stack.lines + worth_telling(more))

    def all(self) -> tuple[Estimate, ...]:
        """Every environment, and the account."""
        return (*map(self.environment, self.environments), self.account())

    def stack(self, kind: str, parameters: Mapping[str, str]) -> Estimate:
        """Of one stack alone, by its template's name and its parameters."""
        usage, sheet = self.config.cost.usage, self._sheet
        if kind == BOOTSTRAP:
            return Estimate(kind, worth_telling(account_lines(parameters, usage, sheet)))
        name = parameters["Environment"]
        lines = environment_lines(parameters, self._task(name), usage, sheet)
        return Estimate(name, worth_telling(lines))

    @property
    def _sheet(self) -> Sheet:
        return Sheet(self.prices)

    def _task(self, name: str) -> Task:
        settings = self.config.environments[name]
        host = self.config.environments.get(settings.infrastructure.shares)
        named = Names(self.config.application.name, name).secret
        own = tuple(f":secret:{named(secret)}-" for secret in STACK_SECRETS)
        secrets = {
            ":".join(arn.split(":")[:7]) for arn in settings.ecs.secrets.values()
            if _SECRET in arn and not any(one in arn for one in own)
        }  # fmt: skip
        return Task(
            settings.ecs.cpu / 1024, settings.ecs.memory / 1024, len(secrets),
            addressed=not (host and host.infrastructure.nat),
        )  # fmt: skip


def estimator(config: Config, more: Mapping[str, Price] | None = None) -> Estimator:
    """With the project's own prices over Shipway's. more: over both. Raises ConfigError."""
    return Estimator(config, with_own(more or {}, with_own(config.cost.prices)))
