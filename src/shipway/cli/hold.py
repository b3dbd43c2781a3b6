"""`shipway hold`: the words it takes."""

from __future__ import annotations

import json as json_module

from shipway.aws.clients import AwsClients
from shipway.cli.arguments import add_environment, add_json
from shipway.cli.parser import Parser
from shipway.cli.project import Project, open_project
from shipway.config.names import unknown_environment
from shipway.config.schema import Environment
from shipway.errors import ConfigError
from shipway.ports import FreezeStore
from shipway.reports.sanitize import one_line
from shipway.rollouts.deploy_freeze import (
    LONGEST,
    DeployFreeze,
    EnvironmentFrozen,
    freeze_from_json,
    freeze_to_json,
)
from shipway.rollouts.ecs.freeze_store import SsmFreezeStore
from shipway.system.clock import SystemClock
from shipway.system.user import current_user

# `hold` carried out, and asked by every deploy.


def hold(*, directory: str, environment: str, reason: str, release: bool, json: bool) -> int:
    """Hold an environment, release it, or show its hold; the exit code."""
    project = open_project(directory)
    store = freeze_store(project, environment)
    if reason and release:
        raise ConfigError("--reason and --release contradict each other", "Give one of them.")
    message = ""
    if release:
        before = store.hold(environment)
        store.release_hold(environment)
        message = f"{environment} is released" if before else f"{environment} was not held"
        current = None
    elif reason:
        current = DeployFreeze(
            environment, one_line(reason.strip(), LONGEST), current_user(), SystemClock().now()
        )
        store.put_hold(environment, freeze_to_json(current))
    else:
        current = freeze_from_json(environment, store.hold(environment))
    if json:
        print(json_module.dumps({"hold": current.to_dict() if current else None}, indent=2))
    else:
        print(message or (current.description if current else f"{environment} is not held"))
    return 0


def raise_if_frozen(project: Project, environment: str) -> None:
    """Raises EnvironmentFrozen where nobody may deploy to the environment."""
    hold = freeze_from_json(environment, freeze_store(project, environment).hold(environment))
    if hold is not None:
        raise EnvironmentFrozen(hold)


def freeze_store(project: Project, environment: str) -> FreezeStore:
    """Where the environment's hold is kept. Raises ConfigError for an unknown environment."""
    settings = environment_named(project, environment)
    if settings.platform != "ecs":
        return project.record

    return SsmFreezeStore(AwsClients(project.config.aws), project.name)


def environment_named(project: Project, name: str) -> Environment:
    """The settings of an environment. Raises ConfigError where none has the name."""
    configured = project.config.environments
    if name not in configured:
        raise unknown_environment(name, configured)
    return configured[name]


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("hold", _hold, hold)


def _hold(parser: Parser) -> None:
    """Let nobody deploy to an environment until it is released. Without options: show the hold.

    An environment on ECS is held for every machine, by a parameter in SSM; another one for this
    machine, in the record. Going back (shipway rollback) is never held.

    Example: shipway hold production --reason "the election is counted"
    """
    add_environment(parser)
    parser.add("--reason", default="", help="Why nobody may deploy now.")
    parser.add("--release", action="store_true", help="Let deploys through again.")
    add_json(parser)
