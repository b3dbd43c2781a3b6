"""What a month costs of what is configured: each environment, and the account around them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shipway.aws.names import Account, AwsResourceNames
from shipway.config.schema import Config, Environment
from shipway.config.tables import Price, Usage
from shipway.cost.line_items import HOURS, Estimate, LineItem, PriceSheet, without_zero_items
from shipway.cost.prices import with_custom_prices
from shipway.images.repository import images_kept_by
from shipway.infrastructure.parameters import (
    BOOTSTRAP,
    RunningService,
    bootstrap_parameters,
    environment_parameters,
)
from shipway.monitoring.alarm import alarm_dimensions
from shipway.monitoring.alarm_rules import REFUSED_REQUESTS, alarm_rules
from shipway.monitoring.composite_alarms import composite_alarms

# How many hours a month tasks run, by the schedule of a stack's parameters.

_CRON = re.compile(r"cron\((\d+) (\d+) \? \* (\S+) \*\)")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")  # 1 is Sunday (EventBridge Scheduler)
_DAY = 1440  # minutes
_WEEK = 7 * _DAY


def running_hours(start: str, stop: str) -> float:
    """Hours a month, from `cron(...)` of the start to that of the stop; all without a schedule.

    Days that are not understood count as all hours: rather too much than too little.
    """
    starts, stops = _minutes(start), _minutes(stop)
    if not starts or not stops:
        return HOURS
    marks = sorted([(at, 1) for at in starts] + [(at, 0) for at in stops])
    running, last, minutes = marks[-1][1], marks[-1][0] - _WEEK, 0
    for at, runs in marks:
        minutes += (at - last) * running
        running, last = runs, at
    return HOURS * minutes / _WEEK


def _minutes(cron: str) -> list[int]:
    """The minutes of the week at which it comes; none where it cannot be told."""
    match = _CRON.fullmatch(cron)
    days = _days(match[3].upper()) if match else []
    return [_DAY * day + 60 * int(match[2]) + int(match[1]) for day in days] if match else []


def _days(text: str) -> list[int]:
    if text in ("*", "?"):
        return list(range(7))
    days: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        begin, end = _day(first), _day(last if dash else first)
        if begin is None or end is None:
            return []
        days += [day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)]
    return sorted(set(days))


def _day(text: str) -> int | None:
    if text in _DAYS:
        return _DAYS.index(text)
    return int(text) - 1 if text in tuple("1234567") else None


# What the stacks' resources are charged for, from the very parameters they are made with.

STACK_SECRETS = ("SECRET_KEY", "PGPASSWORD")  # beside the one of the database's master
_ZONES = 2  # a load balancer has an address in each
_COUNTED = 5 + len(REFUSED_REQUESTS)  # metrics from log lines: docs/monitoring.md
_YEAR = 365.0 / 12.0  # days of a month


@dataclass(frozen=True)
class FargateTask:
    """What a stack's parameters do not say of its tasks.

    vcpu: of one task. memory: GB. secrets: kept in Secrets Manager beside those of the stack.
    addressed: whether a task has a public address where the stack does not say so itself.
    """

    vcpu: float
    memory: float
    secrets: int = 0
    addressed: bool = True


def environment_lines(
    parameters: Mapping[str, str], task: FargateTask, usage: Usage, sheet: PriceSheet
) -> Iterator[LineItem]:
    """Of an environment's stack. parameters: infrastructure/parameters.py."""
    owns, nat = not parameters["SharedStack"], parameters["Nat"] == "yes"
    standby = 2 if parameters["MultiAz"] == "yes" else 1
    yield from _tasks(parameters, task, sheet, addressed=not nat if owns else task.addressed)
    if owns:
        yield from _balancer(usage, sheet)
        yield from _database(parameters, standby, sheet)
    if owns and nat:
        yield sheet.line("NAT gateway", "nat", standby, HOURS)
        yield sheet.line("NAT gateway: address", "public-ip", standby, HOURS)
        yield sheet.line("NAT gateway: data", "nat-data", usage.nat_gb, assumed="nat_gb")
    if parameters["Redis"] == "yes":
        yield sheet.line("Redis", f"redis-{parameters['RedisNode']}", standby, HOURS)
    stored = usage.logs_gb * float(parameters["LogDays"]) / _YEAR
    yield sheet.line("log: written", "logs-written", usage.logs_gb, assumed="logs_gb")
    yield sheet.line("log: kept", "logs-kept", stored, assumed="logs_gb")
    yield sheet.line("secrets", "secret", len(STACK_SECRETS) + owns + task.secrets)
    yield sheet.line("the application's own metrics", "metric", usage.metrics, assumed="metrics")
    if parameters["ContainerInsights"] != "disabled":
        yield sheet.line("Container Insights", "insights", 1)


def _tasks(
    parameters: Mapping[str, str], task: FargateTask, sheet: PriceSheet, *, addressed: bool
) -> Iterator[LineItem]:
    """As many as there are at least: more come when CPU asks for them, and go again."""
    hours = running_hours(parameters["StartAt"], parameters["StopAt"])
    tasks = int(parameters["MinTasks"])
    weights = {"": float(parameters["OnDemandWeight"]), "spot-": float(parameters["SpotWeight"])}
    arm = "arm-" if parameters["Architecture"] == "ARM64" else ""
    for way, weight in weights.items():
        count = tasks * weight / (sum(weights.values()) or 1.0)
        suffix = " on Spot" if way else ""
        for what, size, unit in (("vCPU", task.vcpu, "vcpu"), ("memory", task.memory, "memory")):
            name = f"fargate-{arm}{way}{unit}"
            yield sheet.line(f"tasks{suffix}: {what}", name, count * size, hours)
    if addressed:
        yield sheet.line("tasks: addresses", "public-ip", tasks, hours)


