"""The platform of an environment: this machine, or Amazon ECS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipway.cli.project import Project
from shipway.rollouts.platform import Platform
from shipway.system.clock import SystemClock
from shipway.system.http import RealHttp

if TYPE_CHECKING:
    from shipway.rollouts.local.platform import LocalPlatform


def open_platform(project: Project, environment: str) -> Platform:
    """As configured; nothing is asked yet. Raises ConfigError where there is no such one."""
    factory = _ecs if ecs_platform(project, environment) else local_platform
    return factory(project, environment)


def ecs_platform(project: Project, environment: str) -> bool:
    """Whether an environment is on AWS."""
    settings = project.config.environments.get(environment)
    return settings is not None and settings.platform == "ecs"


def local_platform(project: Project, environment: str) -> LocalPlatform:
    """This machine, for what only processes can do. Raises as `platform` does."""
    from shipway.rollouts.local.platform import LocalPlatform
    from shipway.system.process import SystemProcesses

    return LocalPlatform(
        project.config,
        environment,
        project.state,
        SystemProcesses(),
        RealHttp(),
        SystemClock(),
        project.record,
    )


def _ecs(project: Project, environment: str) -> Platform:
    from shipway.aws.clients import AwsClients
    from shipway.cli.ecs_dependencies import task_definition_ops
    from shipway.rollouts.ecs.platform import EcsPlatform

    clients = AwsClients(project.config.aws)
    return EcsPlatform(
        project.config,
        environment,
        clients,
        SystemClock(),
        RealHttp(),
        project.record,
        task_definition_ops(project, clients),
    )
