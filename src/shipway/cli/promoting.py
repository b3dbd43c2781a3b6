"""`promote` carried out: what runs in one environment, rolled out to another."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.cli.deploying import platform, roll_out
from shipway.cli.noting import newest, note
from shipway.cli.project import Project, open_project
from shipway.core.codec import run_from_json, step_from_json
from shipway.core.errors import ConfigError
from shipway.core.proof import doubt
from shipway.core.release import Release
from shipway.effects.git import changes
from shipway.flows.pipeline import PACKAGE
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
            f"Roll it out there first: shipway deploy {source}.",
        )
    running = _settled(project, target)
    why = _doubt(project, release, target)
    if why and not without_verdict:
        raise ConfigError(
            f"{release.name} has not passed: {why}",
            "Run the whole pipeline on exactly this state: shipway run. "
            f"Or say why it goes without: shipway promote {source} {target} "
            "--without-verdict REASON.",
        )
    if not json:
        for line in differences(project, running, release):
            print(line)
    before = newest(project, target)
    try:
        return roll_out(project, target, release, json=json)
    finally:
        if newest(project, target) > before:
            note(project, target, "promoted", source)
            if why:
                note(project, target, "without_verdict", without_verdict)


def _settled(project: Project, environment: str) -> Release | None:
    """What serves in an environment. Raises ConfigError where a rollout of it is not finished."""
    here = platform(project, environment)
    if here.unfinished:
        raise ConfigError(
            f"a rollout of {environment} is not finished",
            f"Go on with it: shipway resume {environment}. "
            f"Or go back: shipway cancel {environment}.",
        )
    return here.serves


def _doubt(project: Project, release: Release, target: str) -> str:
    """Why the release has not passed. Only on this machine is an incomplete run enough."""
    runs = (
        run_from_json(text, tuple(step_from_json(step) for step in steps))
        for text, steps in project.record.runs_of(PACKAGE)
    )
    strict = project.config.environments[target].platform != "local"
    return doubt(
        release.digest, runs, ((step.name, step.stage) for step in project.steps), strict=strict
    )


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
