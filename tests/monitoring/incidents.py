"""A fault for each rule, in series as CloudWatch would have them: None where it reports nothing.

They are written by hand: before, during, after. Balancers count nothing where nothing happened;
metric filters neither; tasks and databases report every minute while they are there.
"""

from __future__ import annotations

from dataclasses import dataclass

Row = list[float | None]
_BEFORE, _FAULT, _AFTER = 8, 20, 25


@dataclass(frozen=True)
class Story:
    """fault and over: the first period with the fault, and the first one without it again."""

    metrics: dict[str, Row]
    fault: int = _BEFORE
    over: int = _BEFORE + _FAULT


def _told(**metrics: tuple[float | None, float | None]) -> Story:
    """Each metric's value in good times and in bad ones."""
    return Story(
        {
            id: [good] * _BEFORE + [bad] * _FAULT + [good] * _AFTER
            for id, (good, bad) in metrics.items()
        }
    )


STORIES = {
    # 600 requests a minute; a release answers 8 % of them with errors.
    "error-rate": _told(requests=(600, 600), broken=(None, 48), refused=(None, None)),
    "latency-p95": _told(requests=(600, 600), latency=(0.08, 0.9)),
    "latency-p99": _told(latency=(0.4, 3.5)),
    # One of two tasks hangs; its group says nothing about hosts that it does not have.
    "unhealthy-hosts": _told(blue=(0, 1), green=(None, None)),
    "no-healthy-hosts": _told(blue=(2, 0), green=(None, None)),
    "no-traffic": _told(requests=(30_000, None)),
    "task-restarts": _told(counted=(None, 4)),
    "cpu": _told(used=(40, 97)),
    "memory": _told(used=(55, 96)),
    "deployment-failed": _told(counted=(None, 1)),
    "no-task-data": _told(used=(2, None)),
    "database-cpu": _told(left=(20, 99)),
    "database-connections": _told(left=(18, 96)),
    "database-storage": _told(left=(12 * 1024**3, 1024**3)),
    "database-memory": _told(left=(300 * 1024**2, 40 * 1024**2)),
    "no-database-data": _told(left=(1, None)),
    "log-errors": _told(counted=(None, 30)),
    "burst-of-401": _told(counted=(2, 400)),
    "burst-of-403": _told(counted=(None, 400)),
    "burst-of-429": _told(counted=(12, 5000)),
    "secret-denied": _told(counted=(None, 3)),
}
