"""`shipway promote`: the words it takes."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.cli import arguments
from shipway.cli.arguments import add_json
from shipway.cli.attestation import require_passing_run
from shipway.cli.deploy import roll_out
from shipway.cli.hold import raise_if_frozen
from shipway.cli.parser import Parser
from shipway.cli.platforms import open_platform
from shipway.cli.project import Project, open_project
from shipway.errors import ConfigError
from shipway.pipeline.command_line import command_line
from shipway.releases.release import Release
from shipway.reports.sanitize import one_line
from shipway.system.git import changes_between

# `promote` carried out: what runs in one environment, rolled out to another.


def promote(*, directory: str, source: str, target: str, without_verdict: str, json: bool) -> int:
    """Roll out to `target` what runs in `source`. Raises ConfigError where a gate of either is
    closed."""
    project = open_project(directory)
    if source == target:
        raise ConfigError(
            f"{source} cannot be promoted to itself", "Name two environments.", code="unknown-name"
        )
    release = _settled(project, source)
    if release is None:
        raise ConfigError(
            f"nothing runs in {source}, so there is nothing to promote",
            f"Roll it out there first: {command_line('deploy', source)}.",
            code="no-release",
        )
    raise_if_frozen(project, target)
    running = _settled(project, target)
    remarks = require_passing_run(project, target, release, without_verdict)
    if not json:
        for line in differences(project, running, release):
            print(line)
    remarks = {**remarks, "promoted": source}
    return roll_out(project, open_platform(project, target), release, remarks, json=json)


def _settled(project: Project, environment: str) -> Release | None:
    """What serves in an environment. Raises ConfigError where a rollout of it is not finished."""
    target_platform = open_platform(project, environment)
    if target_platform.unfinished:
        raise ConfigError(
            f"a rollout of {environment} is not finished",
            f"Go on with it: {command_line('resume', environment)}. "
            f"Or go back: {command_line('cancel', environment)}.",
            code="rollout-in-progress",
        )
    return target_platform.serves


def differences(project: Project, running: Release | None, release: Release) -> Iterator[str]:
    """What changes where `running` runs, in lines."""
    if running is None:
        yield f"{release.name} is the first release there"
        return
    if running.digest == release.digest:
        yield f"{release.name} runs there already"
        return
    history = changes_between(project.root, running.commit, release.commit)
    yield f"{running.name} -> {release.name}" + (": goes back by" if history.undone else "")
    for commit in history.commits:
        yield (
            f"  {one_line(commit.id)} {one_line(commit.subject, 100)} "
            f"({one_line(commit.author, 40)})"
        )
    if history.more:
        yield f"  and {history.more} more"
    if not history.commits:
        yield "  commits: the same, or not known to this clone"
    heads = (", ".join(side.migrations) or "none" for side in (running, release))
    same = running.migrations == release.migrations
    yield "  migrations: " + ("the same" if same else " -> ".join(one_line(h) for h in heads))
    lock = "the same" if running.lock == release.lock else "other versions of packages"
    yield f"  lock file: {lock}"


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("promote", _promote, promote)


def _promote(parser: Parser) -> None:
    """Roll out to one environment what runs in another: the same digest, nothing built again.

    Says first what changes there: commits, migrations, the lock file. Refused where a rollout of
    either is not finished, and where the newest whole run of this digest has not passed.

    Example: shipway promote staging production
    """
    parser.add(
        "source",
        metavar="FROM",
        complete=arguments.complete_environments,
        help="The environment whose release is taken.",
    )
    parser.add(
        "target",
        metavar="TO",
        complete=arguments.complete_environments,
        help="The environment that gets it.",
    )
    parser.add(
        "--without-verdict",
        metavar="REASON",
        default="",
        help="Although it has not passed; the reason is recorded.",
    )
    add_json(parser)
