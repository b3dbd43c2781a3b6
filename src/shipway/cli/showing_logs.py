"""`logs` carried out."""

from __future__ import annotations

import sys

from shipway.cli.holding import environment_of
from shipway.cli.project import Project, open_project
from shipway.core.config import Environment
from shipway.core.naming import Names
from shipway.effects.clock import SystemClock
from shipway.outputs.clean import log_line

_BACK = 600.0  # seconds of the past that are shown of an environment on ECS


def logs(*, directory: str, environment: str, follow: bool) -> int:
    """Print the last lines of every instance's log, and those that come; the exit code."""
    project = open_project(directory)
    settings = environment_of(project, environment)
    if settings.platform == "ecs":
        _of_ecs(project, environment, settings, follow=follow)
    else:
        _of_here(project, environment, follow=follow)
    return 0


def _of_here(project: Project, environment: str, *, follow: bool) -> None:
    from shipway.cli.platforms import local
    from shipway.platforms.local.following import Following

    here = local(project, environment)
    following = Following(here.site.instances)
    following.skip(here.running)  # before the last lines are read: none is shown twice or missed
    known = list(here.logs())
    for title, lines in known:
        print("\n".join((f"== {title}", *map(log_line, lines))), flush=True)
    if not known:
        print(f"{environment}: nothing runs; start it with shipway run", file=sys.stderr)
    if follow:
        following.follow(
            SystemClock(), lambda: local(project, environment).running,
            lambda title, line: print(f"{title}  {log_line(line)}", flush=True),
        )  # fmt: skip


def _of_ecs(project: Project, environment: str, settings: Environment, *, follow: bool) -> None:
    from shipway.effects.aws import AwsClients
    from shipway.effects.aws_errors import in_words
    from shipway.platforms.ecs.follow import Line, LogGroup

    def show(line: Line) -> None:
        print(f"{line.task}  {log_line(line.text)}", flush=True)

    clock = SystemClock()
    group = settings.ecs.log_group or Names(project.name, environment).log_group
    lines = LogGroup(AwsClients(project.config.aws), group)
    with in_words():
        lines.follow(clock, clock.now() - _BACK, show, lambda: not follow)