def _balancer(usage: Usage, sheet: PriceSheet) -> Iterator[LineItem]:
    yield sheet.line("load balancer", "load-balancer", 1, HOURS)
    yield sheet.line(
        "load balancer: capacity", "load-balancer-capacity", usage.lcu, HOURS, assumed="lcu"
    )
    yield sheet.line("load balancer: addresses", "public-ip", _ZONES, HOURS)


def _database(parameters: Mapping[str, str], standby: int, sheet: PriceSheet) -> Iterator[LineItem]:
    """Backups are free up to the database's own size. It runs while the tasks sleep."""
    yield sheet.line("database", f"rds-{parameters['DatabaseClass']}", standby, HOURS)
    storage = float(parameters["DatabaseStorage"])
    yield sheet.line("database: storage", "rds-storage", standby * storage)


def monitoring_lines(
    names: AwsResourceNames, environment: Environment, sheet: PriceSheet
) -> Iterator[LineItem]:
    """Of an environment's monitoring stack, but for its dashboard: an account has three free.

    An alarm over several metrics is charged for each of them.
    """
    rules = alarm_rules(alarm_dimensions(names, environment.ecs), environment.monitoring)
    yield sheet.line("alarms", "alarm", sum(len(rule.metrics) for rule in rules))
    yield sheet.line("composite alarms", "composite-alarm", len(composite_alarms(rules)))
    yield sheet.line("metrics from the log", "metric", _COUNTED)
    if environment.monitoring.encrypted:
        yield sheet.line("key of the alarms' messages", "key", 1)


def account_lines(
    parameters: Mapping[str, str], usage: Usage, sheet: PriceSheet
) -> Iterator[LineItem]:
    """Of the account's stack. Budgets, the identity provider and unusual cost's alerts are free."""
    count = images_kept_by(parameters["Lifecycle"])
    yield sheet.line("images", "images", count, usage.image_mb / 1000, assumed="image_mb")
    yield sheet.line("releases and receipts", "bucket", usage.releases_gb, assumed="releases_gb")


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
        environments = self.config.environments
        return tuple(
            name for name, environment in environments.items() if environment.platform == "ecs"
        )

    def environment(self, name: str) -> Estimate:
        """Of one environment, with what watches it. Raises ConfigError for levers that contradict,
        and where there is no such environment on AWS."""
        parameters = environment_parameters(self.config, name, _NOWHERE, RunningService())
        names = AwsResourceNames(self.config.application.name, name)
        watched = monitoring_lines(names, self.config.environments[name], self._sheet)
        stack = self.stack("environment", parameters)
        return Estimate(name, stack.lines + without_zero_items(watched))

    def account(self) -> Estimate:
        """Of what the environments share."""
        usage, sheet = self.config.cost.usage, self._sheet
        watched = [self.config.environments[name].monitoring for name in self.environments]
        dashboards = sum(monitoring.dashboard for monitoring in watched) - _FREE_DASHBOARDS
        traffic = usage.traffic_gb - _FREE_TRAFFIC
        more = (
            sheet.line("dashboards beyond three", "dashboard", dashboards),
            sheet.line("traffic beyond 100 GB", "traffic", traffic, assumed="traffic_gb"),
        )
        stack = self.stack(BOOTSTRAP, bootstrap_parameters(self.config, _NOWHERE))
        return Estimate(ACCOUNT, stack.lines + without_zero_items(more))

    def all(self) -> tuple[Estimate, ...]:
        """Every environment, and the account."""
        return (*map(self.environment, self.environments), self.account())

    def stack(self, kind: str, parameters: Mapping[str, str]) -> Estimate:
        """Of one stack alone, by its template's name and its parameters."""
        usage, sheet = self.config.cost.usage, self._sheet
        if kind == BOOTSTRAP:
            return Estimate(kind, without_zero_items(account_lines(parameters, usage, sheet)))
        name = parameters["Environment"]
        lines = environment_lines(parameters, self._task(name), usage, sheet)
        return Estimate(name, without_zero_items(lines))

    @property
    def _sheet(self) -> PriceSheet:
        return PriceSheet(self.prices)

    def _task(self, name: str) -> FargateTask:
        settings = self.config.environments[name]
        host = self.config.environments.get(settings.infrastructure.shares)
        secret_name = AwsResourceNames(self.config.application.name, name).secret
        own = tuple(f":secret:{secret_name(secret)}-" for secret in STACK_SECRETS)
        secrets = {
            ":".join(arn.split(":")[:7])
            for arn in settings.ecs.secrets.values()
            if _SECRET in arn and not any(fragment in arn for fragment in own)
        }
        return FargateTask(
            settings.ecs.cpu / 1024,
            settings.ecs.memory / 1024,
            len(secrets),
            addressed=not (host and host.infrastructure.nat),
        )


def make_estimator(config: Config, more: Mapping[str, Price] | None = None) -> Estimator:
    """With the project's own prices over Shipway's. more: over both. Raises ConfigError."""
    return Estimator(config, with_custom_prices(more or {}, with_custom_prices(config.cost.prices)))
