"""Adds to what the record has of an environment's newest rollout."""

from __future__ import annotations

from typing import Any

from shipway.cli.project import Project


def note(project: Project, environment: str, name: str, value: Any) -> None:
    """Keep a value with the newest rollout; rows are put behind those that are there."""
    rollouts = project.record.rollouts(environment)
    if not rollouts:
        return
    before = rollouts[0].get(name)
    whole = [*before, *value] if isinstance(before, list) else value
    project.record.update_rollout(int(rollouts[0]["number"]), {name: whole})
