"""The platform of an environment: this machine, or Amazon ECS."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from shipway.cli.project import Project
from shipway.ports import Command
from shipway.rollouts.platform import Platform
from shipway.system.clock import SystemClock
from shipway.system.http import RealHttp
from shipway.system.process import SystemProcesses

if TYPE_CHECKING:
    from shipway.rollouts.local.platform import LocalPlatform


def open_platform(project: Project, environment: str) -> Platform:
    """As configured; nothing is asked yet. Raises ConfigError where there is no such one."""
    if not ecs_platform(project, environment):
        return local_platform(project, environment)
    # Each platform is large, and a command needs one of them.
    from shipway.cli.ecs_dependencies import open_ecs_platform

    return open_ecs_platform(project, environment)


def ecs_platform(project: Project, environment: str) -> bool:
    """Whether an environment is on AWS."""
    settings = project.config.environments.get(environment)
    return settings is not None and settings.platform == "ecs"


def local_platform(project: Project, environment: str) -> LocalPlatform:
    """This machine, for what only processes can do. Raises as `platform` does."""
    from shipway.rollouts.local.platform import LocalPlatform

    def take_back(number: int) -> Command:
        module = ("-P", "-m", "shipway.cli.abandoned")
        argv = (sys.executable, *module, project.root, environment, str(number))
        # The secrets that instances take from whoever deploys are variables.
        return Command(argv, project.root, dict(os.environ))

    platform = LocalPlatform(
        project.config,
        environment,
        project.state,
        SystemProcesses(),
        RealHttp(),
        SystemClock(),
        project.record,
    )
    platform.environment.successor = take_back
    return platform
