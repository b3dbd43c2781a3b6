"""What was rolled out here, by this machine or another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shipway.core.outcome import Verdict
from shipway.core.release import Release


def merged(
    here: Iterable[Mapping[str, Any]], kept: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Both, newest first; a rollout that both know is the one from here."""
    known: dict[tuple[Any, Any], Mapping[str, Any]] = {}
    for one in (*here, *kept):
        known.setdefault((one.get("started"), one.get("digest")), one)
    return sorted(known.values(), key=lambda one: -float(one.get("started") or 0.0))


def can_return(rollout: Mapping[str, Any]) -> bool:
    """Whether a rollout was good, and says what it was."""
    return (
        rollout.get("verdict") == Verdict.PASSED
        and bool(rollout.get("task_definition"))
        and bool(rollout.get("release_data"))
    )


def running(
    rollouts: Sequence[Mapping[str, Any]], task_definition: str
) -> Mapping[str, Any] | None:
    """The good rollout that put a task definition where it is."""
    return next(
        (
            one for one in rollouts
            if can_return(one) and one["task_definition"] == task_definition
        ),
        None,
    )  # fmt: skip


def earlier(rollouts: Sequence[Mapping[str, Any]], name: str, now: str) -> Mapping[str, Any] | None:
    """The last good one of the release that is named; else the last of another than `now`, a
    release's digest. Never the next older revision: that may be one that was rolled back."""
    return next(
        (
            one for one in rollouts
            if can_return(one)
            and (one.get("release") == name if name else one.get("digest") != now)
        ),
        None,
    )  # fmt: skip


def later(rollouts: Sequence[Mapping[str, Any]], digest: str) -> list[Mapping[str, Any]]:
    """The rollouts after the last one of a release."""
    found: list[Mapping[str, Any]] = []
    for one in rollouts:
        if one.get("digest") == digest:
            break
        found.append(one)
    return found


def release_of(data: Mapping[str, Any]) -> Release:
    """A release as the record and the bucket have it."""
    fields = {name: value for name, value in data.items() if name != "name"}
    return Release(**{**fields, "migrations": tuple(fields["migrations"])})
