"""The secrets that the last run found, for what is told outside of a run: rollouts and notices."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from shipway.cli.project import Project
from shipway.errors import CannotRun
from shipway.notifications.notice import Notice
from shipway.pipeline.codec import step_from_json
from shipway.pipeline.result import StepResult
from shipway.pipeline.run_secrets import RunSecrets


def recorded_secrets(project: Project) -> RunSecrets:
    """Those that are still where the scanners saw them."""
    recorded = project.record.last_run()
    return secrets_of(project, map(step_from_json, recorded[2] if recorded else ()))


def secrets_of(project: Project, steps: Iterable[StepResult]) -> RunSecrets:
    """What these results tell of, as far as it is still there to be read."""
    secrets = RunSecrets(project.root, project.blobs)
    for step in steps:
        with suppress(CannotRun):
            secrets.learn_from(step)
    return secrets


def redacted_notice(notice: Notice, secrets: RunSecrets) -> Notice:
    """A message without secrets: its causes quote what the application printed."""
    commits = tuple(
        replace(commit, subject=secrets.redact(commit.subject)) for commit in notice.changes.commits
    )
    return replace(
        notice,
        cause=secrets.redact(notice.cause),
        remedy=secrets.redact(notice.remedy),
        changes=replace(notice.changes, commits=commits),
        problems=tuple(
            replace(problem, sentence=secrets.redact(problem.sentence))
            for problem in notice.problems
        ),
    )
