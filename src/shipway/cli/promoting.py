"""`promote` carried out: what runs in one environment, rolled out to another."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.cli.deploying import roll_out
from shipway.cli.holding import refuse_held
from shipway.cli.platforms import platform
from shipway.cli.project import Project, open_project
from shipway.cli.vouching import vouched
from shipway.core.command_line import command_line
from shipway.core.errors import ConfigError
from shipway.core.release import Release
from shipway.effects.git import changes
from shipway.outputs.clean import one_line


def promote(*, directory: str, source: str, target: str, without_verdict: str, json: bool) -> int:
    """Roll out to `target` what runs in `source`. Raises ConfigError where a gate of either is
    closed."""
    project = open_project(directory)
    if source == target:
        raise ConfigError(f"{source} cannot be promoted to itself", "Name two environments.")
    release = _settled(project, source)
    if release is None:
        raise ConfigError(
            f"nothing runs in {source}, so there is nothing to promote",
            f"Roll it out there first: {command_line('deploy', source)}.",
        )
    refuse_held(project, target)
    running = _settled(project, target)
    remarks = vouched(project, target, release, without_verdict)
    if not json:
        for line in differences(project, running, release):
            print(line)
    return roll_out(project, target, release, {**remarks, "promoted": source}, json=json)


def _settled(project: Project, environment: str) -> Release | None:
    """What serves in an environment. Raises ConfigError where a rollout of it is not finished."""
    here = platform(project, environment)
    if here.unfinished:
        raise ConfigError(
            f"a rollout of {environment} is not finished",
            f"Go on with it: {command_line('resume', environment)}. "
            f"Or go back: {command_line('cancel', environment)}.",
        )
    return here.serves


def differences(project: Project, running: Release | None, release: Release) -> Iterator[str]:
    """What changes where `running` runs, in lines."""
    if running is None:
        yield f"{release.name} is the first release there"
        return
    if running.digest == release.digest:
        yield f"{release.name} runs there already"
        return
    found = changes(project.root, running.commit, release.commit)
    yield f"{running.name} -> {release.name}" + (": goes back by" if found.undone else "")
    for one in found.commits:
        yield f"  {one_line(one.id)} {one_line(one.subject, 100)} ({one_line(one.author, 40)})"
    if found.more:
        yield f"  and {found.more} more"
    if not found.commits:
        yield "  commits: the same, or not known to this clone"
    heads = (", ".join(one.migrations) or "none" for one in (running, release))
    same = running.migrations == release.migrations
    yield "  migrations: " + ("the same" if same else " -> ".join(one_line(h) for h in heads))
    lock = "the same" if running.lock == release.lock else "other versions of packages"
    yield f"  lock file: {lock}"
