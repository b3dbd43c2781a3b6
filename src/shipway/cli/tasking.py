"""`task` carried out."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Callable, Sequence

from shipway.cli.holding import environment_of
from shipway.cli.project import Project, open_project
from shipway.core.config import Environment
from shipway.core.errors import ConfigError
from shipway.core.naming import Names
from shipway.effects.clock import SystemClock
from shipway.outputs.clean import log_line

Show = Callable[[str], None]


def task(*, directory: str, environment: str, command: list[str], json: bool) -> int:
    """Run one command in an environment; 1 when it fails."""
    project = open_project(directory)
    settings = environment_of(project, environment)
    stream = sys.stderr if json else sys.stdout

    def show(line: str) -> None:
        print(log_line(line), file=stream, flush=True)

    run = _on_ecs if settings.platform == "ecs" else _here
    code, reason, remedy = run(project, environment, settings, command, show)
    if json:
        print(json_module.dumps({"code": code, "reason": reason}, indent=2))
    elif code != 0:
        sys.stderr.write(f"shipway: the command failed: {reason}\n")
        if remedy:
            sys.stderr.write(f"  next: {project.invocation(environment).text(remedy)}\n")
    return 0 if code == 0 else 1


def _here(
    project: Project, environment: str, settings: Environment, command: Sequence[str], show: Show
) -> tuple[int | None, str, str]:
    from shipway.cli.platforms import local

    here = local(project, environment)
    if here.serves is None:
        raise ConfigError(
            f"{environment} has no release to run it with", "Roll one out: shipway run."
        )
    done = here.site.instances.task(here.serves, command, show)
    why = "it was ended after an hour" if done.timed_out else f"exit code {done.code}"
    return done.code, "" if done.code == 0 else why, ""


def _on_ecs(
    project: Project, environment: str, settings: Environment, command: Sequence[str], show: Show
) -> tuple[int | None, str, str]:
    from shipway.effects.aws import AwsClients
    from shipway.effects.aws_errors import in_words
    from shipway.platforms.ecs.oneoff import run_task, serving

    clients = AwsClients(project.config.aws)
    with in_words():
        service = serving(clients, settings, Names(project.name, environment))
        ended = run_task(
            clients, SystemClock(), service, service["taskDefinition"], settings.ecs.container,
            command, show,
        )  # fmt: skip
    return ended.code, ended.reason, ended.remedy
