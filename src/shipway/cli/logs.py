"""`shipway logs`: the words it takes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from json import dumps

from shipway.aws.clients import AwsClients
from shipway.aws.errors import translate_aws_errors
from shipway.aws.names import AwsResourceNames
from shipway.cli.arguments import add_environment, add_json
from shipway.cli.hold import environment_named
from shipway.cli.parser import Parser
from shipway.cli.platforms import local_platform
from shipway.cli.project import Project, open_project
from shipway.config.schema import Environment
from shipway.pipeline.command_line import command_line
from shipway.reports.sanitize import log_line
from shipway.rollouts.ecs.logs import LogTail
from shipway.rollouts.local.instances import InstanceLogTail
from shipway.system.clock import SystemClock

# `logs` carried out.

_BACK = 600.0  # seconds of the past that are shown of an environment on ECS
Show = Callable[[str, str], None]  # (whose, line)


def logs(*, directory: str, environment: str, follow: bool, json: bool) -> int:
    """Print the last lines of every instance's log, and those that come; the exit code."""
    project = open_project(directory)
    settings = environment_named(project, environment)
    show = _object if json else _text
    if settings.platform == "ecs":
        _of_ecs(project, environment, settings, show, follow=follow)
    else:
        _of_here(project, environment, show, follow=follow, titled=not json)
    return 0


def _text(whose: str, line: str) -> None:
    print(f"{whose}  {log_line(line)}", flush=True)


def _object(whose: str, line: str) -> None:
    print(dumps({"instance": whose, "line": line}), flush=True)


def _of_here(project: Project, environment: str, show: Show, *, follow: bool, titled: bool) -> None:
    """titled: what is there already comes under the name of its instance."""
    platform = local_platform(project, environment)
    following = InstanceLogTail(platform.environment.instances)
    following.skip(
        platform.running
    )  # before the last lines are read: none is shown twice or missed
    tails = list(platform.logs())
    for title, lines in tails:
        if titled:
            print("\n".join((f"== {title}", *map(log_line, lines))), flush=True)
        else:
            for line in lines:
                show(title, line)
    if not tails:
        start = project.invocation().command(command_line("run"))
        print(f"{environment}: nothing runs; start it with {start}", file=sys.stderr)
    if follow:
        following.follow(SystemClock(), lambda: local_platform(project, environment).running, show)


def _of_ecs(
    project: Project, environment: str, settings: Environment, show: Show, *, follow: bool
) -> None:
    clock = SystemClock()
    group = settings.ecs.log_group or AwsResourceNames(project.name, environment).log_group
    lines = LogTail(AwsClients(project.config.aws), group)
    with translate_aws_errors():
        lines.follow(
            clock,
            clock.now() - _BACK,
            lambda line: show(line.task, line.text),
            lambda: not follow,
        )


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("logs", _logs, logs)


def _logs(parser: Parser) -> None:
    """Show the last lines of every instance's log; with -f those that come, until Ctrl-C.

    Example: shipway logs production -f
    """
    add_environment(parser, default="local")
    parser.add("--follow", "-f", action="store_true", help="Go on showing lines as they come.")
    add_json(parser, "Print each line as an object: instance, line.")
