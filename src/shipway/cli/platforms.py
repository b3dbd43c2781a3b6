"""The platform of an environment: this machine, or Amazon ECS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipway.cli.project import Project
from shipway.core.platform import Platform
from shipway.effects.clock import SystemClock
from shipway.effects.http import RealHttp

if TYPE_CHECKING:
    from shipway.platforms.local.platform import LocalPlatform


def platform(project: Project, environment: str) -> Platform:
    """As configured; nothing is asked yet. Raises ConfigError where there is no such one."""
    made = _ecs if on_ecs(project, environment) else local
    return made(project, environment)


def on_ecs(project: Project, environment: str) -> bool:
    """Whether an environment is on AWS."""
    settings = project.config.environments.get(environment)
    return settings is not None and settings.platform == "ecs"


def local(project: Project, environment: str) -> LocalPlatform:
    """This machine, for what only processes can do. Raises as `platform` does."""
    from shipway.effects.process import SystemProcesses
    from shipway.platforms.local.platform import LocalPlatform

    return LocalPlatform(
        project.config, environment, project.state, SystemProcesses(), RealHttp(),
        SystemClock(), project.record,
    )  # fmt: skip


def _ecs(project: Project, environment: str) -> Platform:
    from shipway.cli.ecs_parts import tools
    from shipway.effects.aws import AwsClients
    from shipway.platforms.ecs.platform import EcsPlatform

    clients = AwsClients(project.config.aws)
    return EcsPlatform(
        project.config, environment, clients, SystemClock(), RealHttp(), project.record,
        tools(project, clients),
    )  # fmt: skip
