"""What was rolled out here, by this machine or another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import merge

from shipway.pipeline.outcome import Verdict
from shipway.rollouts.report import RolloutRecord


def merge_histories(
    local: Iterable[RolloutRecord], stored: Iterable[RolloutRecord]
) -> list[RolloutRecord]:
    """Both, newest first; a rollout that both know is the one from here.

    Each is in its order already, and keeps it: a clock that was wrong for one rollout moves it only
    among those of other machines.
    """
    here = {(rollout.started, rollout.digest): rollout for rollout in local}
    elsewhere = {(rollout.started, rollout.digest): rollout for rollout in stored}
    others = [rollout for key, rollout in elsewhere.items() if key not in here]
    return list(merge(here.values(), others, key=lambda rollout: rollout.started, reverse=True))


def is_rollback_target(rollout: RolloutRecord) -> bool:
    """Whether a rollout was good, and says what it was."""
    return (
        rollout.verdict == Verdict.PASSED
        and bool(rollout.task_definition)
        and rollout.candidate is not None
    )


def running_rollout(
    rollouts: Sequence[RolloutRecord], task_definition: str
) -> RolloutRecord | None:
    """The good rollout that put a task definition where it is."""
    return next(
        (
            rollout
            for rollout in rollouts
            if is_rollback_target(rollout) and rollout.task_definition == task_definition
        ),
        None,
    )


def rollback_target(rollouts: Sequence[RolloutRecord], name: str, now: str) -> RolloutRecord | None:
    """The last good one of the release that is named; else the last of another than `now`, a
    release's digest. Never the next older revision: that may be one that was rolled back."""
    return next(
        (
            rollout
            for rollout in rollouts
            if is_rollback_target(rollout)
            and (rollout.release == name if name else rollout.digest != now)
        ),
        None,
    )


def rollouts_after(rollouts: Sequence[RolloutRecord], digest: str) -> list[RolloutRecord]:
    """The rollouts after the last one of a release."""
    newer: list[RolloutRecord] = []
    for rollout in rollouts:
        if rollout.digest == digest:
            break
        newer.append(rollout)
    return newer
