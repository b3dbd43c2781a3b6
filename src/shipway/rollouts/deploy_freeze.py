"""A hold: nobody deploys to an environment until it is released."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from shipway.codec import DocumentFormat, JsonObject
from shipway.errors import Busy, RecordError
from shipway.pipeline.command_line import command_line

LONGEST = 500  # characters of a reason


@dataclass(frozen=True)
class DeployFreeze:
    """Who holds an environment, since when (seconds since the epoch), and why."""

    environment: str
    reason: str
    by: str
    since: float

    @property
    def description(self) -> str:
        """`production is held by ann since 2026-11-25 14:00 UTC: the election is counted`."""
        since = datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return f"{self.environment} is held by {self.by} since {since}: {self.reason}"

    def to_dict(self) -> JsonObject:
        """For `--json`."""
        return {
            "environment": self.environment,
            "reason": self.reason,
            "by": self.by,
            "since": self.since,
        }


FREEZE = DocumentFormat(DeployFreeze, "the hold")


class EnvironmentFrozen(Busy):
    """A deploy was asked for while the environment is held: a person has to release it."""

    exit_code = 6
    default_code = "environment-frozen"

    def __init__(self, hold: DeployFreeze) -> None:
        super().__init__(
            hold.description,
            f"When the reason is gone: {command_line('hold', hold.environment, '--release')}. "
            "Going back is not held: shipway rollback.",
        )


def freeze_to_json(hold: DeployFreeze) -> str:
    """As it is kept: JSON."""
    return FREEZE.write(hold)


def freeze_from_json(environment: str, text: str) -> DeployFreeze | None:
    """The hold in a text that `dump_hold` wrote; None where the text is empty.

    Raises RecordError for another text: what cannot be read may be a hold.
    """
    if not text.strip():
        return None
    try:
        return replace(FREEZE.read(text, environment), environment=environment)
    except RecordError as problem:
        raise RecordError(
            f"the hold of {environment} cannot be read: {problem.message}",
            f"Write it anew or release it: {command_line('hold', environment, '--release')}.",
            code="environment-frozen",
        ) from None
