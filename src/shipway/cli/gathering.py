"""`report --from`: what the jobs of one run in GitHub left becomes one run here."""

from __future__ import annotations

import os
import sys

from shipway.cli.in_github import run_name, run_suffix, tell_run
from shipway.cli.project import Project
from shipway.core.codec import run_to_json, step_to_json
from shipway.core.errors import ConfigError
from shipway.core.gathering import gathered
from shipway.core.ports import EndedStep
from shipway.core.result import RunResult
from shipway.core.step import STAGES, Step
from shipway.effects.clock import SystemClock
from shipway.effects.files import Blobs
from shipway.effects.git import head
from shipway.effects.record import SqliteRecord
from shipway.flows.gather import gather

_BEFORE = STAGES[: STAGES.index("publish")]  # what a release needs to be proved


def gather_run(project: Project, folder: str) -> None:
    """Put the whole on record as the last run. Raises ConfigError where nobody left anything.

    A run of another commit, or of another run in GitHub, is none of it: a job that ended before
    its run began leaves the record that it was given.
    """
    if not os.path.isdir(folder):
        raise ConfigError(f"there is no folder {folder}", "Name one with the jobs' artifacts.")
    commit, _ = head(project.root)
    suffix = run_suffix(os.environ)
    parts = [
        part for part in gather(folder, project.record, project.blobs, _opened)
        if part.commit == commit and part.run.endswith(suffix)
    ]  # fmt: skip
    if not parts:
        raise ConfigError(
            f"no run of {commit[:7] or 'this code'} is below {folder}",
            "See how the jobs before ended: none has left a record of a run.",
        )
    name = run_name(SystemClock().now(), os.environ)
    expected = [step for step in project.steps if step.stage in _BEFORE and not _asked_for(step)]
    whole = gathered(name, parts, expected)
    project.record.start_run(name, SystemClock().now(), whole.commit)
    steps = [EndedStep(step.step, step_to_json(step)) for step in whole.steps]
    project.record.finish_steps(name, steps)
    project.record.finish_run(name, run_to_json(whole))
    _prune(project)


def tell(result: RunResult, project: Project, *, quiet: bool) -> int:
    """Say how the whole ended, here and in GitHub; its exit code."""
    from shipway.outputs.summary import verdict_block

    if not quiet:
        sys.stdout.writelines(f"{line.text}\n" for line in verdict_block(result))
        tell_run(result, project, annotate=False)
    return result.exit_code(strict=bool(os.environ.get("CI")))


def _asked_for(step: Step) -> bool:
    """Whether it runs only where somebody names it, as the image's building does."""
    return bool(step.work.get("on_request"))


def _prune(project: Project) -> None:
    """What is saved for the next run must not grow for ever."""
    from shipway.flows.prune import prune
    from shipway.flows.surplus import Past

    now = SystemClock().now()
    prune(Past(project.state, project.record, project.config.retention, now))


def _opened(state: str) -> tuple[SqliteRecord, Blobs]:
    record = SqliteRecord(os.path.join(state, "record.sqlite3"))
    return record, Blobs(os.path.join(state, "blobs"))
