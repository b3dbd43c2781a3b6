"""From the configuration to the parameters of the stacks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zlib import crc32

from shipway.core.account import Account
from shipway.core.config import Config, Environment
from shipway.core.errors import ConfigError
from shipway.core.identity import subject
from shipway.core.naming import TEST_HEADER, Names
from shipway.core.settings.infrastructure import Infrastructure, Schedule

BOOTSTRAP = "bootstrap"  # the stack of the account; no environment is called so
_LOAD_BALANCER = 32  # characters of a name: ElasticLoadBalancing's CreateTargetGroup
_PRIORITIES = 24_000  # pairs of rules: priorities go up to 50,000 (CreateRule)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_GROWTH = 1.1  # RDS wants room for a tenth at least (MaxAllocatedStorage)


@dataclass(frozen=True)
class Live:
    """What runs in an environment's stack. task_definition: its ARN, "" before a release.

    image: what that one runs, for people. at_rest: both rules send everything to blue, as the
    template has it: they can be written again without harm.
    """

    task_definition: str = ""
    image: str = ""
    at_rest: bool = True


def bootstrap_parameters(config: Config, account: Account) -> dict[str, str]:
    """The parameters of the account's stack."""
    aws = config.aws
    names = Names(config.application.name, BOOTSTRAP)
    return {
        "Repository": names.repository,
        "Bucket": aws.bucket or names.bucket(account.number, account.region),
        "CreateProvider": _yes(aws.github_provider),
        "KeptImages": str(aws.images),
        "Budget": _number(aws.budget),
        "AlertTo": aws.alerts,
    }


def environment_parameters(
    config: Config, environment: str, account: Account, live: Live
) -> dict[str, str]:
    """The parameters of an environment's stack. Raises ConfigError for levers that contradict."""
    here = _found(config, environment)
    levers, names = here.infrastructure, Names(config.application.name, environment)
    _check(config, environment, names)
    start, stop = _schedule(levers.schedule, environment)
    test = priority(environment)
    database = levers.database
    return {
        "Environment": environment,
        "Prefix": names.prefix,
        "ServiceName": here.ecs.service or names.service,
        "LogGroupName": here.ecs.log_group or names.log_group,
        "SecretPrefix": names.secret(""),
        "HoldName": names.hold,
        "Repository": names.repository,
        "Bucket": config.aws.bucket or names.bucket(account.number, account.region),
        "Cidr": levers.cidr,
        "Nat": _yes(levers.nat),
        "MultiAz": _yes(levers.multi_az),
        "SharedStack": Names(names.application, levers.shares).stack if levers.shares else "",
        "Host": levers.host,
        "Certificate": levers.certificate,
        "TestPriority": str(test),
        "ProductionPriority": str(test + 1),
        "TestHeader": TEST_HEADER,
        "Container": here.ecs.container,
        "ContainerPort": str(here.ecs.container_port),
        "HealthPath": config.application.health,
        "Architecture": here.ecs.architecture.upper(),
        "OnDemandWeight": _number(100 - round(levers.spot)),
        "SpotWeight": _number(round(levers.spot)),
        "LiveTaskDefinition": live.task_definition,
        "ContainerInsights": levers.insights,
        "MinTasks": str(levers.min_tasks),
        "MaxTasks": str(levers.max_tasks),
        "CpuTarget": _number(levers.cpu_target),
        "StartAt": start,
        "StopAt": stop,
        "TimeZone": levers.schedule.timezone,
        "DatabaseIdentifier": database.identifier or names.database,
        "DatabaseClass": database.instance,
        "DatabaseStorage": str(database.storage),
        "DatabaseMaxStorage": str(database.max_storage),
        "DatabaseVersion": database.version,
        "DatabaseBackupDays": str(database.backup_days),
        "DatabaseSnapshot": database.snapshot,
        "Protection": "true" if levers.protected else "false",
        "Redis": _yes(levers.redis),
        "RedisNode": levers.redis_node,
        "LogDays": str(levers.log_days),
        "GithubSubject": subject(config.github, environment) if config.github.repository else "",
        "GithubRepositoryId": config.github.repository_id,
    }


