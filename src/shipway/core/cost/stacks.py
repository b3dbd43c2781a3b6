"""What the stacks' resources are charged for, from the very parameters they are made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shipway.core.alarms.catalogue import catalogue
from shipway.core.alarms.composite import composites
from shipway.core.alarms.lines import REFUSED
from shipway.core.alarms.place import place
from shipway.core.config import Environment
from shipway.core.cost.hours import running_hours
from shipway.core.cost.line import HOURS, Line, Sheet
from shipway.core.naming import Names
from shipway.core.settings.cost import Usage

STACK_SECRETS = ("SECRET_KEY", "PGPASSWORD")  # beside the one of the database's master
_ZONES = 2  # a load balancer has an address in each
_COUNTED = 5 + len(REFUSED)  # metrics from log lines: docs/monitoring.md
_YEAR = 365.0 / 12.0  # days of a month


@dataclass(frozen=True)
class Task:
    """What a stack's parameters do not say of its tasks.

    vcpu: of one task. memory: GB. secrets: kept in Secrets Manager beside those of the stack.
    addressed: whether a task has a public address where the stack does not say so itself.
    """

    vcpu: float
    memory: float
    secrets: int = 0
    addressed: bool = True


def environment_lines(
    parameters: Mapping[str, str], task: Task, usage: Usage, sheet: Sheet
) -> Iterator[Line]:
    """Of an environment's stack. parameters: core/infrastructure/parameters.py."""
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
    kept = usage.logs_gb * float(parameters["LogDays"]) / _YEAR
    yield sheet.line("log: written", "logs-written", usage.logs_gb, assumed="logs_gb")
    yield sheet.line("log: kept", "logs-kept", kept, assumed="logs_gb")
    yield sheet.line("secrets", "secret", len(STACK_SECRETS) + owns + task.secrets)
    yield sheet.line("the application's own metrics", "metric", usage.metrics, assumed="metrics")
    if parameters["ContainerInsights"] != "disabled":
        yield sheet.line("Container Insights", "insights", 1)


def _tasks(
    parameters: Mapping[str, str], task: Task, sheet: Sheet, *, addressed: bool
) -> Iterator[Line]:
    """As many as there are at least: more come when CPU asks for them, and go again."""
    hours = running_hours(parameters["StartAt"], parameters["StopAt"])
    tasks = int(parameters["MinTasks"])
    weights = {"": float(parameters["OnDemandWeight"]), "spot-": float(parameters["SpotWeight"])}
    arm = "arm-" if parameters["Architecture"] == "ARM64" else ""
    for way, weight in weights.items():
        count = tasks * weight / (sum(weights.values()) or 1.0)
        words = " on Spot" if way else ""
        for what, size, unit in (("vCPU", task.vcpu, "vcpu"), ("memory", task.memory, "memory")):
            name = f"fargate-{arm}{way}{unit}"
            yield sheet.line(f"tasks{words}: {what}", name, count * size, hours)
    if addressed:
        yield sheet.line("tasks: addresses", "public-ip", tasks, hours)


def _balancer(usage: Usage, sheet: Sheet) -> Iterator[Line]:
    yield sheet.line("load balancer", "load-balancer", 1, HOURS)
    yield sheet.line(
        "load balancer: capacity", "load-balancer-capacity", usage.lcu, HOURS, assumed="lcu"
    )
    yield sheet.line("load balancer: addresses", "public-ip", _ZONES, HOURS)


def _database(parameters: Mapping[str, str], standby: int, sheet: Sheet) -> Iterator[Line]:
    """Backups are free up to the database's own size. It runs while the tasks sleep."""
    yield sheet.line("database", f"rds-{parameters['DatabaseClass']}", standby, HOURS)
    storage = float(parameters["DatabaseStorage"])
    yield sheet.line("database: storage", "rds-storage", standby * storage)


def monitoring_lines(names: Names, environment: Environment, sheet: Sheet) -> Iterator[Line]:
    """Of an environment's monitoring stack, but for its dashboard: an account has three free.

    An alarm over several metrics is charged for each of them.
    """
    rules = catalogue(place(names, environment.ecs), environment.monitoring)
    yield sheet.line("alarms", "alarm", sum(len(rule.metrics) for rule in rules))
    yield sheet.line("composite alarms", "composite-alarm", len(composites(rules)))
    yield sheet.line("metrics from the log", "metric", _COUNTED)
    if environment.monitoring.encrypted:
        yield sheet.line("key of the alarms' messages", "key", 1)


def account_lines(parameters: Mapping[str, str], usage: Usage, sheet: Sheet) -> Iterator[Line]:
    """Of the account's stack. Budgets, the identity provider and unusual cost's alerts are free."""
    kept = int(parameters["KeptImages"])
    yield sheet.line("images", "images", kept, usage.image_mb / 1000, assumed="image_mb")
    yield sheet.line("releases and receipts", "bucket", usage.releases_gb, assumed="releases_gb")
