"""`logs` carried out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from json import dumps

from shipway.cli.holding import environment_of
from shipway.cli.project import Project, open_project
from shipway.core.command_line import command_line
from shipway.core.config import Environment
from shipway.core.naming import Names
from shipway.effects.clock import SystemClock
from shipway.outputs.clean import log_line

_BACK = 600.0  # seconds of the past that are shown of an environment on ECS
Show = Callable[[str, str], None]  # (whose, line)


def logs(*, directory: str, environment: str, follow: bool, json: bool) -> int:
    """Print the last lines of every instance's log, and those that come; the exit code."""
    project = open_project(directory)
    settings = environment_of(project, environment)
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
    from shipway.cli.platforms import local
    from shipway.platforms.local.following import Following

    here = local(project, environment)
    following = Following(here.site.instances)
    following.skip(here.running)  # before the last lines are read: none is shown twice or missed
    known = list(here.logs())
    for title, lines in known:
        if titled:
            print("\n".join((f"== {title}", *map(log_line, lines))), flush=True)
        else:
            for line in lines:
                show(title, line)
    if not known:
        start = project.invocation().command(command_line("run"))
        print(f"{environment}: nothing runs; start it with {start}", file=sys.stderr)
    if follow:
        following.follow(SystemClock(), lambda: local(project, environment).running, show)


def _of_ecs(
    project: Project, environment: str, settings: Environment, show: Show, *, follow: bool
) -> None:
    from shipway.effects.aws import AwsClients
    from shipway.effects.aws_errors import in_words
    from shipway.platforms.ecs.follow import LogGroup

    clock = SystemClock()
    group = settings.ecs.log_group or Names(project.name, environment).log_group
    lines = LogGroup(AwsClients(project.config.aws), group)
    with in_words():
        lines.follow(
            clock, clock.now() - _BACK, lambda line: show(line.task, line.text),
            lambda: not follow,
        )  # fmt: skip
