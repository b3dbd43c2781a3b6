"""Levers that contradict each other, told by their key before AWS is asked for anything."""

from __future__ import annotations

from zlib import crc32

from shipway.core.config import Config, Environment
from shipway.core.errors import ConfigError
from shipway.core.naming import Names
from shipway.core.settings.infrastructure import Infrastructure

BOOTSTRAP = "bootstrap"  # the stack of the account; no environment is called so
_LOAD_BALANCER = 32  # characters of a name: ElasticLoadBalancing's CreateTargetGroup
_PRIORITIES = 24_000  # pairs of rules: priorities go up to 50,000 (CreateRule)
_GROWTH = 1.1  # RDS wants room for a tenth at least (MaxAllocatedStorage)


def priority(environment: str) -> int:
    """The priority of an environment's test rule; its production rule has the next one.

    From the name alone, because a rule whose priority changes is written again.
    """
    return 1 + 2 * (crc32(environment.encode()) % _PRIORITIES)


def agreed(config: Config, environment: str) -> Environment:
    """An environment whose levers go together. Raises ConfigError where they do not."""
    here = config.environments.get(environment)
    if here is None or here.platform != "ecs":
        some = [name for name, one in config.environments.items() if one.platform == "ecs"]
        known = ", ".join((BOOTSTRAP, *some))
        raise ConfigError(
            f'there is no environment {environment} with platform = "ecs" in shipway.toml',
            f"Known here: {known}. Add [environments.{environment}], or correct the word.",
        )
    _check(config, environment, Names(config.application.name, environment))
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
