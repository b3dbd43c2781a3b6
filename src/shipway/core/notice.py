"""What people are told of a rollout, where they are. Pure; outputs/ writes it for each reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from shipway.core.outcome import Verdict
from shipway.core.receipt import Receipt


class Event(StrEnum):
    """What happened; the words that `[notify]` takes."""

    STARTED = "started"
    DEPLOYED = "deployed"
    ROLLED_BACK = "rolled back"
    HELD = "held"
    FAILED = "failed"


@dataclass(frozen=True)
class Commit:
    """One commit between two releases. subject and author are whatever somebody wrote."""

    id: str
    author: str
    subject: str


@dataclass(frozen=True)
class Changes:
    """The commits between the release that ran and the new one.

    more: how many there are beyond these. undone: they are what going back takes away.
    """

    commits: tuple[Commit, ...] = ()
    more: int = 0
    undone: bool = False


@dataclass(frozen=True)
class Notice:
    """One message.

    at: seconds since the epoch. before: the release that ran, "" for none. figures: of the
    receipt, name → words. links: name → where: an address, or a path on the machine. test: it
    is only tried out.
    """

    event: Event
    application: str
    environment: str
    release: str
    at: float
    before: str = ""
    cause: str = ""
    remedy: str = ""
    changes: Changes = field(default_factory=Changes)
    figures: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    test: bool = False

    @property
    def headline(self) -> str:
        """`mycandidate, production: 1.4.0+3f2a91c.8c1d02 is deployed`."""
        release = self.release or "a release"
        said = {
            Event.STARTED: f"a rollout of {release} has started",
            Event.DEPLOYED: f"{release} is deployed",
            Event.ROLLED_BACK: self._back,
            Event.HELD: f"the rollout of {release} is held: it needs a person",
            Event.FAILED: f"the rollout of {release} failed",
        }
        test = "test: " if self.test else ""
        return f"{test}{self.application}, {self.environment}: {said[self.event]}"

    @property
    def _back(self) -> str:
        """Somebody went back to the release, or the release was taken back."""
        release = self.release or "a release"
        return f"{release} was rolled back" if self.cause else f"went back to {release}"

    def to_dict(self) -> dict[str, Any]:
        """For a webhook; docs/notifications.md describes it."""
        return {**asdict(self), "event": str(self.event), "headline": self.headline}


def event_of(receipt: Receipt, *, undo: bool = False) -> Event:
    """What a receipt is news of. undo: going back is what was asked for, and so no failure."""
    if receipt.verdict is Verdict.PASSED:
        return Event.ROLLED_BACK if undo else Event.DEPLOYED
    if receipt.verdict is Verdict.ROLLED_BACK:
        return Event.ROLLED_BACK
    last = receipt.timeline[-1]["text"] if receipt.timeline else ""
    return Event.HELD if last == "held" else Event.FAILED


def figures_of(receipt: Receipt) -> dict[str, str]:
    """The receipt's figures in words: what a reader wants of it without opening it."""
    figures = {
        "strategy": receipt.strategy,
        "took": f"{receipt.seconds:.1f} s",
        "requests": f"{receipt.requests:,} seen, {receipt.failed:,} failed",
    }
    for name, one in receipt.releases.items():
        percentile = one.get("p95")
        p95 = "" if percentile is None else f", p95 {percentile:.0f} ms"
        figures[name] = f"{one.get('requests', 0):,.0f} requests{p95}"
    return figures
