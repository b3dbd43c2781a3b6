"""From the configuration to the parameters of the stacks."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from zlib import crc32

from shipway.aws.names import TEST_HEADER, Account, AwsResourceNames, subject_claim
from shipway.config.aws import Infrastructure, Schedule
from shipway.config.schema import Config, Environment
from shipway.errors import ConfigError
from shipway.images.repository import lifecycle_policy, moving_tags, tag_patterns

# Levers that contradict each other, told by their key before AWS is asked for anything.

BOOTSTRAP = "bootstrap"  # the stack of all environments; no environment is called so
ACCOUNT = "account"  # the stack of what watches a whole account's cost; nor so
_LOAD_BALANCER = 32  # characters of a name: ElasticLoadBalancing's CreateTargetGroup
_PRIORITIES = 24_000  # pairs of rules: priorities go up to 50,000 (CreateRule)
_GROWTH = 1.1  # RDS wants room for a tenth at least (MaxAllocatedStorage)


def listener_rule_priority(environment: str) -> int:
    """The priority of an environment's test rule; its production rule has the next one.

    From the name alone, because a rule whose priority changes is written again.
    """
    return 1 + 2 * (crc32(environment.encode()) % _PRIORITIES)


def validated_infrastructure(config: Config, environment: str) -> Environment:
    """An environment whose levers go together. Raises ConfigError where they do not."""
    settings = config.environments.get(environment)
    if settings is None or settings.platform != "ecs":
        some = [name for name, other in config.environments.items() if other.platform == "ecs"]
        accepted = ", ".join((BOOTSTRAP, ACCOUNT, *some))
        raise ConfigError(
            f'there is no environment {environment} with platform = "ecs" in shipway.toml',
            f"Known here: {accepted}. Add [environments.{environment}], or correct the word.",
            code="wrong-platform",
        )
    _check(config, environment, AwsResourceNames(config.application.name, environment))
    return settings


def _check(config: Config, environment: str, names: AwsResourceNames) -> None:
    levers = config.environments[environment].infrastructure
    path = f"environments.{environment}.infrastructure"
    long = max((names.blue, names.green, names.load_balancer), key=len)
    if len(long) > _LOAD_BALANCER:
        raise ConfigError(
            f"{long} has {len(long)} characters; a load balancer's names have {_LOAD_BALANCER}",
            "Shorten application.name, or the environment's name.",
            code="invalid-setting",
        )
    if levers.min_tasks > levers.max_tasks:
        raise ConfigError(
            f"{path}: min_tasks is {levers.min_tasks}, max_tasks is {levers.max_tasks}",
            "Make max_tasks as large at least.",
            code="invalid-setting",
        )
    if levers.database.max_storage < levers.database.storage * _GROWTH:
        raise ConfigError(
            f"{path}.database: max_storage leaves storage no room to grow by a tenth",
            f"Make max_storage {round(levers.database.storage * _GROWTH + 0.5)} at least.",
            code="invalid-setting",
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
            code="invalid-setting",
        )
    if host.infrastructure.shares:
        raise ConfigError(
            f"{path}: {levers.shares} itself shares {host.infrastructure.shares}'s",
            f'Say shares = "{host.infrastructure.shares}".',
            code="invalid-setting",
        )
    if not levers.host:
        raise ConfigError(
            f"{path}: a shared load balancer tells environments apart by the name asked for",
            f'Say host = "{environment}.example.org" with a name of yours.',
            code="invalid-setting",
        )
    if levers.certificate and not host.infrastructure.certificate:
        raise ConfigError(
            f"{path}: {levers.shares} has no certificate, so its load balancer speaks HTTP only",
            f"Give {levers.shares} a certificate as well.",
            code="invalid-setting",
        )
    others = [
        name
        for name, other in config.environments.items()
        if name != environment
        and listener_rule_priority(name) == listener_rule_priority(environment)
        and levers.shares in (name, other.infrastructure.shares)
    ]
    if others:
        raise ConfigError(
            f"{path}: {environment} and {others[0]} would have the same rule's priority",
            "Give one of them another name.",
            code="invalid-setting",
        )


_MOVING = 4  # parameters of the template
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


RELEASE = "LiveTaskDefinition"  # the parameter that says what runs


@dataclass(frozen=True)
class RunningService:
    """What runs in an environment's stack. task_definition: its ARN, "" before a release.

    image: what that one runs, for people. at_rest: both rules send everything to blue, as the
    template has it: they can be written again without harm.
    """

    task_definition: str = ""
    image: str = ""
    at_rest: bool = True


def account_parameters(config: Config, monitor: str = "") -> dict[str, str]:
    """The parameters of the stack that watches cost. monitor: the ARN of the monitor of all
    services that the account has without this stack."""
    aws = config.aws
    return {"Budget": _number(aws.budget), "AlertTo": aws.alerts, "MonitorArn": monitor}


def bootstrap_parameters(
    config: Config, account: Account, *, has_provider: bool = False
) -> dict[str, str]:
    """The parameters of the stack of all environments. has_provider: GitHub's identity provider is
    there without this stack."""
    aws = config.aws
    names = AwsResourceNames(config.application.name, BOOTSTRAP)
    moved = moving_tags(config)
    tag_patterns(moved)  # refuses too many
    return {
        "Repository": names.repository,
        "Bucket": aws.bucket or names.bucket(account.number, account.region),
        "CreateProvider": _yes(aws.github_provider and not has_provider),
        **{f"MovingTag{number}": tag for number, tag in enumerate(_padded(moved), 1)},
        "Lifecycle": json.dumps(lifecycle_policy(moved, aws.images), separators=(",", ":")),
    }


def environment_parameters(
    config: Config, environment: str, account: Account, live: RunningService
) -> dict[str, str]:
    """The parameters of an environment's stack. Raises ConfigError for levers that contradict."""
    settings = validated_infrastructure(config, environment)
    levers, names = settings.infrastructure, AwsResourceNames(config.application.name, environment)
    start, stop = _schedule(levers.schedule, environment)
    test = listener_rule_priority(environment)
    database = levers.database
    return {
        "Environment": environment,
        "Prefix": names.prefix,
        "ServiceName": settings.ecs.service or names.service,
        "LogGroupName": settings.ecs.log_group or names.log_group,
        "SecretPrefix": names.secret(""),
        "HoldName": names.hold,
        "Repository": names.repository,
        "Bucket": config.aws.bucket or names.bucket(account.number, account.region),
        "Cidr": levers.cidr,
        "Nat": _yes(levers.nat),
        "MultiAz": _yes(levers.multi_az),
        "SharedStack": AwsResourceNames(names.application, levers.shares).stack
        if levers.shares
        else "",
        "Host": levers.host,
        "Certificate": levers.certificate,
        "TestPriority": str(test),
        "ProductionPriority": str(test + 1),
        "TestHeader": TEST_HEADER,
        "Container": settings.ecs.container,
        "ContainerPort": str(settings.ecs.container_port),
        "HealthPath": config.application.health,
        "HealthCodes": config.application.health_codes,
        "Protocol": config.application.protocol.upper(),
        "Architecture": settings.ecs.architecture.upper(),
        "OnDemandWeight": _number(100 - round(levers.spot)),
        "SpotWeight": _number(round(levers.spot)),
        RELEASE: live.task_definition,
        "ContainerInsights": levers.insights,
        "Scaled": _yes(bool(live.task_definition)),
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
        "GithubSubject": subject_claim(config.github, environment)
        if config.github.repository
        else "",
        "GithubRepositoryId": config.github.repository_id,
    }


