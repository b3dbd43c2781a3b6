"""What was rolled out here, by this machine or another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shipway.pipeline.outcome import Verdict
from shipway.ports import RecordedRelease, RecordedRollout


def merge_histories(
    local: Iterable[RecordedRollout], stored: Iterable[RecordedRollout]
) -> list[RecordedRollout]:
    """Both, newest first; a rollout that both know is the one from here."""
    distinct: dict[tuple[float | None, str | None], RecordedRollout] = {}
    for rollout in (*local, *stored):
        distinct.setdefault((rollout.get("started"), rollout.get("digest")), rollout)
    return sorted(distinct.values(), key=lambda rollout: -float(rollout.get("started") or 0.0))


def is_rollback_target(rollout: RecordedRollout) -> bool:
    """Whether a rollout was good, and says what it was."""
    return (
        rollout.get("verdict") == Verdict.PASSED
        and bool(rollout.get("task_definition"))
        and bool(rollout.get("release_data"))
    )


def release_of_rollout(rollout: RecordedRollout) -> RecordedRelease:
    """The release that a rollback target (`is_rollback_target`) brought."""
    release = rollout["release_data"]
    assert release is not None
    return release


def running_rollout(
    rollouts: Sequence[RecordedRollout], task_definition: str
) -> RecordedRollout | None:
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
    rollouts: Sequence[RecordedRollout], name: str, now: str
) -> RecordedRollout | None:
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


def rollouts_after(rollouts: Sequence[RecordedRollout], digest: str) -> list[RecordedRollout]:
    """The rollouts after the last one of a release."""
    newer: list[RecordedRollout] = []
    for rollout in rollouts:
        if rollout.get("digest") == digest:
            break
        newer.append(rollout)
    return newer
