"""What a preflight finds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from shipway.effects.aws_errors import code_of, denied, refusal


class Kind(StrEnum):
    """wrong: the rollout would fail, or harm. could not look: nobody knows; never a pass."""

    WRONG = "wrong"
    COULD_NOT_LOOK = "could not look"


@dataclass(frozen=True)
class Problem:
    """check: which topic, for example `images`. remedy: what to do, in one sentence."""

    check: str
    message: str
    remedy: str
    kind: Kind = Kind.WRONG

    @property
    def words(self) -> str:
        """For people, without the remedy."""
        return f"{self.check}: {self.message}"


@contextmanager
def looking(check: str, what: str, found: list[Problem]) -> Iterator[None]:
    """What cannot be looked at becomes a problem of its own kind; the next check goes on.

    Catches what botocore raises. An error that says something about what was asked for ("not
    found") has to be caught inside.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        found.append(unseen(check, what, error))


def unseen(check: str, what: str, error: Exception) -> Problem:
    """A problem: it could not be looked at, and why."""
    if denied(error):
        operation = getattr(error, "operation_name", "")
        return Problem(
            check, f"could not look at {what}: these credentials may not {operation}",
            "Give them the policy that shipway infra policy ENV prints.", Kind.COULD_NOT_LOOK,
        )  # fmt: skip
    said = refusal(error)
    why = code_of(error) or said.message
    return Problem(check, f"could not look at {what}: {why}", said.remedy, Kind.COULD_NOT_LOOK)
