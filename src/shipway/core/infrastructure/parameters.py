"""From the configuration to the parameters of the stacks."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from shipway.core.account import Account
from shipway.core.config import Config
from shipway.core.errors import ConfigError
from shipway.core.identity import subject
from shipway.core.images.repository import lifecycle, moving, patterns
from shipway.core.infrastructure.contradictions import BOOTSTRAP, agreed, priority
from shipway.core.naming import TEST_HEADER, Names
from shipway.core.settings.infrastructure import Schedule

_MOVING = 4  # parameters of the template
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


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
    moved = moving(config)
    patterns(moved)  # refuses too many
    return {
        "Repository": names.repository,
        "Bucket": aws.bucket or names.bucket(account.number, account.region),
        "CreateProvider": _yes(aws.github_provider),
        **{f"MovingTag{number}": tag for number, tag in enumerate(_padded(moved), 1)},
        "Lifecycle": json.dumps(lifecycle(moved, aws.images), separators=(",", ":")),
        "Budget": _number(aws.budget),
        "AlertTo": aws.alerts,
    }


def environment_parameters(
    config: Config, environment: str, account: Account, live: Live
) -> dict[str, str]:
    """The parameters of an environment's stack. Raises ConfigError for levers that contradict."""
    here = agreed(config, environment)
    levers, names = here.infrastructure, Names(config.application.name, environment)
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


def _padded(tags: tuple[str, ...]) -> list[str]:
    return [*tags, *[""] * (_MOVING - len(tags))]


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _number(value: float) -> str:
    return f"{value:g}"
