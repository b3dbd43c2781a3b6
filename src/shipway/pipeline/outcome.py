"""How a step ends, how a whole command ends, and the exit code of each."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Outcome(StrEnum):
    """How one step ended."""

    PASSED = "passed"
    FAILED = "failed"
    CACHED = "cached"
    SKIPPED = "skipped"  # its condition is false
    ERROR = "unavailable"  # it cannot run here
    UPSTREAM_FAILED = "blocked"  # something it needs did not pass
    CANCELLED = "cancelled"

    @property
    def lets_dependants_run(self) -> bool:
        """Whether the steps that need this one may start."""
        return self in (Outcome.PASSED, Outcome.CACHED, Outcome.SKIPPED)


class Verdict(StrEnum):
    """How a whole command ended. The order is the precedence: the first one seen wins."""

    INTERRUPTED = "interrupted"
    ACTION_REQUIRED = "needs a person"
    UNKNOWN = "unknown"
    ROLLED_BACK = "rolled back"
    FAILED = "failed"
    INCOMPLETE = "incomplete"
    PASSED = "passed"

    def exit_code(self, *, strict: bool) -> int:
        """The process's exit code; `strict` makes an incomplete run a failure."""
        if self is Verdict.INCOMPLETE:
            return 5 if strict else 0
        return _EXIT_CODES[self]


_EXIT_CODES = {
    Verdict.PASSED: 0,
    Verdict.FAILED: 1,
    Verdict.ROLLED_BACK: 3,
    Verdict.UNKNOWN: 4,
    Verdict.ACTION_REQUIRED: 6,
    Verdict.INTERRUPTED: 130,
}

_VERDICT_OF = {
    Outcome.FAILED: Verdict.FAILED,
    Outcome.ERROR: Verdict.INCOMPLETE,
    Outcome.CANCELLED: Verdict.INTERRUPTED,
}


def verdict_of(outcomes: Iterable[Outcome], rollouts: Iterable[Verdict] = ()) -> Verdict:
    """The verdict of a run from its steps' outcomes and the verdicts of its rollouts.

    A blocked step adds nothing: what blocked it has been counted. A run of no steps at all
    is incomplete, because no data is never a pass.
    """
    distinct = set(outcomes)
    verdicts = {_VERDICT_OF[outcome] for outcome in distinct if outcome in _VERDICT_OF}
    verdicts.update(rollouts)
    if not distinct:
        verdicts.add(Verdict.INCOMPLETE)
    return next((verdict for verdict in Verdict if verdict in verdicts), Verdict.PASSED)