def tags(config: Config, environment: str) -> dict[str, str]:
    """The tags of everything in a stack: by them cost is told apart (docs/infrastructure.md)."""
    found = {
        "application": config.application.name,
        "environment": environment,
        "owner": config.aws.owner,
        "cost-centre": config.aws.cost_centre,
        "managed-by": "shipway",
    }
    return {key: value for key, value in found.items() if value}


def priority(environment: str) -> int:
    """The priority of an environment's test rule; its production rule has the next one.

    From the name alone, because a rule whose priority changes is written again.
    """
    return 1 + 2 * (crc32(environment.encode()) % _PRIORITIES)


def _found(config: Config, environment: str) -> Environment:
    here = config.environments.get(environment)
    if here is None or here.platform != "ecs":
        some = [name for name, one in config.environments.items() if one.platform == "ecs"]
        known = ", ".join((BOOTSTRAP, *some))
        raise ConfigError(
            f'there is no environment {environment} with platform = "ecs" in shipway.toml',
            f"Known here: {known}. Add [environments.{environment}], or correct the word.",
        )
    return here


def _check(config: Config, environment: str, names: Names) -> None:
    levers = config.environments[environment].infrastructure
    path = f"environments.{environment}.infrastructure"
    long = max((names.blue, names.green, names.load_balancer), key=len)
    if len(long) > _LOAD_BALANCER:
        raise ConfigError(
            f"{long} has {len(long)} characters; a load balancer's names have {_LOAD_BALANCER}",
            "Shorten application.name, or the environment's name.",
        )
    if levers.min_tasks > levers.max_tasks:
        raise ConfigError(
            f"{path}: min_tasks is {levers.min_tasks}, max_tasks is {levers.max_tasks}",
            "Make max_tasks as large at least.",
        )
    if levers.database.max_storage < levers.database.storage * _GROWTH:
        raise ConfigError(
            f"{path}.database: max_storage leaves storage no room to grow by a tenth",
            f"Make max_storage {round(levers.database.storage * _GROWTH + 0.5)} at least.",
        )
    if levers.shares:
        _check_sharing(config, environment, levers)


def _check_sharing(config: Config, environment: str, levers: Infrastructure) -> None:
    path = f"environments.{environment}.infrastructure.shares"
    host = config.environments.get(levers.shares)
    if host is None or host.platform != "ecs" or levers.shares == environment:
        raise ConfigError(
            f"{path}: there is no other environment {levers.shares} on ecs",
            "Name one whose load balancer and database are to be used.",
        )
    if host.infrastructure.shares:
        raise ConfigError(
            f"{path}: {levers.shares} itself shares {host.infrastructure.shares}'s",
            f'Say shares = "{host.infrastructure.shares}".',
        )
    if not levers.host:
        raise ConfigError(
            f"{path}: a shared load balancer tells environments apart by the name asked for",
            f'Say host = "{environment}.example.org" with a name of yours.',
        )
    if levers.certificate and not host.infrastructure.certificate:
        raise ConfigError(
            f"{path}: {levers.shares} has no certificate, so its load balancer speaks HTTP only",
            f"Give {levers.shares} a certificate as well.",
        )
    others = [
        name for name, one in config.environments.items()
        if name != environment and priority(name) == priority(environment)
        and levers.shares in (name, one.infrastructure.shares)
    ]  # fmt: skip
    if others:
        raise ConfigError(
            f"{path}: {environment} and {others[0]} would have the same rule's priority",
            "Give one of them another name.",
        )


def _schedule(schedule: Schedule, environment: str) -> tuple[str, str]:
    """When it is started and stopped, as Application Auto Scaling writes it ("cron(...)")."""
    if not (schedule.start or schedule.stop):
        return "", ""
    path = f"environments.{environment}.infrastructure.schedule"
    found = []
    for key, text in (("start", schedule.start), ("stop", schedule.stop)):
        time = _TIME.fullmatch(text)
        if not time:
            raise ConfigError(f"{path}.{key}: found {text!r}", 'Write it as "07:00".')
        found.append(f"cron({int(time[2])} {int(time[1])} ? * {schedule.days} *)")
    return found[0], found[1]


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _number(value: float) -> str:
    return f"{value:g}"
