"""What becomes of a step when one that it needs has ended: one table for all kinds of steps.

What is missing blocks only what cannot be known, or made, without it. docs/architecture.md shows
the table; tests/pipeline/test_dependency.py holds the schedule to it.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from shipway.pipeline.outcome import Outcome


class Role(StrEnum):
    """What a step needs the others for."""

    CONSUMER = "consumer"  # takes what the need makes
    AGGREGATOR = "aggregator"  # takes what there is, and says what there is not
    REPORTER = "reporter"  # reports on all, whatever became of them
    ROLLOUT = "rollout"  # brings the release to an environment
    PUBLICATION = "publication"  # hands the release to others

    @property
    def looks_behind(self) -> bool:
        """Whether it asks not only how a need ended, but also how all behind that one did."""
        return self in (Role.ROLLOUT, Role.PUBLICATION)


class Standing(IntEnum):
    """What can be said of a need. Of several, the highest counts."""

    GOOD = 0  # passed, cached or skipped
    ABSENT = 1  # unavailable, or blocked by nothing worse
    FAILED = 2  # failed or cancelled, or blocked by what was


class Effect(StrEnum):
    """What becomes of the step."""

    RUNS = "runs"
    BLOCKED = "blocked"


_R, _B = Effect.RUNS, Effect.BLOCKED
# (the step, the need): (without --strict, with it)
TABLE: dict[tuple[Role, Standing], tuple[Effect, Effect]] = {
    (Role.CONSUMER, Standing.GOOD): (_R, _R),
    (Role.CONSUMER, Standing.ABSENT): (_B, _B),
    (Role.CONSUMER, Standing.FAILED): (_B, _B),
    (Role.AGGREGATOR, Standing.GOOD): (_R, _R),
    (Role.AGGREGATOR, Standing.ABSENT): (_R, _R),
    (Role.AGGREGATOR, Standing.FAILED): (_B, _B),
    (Role.REPORTER, Standing.GOOD): (_R, _R),
    (Role.REPORTER, Standing.ABSENT): (_R, _R),
    (Role.REPORTER, Standing.FAILED): (_R, _R),
    (Role.ROLLOUT, Standing.GOOD): (_R, _R),
    (Role.ROLLOUT, Standing.ABSENT): (_R, _B),
    (Role.ROLLOUT, Standing.FAILED): (_B, _B),
    (Role.PUBLICATION, Standing.GOOD): (_R, _R),
    (Role.PUBLICATION, Standing.ABSENT): (_B, _B),
    (Role.PUBLICATION, Standing.FAILED): (_B, _B),
}


def effect(role: Role, need: Standing, *, strict: bool) -> Effect:
    """What becomes of a step in this role after a need of this standing."""
    return TABLE[role, need][strict]


def standing(outcome: Outcome) -> Standing:
    """What an outcome alone says. A blocked step has the standing of what blocked it."""
    if outcome.lets_dependants_run:
        return Standing.GOOD
    return Standing.ABSENT if outcome is Outcome.ERROR else Standing.FAILED
