"""Who is told what happens during a rollout, while it happens: the terminal, a log, nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # an unchanged run listens to no rollout
    from shipway.rollouts.report import JudgementRow, TrafficRow


class RolloutListener(Protocol):
    """Told of everything, in order of time; may be called from more than one thread.

    at: seconds since the epoch. What a sample and a piece of evidence hold is what the receipt
    keeps of them: see core.receipt.Receipt.
    """

    def on_stage(self, at: float, stage: str, text: str) -> None:
        """A stage begins, or the next action of it; `text` says what is done."""
        ...

    def on_sample(self, sample: TrafficRow) -> None:
        """What each release got since the sample before: {at, weight, releases}."""
        ...

    def on_judgement(self, evidence: JudgementRow) -> None:
        """What the judge says: {at, decision, sentence}; also where it says the same again."""
        ...

    def on_message(self, line: str) -> None:
        """One line that belongs to nothing else: a migration, a smoke test."""
        ...


class NullListener:
    """Tells nobody."""

    def on_stage(self, at: float, stage: str, text: str) -> None:
        """Nothing."""

    def on_sample(self, sample: TrafficRow) -> None:
        """Nothing."""

    def on_judgement(self, evidence: JudgementRow) -> None:
        """Nothing."""

    def on_message(self, line: str) -> None:
        """Nothing."""


class LineListener:
    """Says everything in lines, where lines are all there is."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._decided = ""

    def on_stage(self, at: float, stage: str, text: str) -> None:
        """One line."""
        self._say(f"{stage} {text}".rstrip())

    def on_sample(self, sample: TrafficRow) -> None:
        """Nothing: figures are in the receipt."""

    def on_judgement(self, evidence: JudgementRow) -> None:
        """One line, where the decision is another one than before."""
        if evidence["decision"] != self._decided:
            self._decided = evidence["decision"]
            self._say(f"judge: {evidence['decision']}: {evidence['sentence']}")

    def on_message(self, line: str) -> None:
        """That line."""
        self._say(line)
