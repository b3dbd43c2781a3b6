"""How a team ships: DORA's four keys, from an environment's rollouts. Pure.

Source: dora.dev, "DORA's software delivery performance metrics": deployment frequency, change lead
time, change fail rate, failed deployment recovery time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from shipway.codec import JsonObject
from shipway.pipeline.outcome import Verdict
from shipway.rollouts.report import RolloutRecord

MONTH = 30.0  # days that are usually looked at
_DAY = 86_400.0
_FAILED = (Verdict.ROLLED_BACK, Verdict.FAILED)
_ENDED = (Verdict.PASSED, *_FAILED)


@dataclass(frozen=True, kw_only=True)
class DeliveryMetrics:
    """The four keys over a number of days. A figure is None where nothing is known of it.

    deployments: those that ended well. per_week: of them. lead_time: seconds from a release's
    commit until it served, the median. attempts: deployments that ended. failed: those that went
    back or failed, or that somebody went back from later. recovery_time: seconds until a good
    release served again, the median. rollbacks: on request.
    """

    days: float
    deployments: int
    attempts: int
    failed: int
    rollbacks: int
    per_week: float
    lead_time: float | None
    failure_rate: float | None
    recovery_time: float | None

    def to_dict(self) -> JsonObject:
        """For `--json`; rates in percent, times in seconds."""
        return {**vars(self)}


def rollback_numbers(rollouts: Sequence[RolloutRecord]) -> frozenset[int]:
    """The rollouts that went back to an earlier release. rollouts: oldest first."""
    served: list[str] = []
    numbers = set()
    for rollout in rollouts:
        earlier = rollout.digest in served[:-1] and rollout.digest != served[-1]
        if rollout.digest and earlier:
            numbers.add(rollout.number)
        if rollout.verdict == Verdict.PASSED:
            served.append(rollout.digest)
    return frozenset(numbers)


def delivery_metrics(
    rollouts: Sequence[RolloutRecord], committed: Mapping[str, float], now: float, days: float
) -> DeliveryMetrics:
    """The four keys of the last `days`.

    rollouts: of one environment, in any order. committed: release → when its commit was made,
    seconds since the epoch. What is not at its end counts nowhere.
    """
    ordered = sorted(rollouts, key=lambda rollout: rollout.number)
    back = rollback_numbers(ordered)
    ended = [rollout for rollout in ordered if rollout.verdict in _ENDED]
    since = now - days * _DAY
    attempts = [r for r in ended if r.number not in back and r.started >= since]
    good = [rollout for rollout in attempts if rollout.verdict == Verdict.PASSED]
    leads = [
        end - committed[rollout.release]
        for rollout in good
        if rollout.release in committed and (end := _end(rollout)) >= committed[rollout.release]
    ]
    failures = [r for r in attempts if r.verdict in _FAILED or _undone(r, ended, back)]
    recoveries = [
        seconds for failure in failures if (seconds := _recovery(failure, ended)) is not None
    ]
    return DeliveryMetrics(
        days=days,
        deployments=len(good),
        attempts=len(attempts),
        failed=len(failures),
        rollbacks=sum(r.number in back and r.started >= since for r in ended),
        per_week=len(good) / days * 7,
        lead_time=median(leads) if leads else None,
        failure_rate=100 * len(failures) / len(attempts) if attempts else None,
        recovery_time=median(recoveries) if recoveries else None,
    )


def _end(rollout: RolloutRecord) -> float:
    return rollout.started + (rollout.report.seconds if rollout.report else 0.0)


def _undone(attempt: RolloutRecord, ended: Sequence[RolloutRecord], back: frozenset[int]) -> bool:
    """Whether somebody went back from it."""
    following = _next_good(attempt, ended)
    return following is not None and following.number in back


def _next_good(attempt: RolloutRecord, ended: Sequence[RolloutRecord]) -> RolloutRecord | None:
    later = (rollout for rollout in ended if rollout.number > attempt.number)
    return next((rollout for rollout in later if rollout.verdict == Verdict.PASSED), None)


def _recovery(failure: RolloutRecord, ended: Sequence[RolloutRecord]) -> float | None:
    """How long it took until a good release served again; None where none does.

    What went back by itself had failed since it began. What somebody went back from had failed
    since it served: nobody knows of an earlier moment.
    """
    undid_itself = failure.verdict in _FAILED
    if undid_itself and any(
        rollout.number < failure.number and rollout.verdict == Verdict.PASSED for rollout in ended
    ):
        return _end(failure) - failure.started
    following = _next_good(failure, ended)
    if following is None:
        return None
    since = failure.started if undid_itself else _end(failure)
    return max(_end(following) - since, 0.0)
