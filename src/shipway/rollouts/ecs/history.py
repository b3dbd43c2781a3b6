"""What was rolled out here, by this machine or another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shipway.pipeline.outcome import Verdict
from shipway.releases.release import Release


def merge_histories(
    local: Iterable[Mapping[str, Any]], stored: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Both, newest first; a rollout that both know is the one from here."""
    distinct: dict[tuple[Any, Any], Mapping[str, Any]] = {}
    for rollout in (*local, *stored):
        distinct.setdefault((rollout.get("started"), rollout.get("digest")), rollout)
    return sorted(distinct.values(), key=lambda rollout: -float(rollout.get("started") or 0.0))


def is_rollback_target(rollout: Mapping[str, Any]) -> bool:
    """Whether a rollout was good, and says what it was."""
    return (
        rollout.get("verdict") == Verdict.PASSED
        and bool(rollout.get("task_definition"))
        and bool(rollout.get("release_data"))
    )


def running_rollout(
    rollouts: Sequence[Mapping[str, Any]], task_definition: str
) -> Mapping[str, Any] | None:
    """The good rollout that put a task definition where it is."""
    return next(
        (
            rollout
            for rollout in rollouts
            if is_rollback_target(rollout) and rollout["task_definition"] == task_definition
        ),
        None,
    )


def rollback_target(
    rollouts: Sequence[Mapping[str, Any]], name: str, now: str
) -> Mapping[str, Any] | None:
    """The last good one of the release that is named; else the last of another than `now`, a
    release's digest. Never the next older revision: that may be one that was rolled back."""
    return next(
        (
            rollout
            for rollout in rollouts
            if is_rollback_target(rollout)
            and (rollout.get("release") == name if name else rollout.get("digest") != now)
        ),
        None,
    )


def rollouts_after(rollouts: Sequence[Mapping[str, Any]], digest: str) -> list[Mapping[str, Any]]:
    """The rollouts after the last one of a release."""
    newer: list[Mapping[str, Any]] = []
    for rollout in rollouts:
        if rollout.get("digest") == digest:
            break
        newer.append(rollout)
    return newer


def release_of_rollout(data: Mapping[str, Any]) -> Release:
    """A release as the record and the bucket have it."""
    fields = {name: value for name, value in data.items() if name != "name"}
    return Release(**{**fields, "migrations": tuple(fields["migrations"])})
