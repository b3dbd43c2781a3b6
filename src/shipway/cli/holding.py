"""`hold` carried out, and asked by every deploy."""

from __future__ import annotations

import json as json_module

from shipway.cli.project import Project, open_project
from shipway.core.config import Environment
from shipway.core.errors import ConfigError
from shipway.core.hold import LONGEST, Held, Hold, dump_hold, load_hold
from shipway.core.ports import Holds
from shipway.effects.clock import SystemClock
from shipway.effects.who import owner


def hold(*, directory: str, environment: str, reason: str, release: bool, json: bool) -> int:
    """Hold an environment, release it, or show its hold; the exit code."""
    project = open_project(directory)
    kept = holds(project, environment)
    if reason and release:
        raise ConfigError("--reason and --release contradict each other", "Give one of them.")
    said = ""
    if release:
        before = kept.hold(environment)
        kept.release_hold(environment)
        said = f"{environment} is released" if before else f"{environment} was not held"
        found = None
    elif reason:
        found = Hold(environment, _one_line(reason), owner(), SystemClock().now())
        kept.put_hold(environment, dump_hold(found))
    else:
        found = load_hold(environment, kept.hold(environment))
    if json:
        print(json_module.dumps({"hold": found.to_dict() if found else None}, indent=2))
    else:
        print(said or (found.words if found else f"{environment} is not held"))
    return 0


def refuse_held(project: Project, environment: str) -> None:
    """Raises Held where nobody may deploy to the environment."""
    found = load_hold(environment, holds(project, environment).hold(environment))
    if found is not None:
        raise Held(found)


def holds(project: Project, environment: str) -> Holds:
    """Where the environment's hold is kept. Raises ConfigError for an unknown environment."""
    settings = environment_of(project, environment)
    if settings.platform != "ecs":
        return project.record
    from shipway.effects.aws import AwsClients
    from shipway.platforms.ecs.holds import SsmHolds

    return SsmHolds(AwsClients(project.config.aws), project.name)


def environment_of(project: Project, name: str) -> Environment:
    """The settings of an environment. Raises ConfigError where none has the name."""
    known = project.config.environments
    if name not in known:
        raise ConfigError(
            f"no environment is named {name!r}",
            f"Configured: {', '.join(known) or 'none'}. See shipway.toml.",
        )
    return known[name]


def _one_line(reason: str) -> str:
    from shipway.outputs.clean import one_line

    return one_line(reason.strip(), LONGEST)
