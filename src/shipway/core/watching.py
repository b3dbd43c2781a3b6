"""Who is told what happens during a rollout, while it happens: the terminal, a log, nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class RolloutListener(Protocol):
    """Told of everything, in order of time; may be called from more than one thread.

    at: seconds since the epoch. What a sample and a piece of evidence hold is what the receipt
    keeps of them: see core.receipt.Receipt.
    """

    def staged(self, at: float, stage: str, text: str) -> None:
        """A stage begins, or the next action of it; `text` says what is done."""
        ...

    def sampled(self, sample: Mapping[str, Any]) -> None:
        """What each release got since the sample before: {at, weight, releases}."""
        ...

    def judged(self, evidence: Mapping[str, Any]) -> None:
        """What the judge says: {at, decision, sentence}; also where it says the same again."""
        ...

    def said(self, line: str) -> None:
        """One line that belongs to nothing else: a migration, a smoke test."""
        ...


class Silent:
    """Tells nobody."""

    def staged(self, at: float, stage: str, text: str) -> None:
        """Nothing."""

    def sampled(self, sample: Mapping[str, Any]) -> None:
        """Nothing."""

    def judged(self, evidence: Mapping[str, Any]) -> None:
        """Nothing."""

    def said(self, line: str) -> None:
        """Nothing."""
