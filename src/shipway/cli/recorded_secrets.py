"""The secrets that the last run found, for what is told outside of a run: rollouts and notices."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from shipway.cli.project import Project
from shipway.errors import CannotRun
from shipway.notifications.notice import Notice
from shipway.pipeline.codec import step_from_json
from shipway.pipeline.run_secrets import RunSecrets


def recorded_secrets(project: Project) -> RunSecrets:
    """Those that are still where the scanners saw them."""
    secrets = RunSecrets(project.root, project.blobs)
    recorded = project.record.last_run()
    for text in recorded[2] if recorded else ():
        with suppress(CannotRun):
            secrets.learn_from(step_from_json(text))
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
    )
