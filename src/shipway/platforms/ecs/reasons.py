"""Why a task stopped, did not start or was rolled back: ECS's reasons in words.

The texts are the developer guide's: "Amazon ECS stopped tasks error messages" and the pages below
it, "Amazon ECS service event messages", "API failure reasons". AWS may word one differently
to-morrow: what no row knows is shown as it came, and counts as one that may heal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shipway.platforms.ecs.reason_table import ROWS

# What ends the process: bash(1) "EXIT STATUS" for 126, 127 and 128 + the signal's number.
_CODES = {
    126: "the command cannot be executed",
    127: "the command was not found in the image",
    130: "it was interrupted (SIGINT)",
    134: "it aborted (SIGABRT)",
    137: "it was killed (SIGKILL): out of memory, or not ended within the stop timeout",
    139: "it crashed (SIGSEGV)",
    143: "it was told to end (SIGTERM)",
}
_LONGEST = 300  # characters shown of a reason that no row knows


@dataclass(frozen=True)
class Explained:
    """A reason in words. heals: whether another try of the same may go well without anybody."""

    cause: str
    remedy: str
    heals: bool


def explain(reason: str) -> Explained:
    """A `stoppedReason`, a container's `reason`, a service event or a failure in words.

    Of several rows the first that fits counts. An empty reason is one, too.
    """
    for row in ROWS:
        if found := re.search(row.pattern, reason, re.IGNORECASE | re.DOTALL):
            named = {key: value.strip() for key, value in found.groupdict("").items()}
            return Explained(row.cause.format(**named), row.remedy.format(**named), row.heals)
    shown = " ".join(reason.split())[:_LONGEST]
    return Explained(
        shown or "it ended, and ECS gave no reason",
        "Look at its last log lines: shipway logs ENV.", heals=True,
    )  # fmt: skip


def exit_words(code: int) -> str:
    """A container's exit code in words: `exit code 127: the command was not found in the image`."""
    words = _CODES.get(code, "")
    return f"exit code {code}: {words}" if words else f"exit code {code}"
