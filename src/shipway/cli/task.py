"""`shipway task`: the words it takes."""

from __future__ import annotations

import json as json_module
import sys
from argparse import REMAINDER
from collections.abc import Callable, Sequence

from shipway.aws.clients import AwsClients
from shipway.aws.errors import translate_aws_errors
from shipway.aws.names import AwsResourceNames
from shipway.cli.arguments import add_environment, add_json
from shipway.cli.hold import environment_named
from shipway.cli.parser import Parser, Rest
from shipway.cli.platforms import local_platform
from shipway.cli.project import Project, open_project
from shipway.config.schema import Environment
from shipway.errors import ConfigError
from shipway.reports.sanitize import log_line
from shipway.rollouts.ecs.one_off_task import run_task, running_ecs_service
from shipway.system.clock import SystemClock

# `task` carried out.

Show = Callable[[str], None]


def task(*, directory: str, environment: str, command: list[str], json: bool) -> int:
    """Run one command in an environment; 1 when it fails."""
    project = open_project(directory)
    settings = environment_named(project, environment)
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
    platform = local_platform(project, environment)
    if platform.serves is None:
        raise ConfigError(
            f"{environment} has no release to run it with",
            "Roll one out: shipway run.",
            code="no-release",
        )
    done = platform.environment.instances.task(platform.serves, command, show)
    why = "it was ended after an hour" if done.timed_out else f"exit code {done.code}"
    return done.code, "" if done.code == 0 else why, ""


def _on_ecs(
    project: Project, environment: str, settings: Environment, command: Sequence[str], show: Show
) -> tuple[int | None, str, str]:
    clients = AwsClients(project.config.aws)
    with translate_aws_errors():
        service = running_ecs_service(
            clients, settings, AwsResourceNames(project.name, environment)
        )
        ended = run_task(
            clients,
            SystemClock(),
            service,
            service["taskDefinition"],
            settings.ecs.container,
            command,
            show,
        )
    return ended.code, ended.reason, ended.remedy


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("task", _task, task)


def _task(parser: Parser) -> None:
    """Run one command in an environment, with the release that serves there, and wait for it.

    On ECS it is a task of its own. Everybody who may look at tasks sees the command's words: no
    secrets in them. Exit code 1 when the command fails.

    Example: shipway task production -- flask --app main db current
    """
    add_environment(parser)
    parser.add(
        "command",
        action=Rest,
        nargs=REMAINDER,
        metavar="-- COMMAND",
        help="The command and its words.",
    )
    add_json(parser, "Print JSON at the end; lines go to standard error.")