def stack_tags(config: Config, environment: str) -> dict[str, str]:
    """The tags of everything in a stack: by them cost is told apart (docs/infrastructure.md)."""
    values = {
        "application": config.application.name,
        "environment": environment,
        "owner": config.aws.owner,
        "cost-centre": config.aws.cost_centre,
        "managed-by": "shipway",
    }
    return {key: value for key, value in values.items() if value}


def _schedule(schedule: Schedule, environment: str) -> tuple[str, str]:
    """When it is started and stopped, as Application Auto Scaling writes it ("cron(...)")."""
    if not (schedule.start or schedule.stop):
        return "", ""
    path = f"environments.{environment}.infrastructure.schedule"
    expressions = []
    for key, text in (("start", schedule.start), ("stop", schedule.stop)):
        time = _TIME.fullmatch(text)
        if not time:
            raise ConfigError(
                f"{path}.{key}: found {text!r}", 'Write it as "07:00".', code="invalid-setting"
            )
        expressions.append(f"cron({int(time[2])} {int(time[1])} ? * {schedule.days} *)")
    return expressions[0], expressions[1]


def _padded(tags: tuple[str, ...]) -> list[str]:
    return [*tags, *[""] * (_MOVING - len(tags))]


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _number(value: float) -> str:
    return f"{value:g}"
