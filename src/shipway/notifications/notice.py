"""What people are told of a rollout, where they are. Pure; outputs/ writes it for each reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from shipway.codec import JsonObject
from shipway.pipeline.outcome import Verdict
from shipway.ports import Changes
from shipway.reports.sanitize import one_line
from shipway.rollouts.report import RolloutReport


class NoticeEvent(StrEnum):
    """What happened; the words that `[notify]` takes."""

    STARTED = "started"
    DEPLOYED = "deployed"
    ROLLED_BACK = "rolled back"
    HELD = "held"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One message.

    at: seconds since the epoch. before: the release that ran, "" for none. figures: of the
    receipt, name → words. links: name → where: an address, or a path on the machine. test: it
    is only tried out.
    """

    event: NoticeEvent
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
        headlines = {
            NoticeEvent.STARTED: f"a rollout of {release} has started",
            NoticeEvent.DEPLOYED: f"{release} is deployed",
            NoticeEvent.ROLLED_BACK: self._back,
            NoticeEvent.HELD: f"the rollout of {release} is held: it needs a person",
            NoticeEvent.FAILED: f"the rollout of {release} failed",
        }
        test = "test: " if self.test else ""
        return f"{test}{self.application}, {self.environment}: {headlines[self.event]}"

    @property
    def _back(self) -> str:
        """Somebody went back to the release, or the release was taken back."""
        release = self.release or "a release"
        return f"{release} was rolled back" if self.cause else f"went back to {release}"

    def to_dict(self) -> JsonObject:
        """For a webhook; docs/notifications.md describes it."""
        return {**asdict(self), "event": str(self.event), "headline": self.headline}


def notice_event(receipt: RolloutReport, *, undo: bool = False) -> NoticeEvent:
    """What a receipt is news of. undo: going back is what was asked for, and so no failure."""
    if receipt.verdict is Verdict.PASSED:
        return NoticeEvent.ROLLED_BACK if undo else NoticeEvent.DEPLOYED
    if receipt.verdict is Verdict.ROLLED_BACK:
        return NoticeEvent.ROLLED_BACK
    last = receipt.timeline[-1]["text"] if receipt.timeline else ""
    return NoticeEvent.HELD if last == "held" else NoticeEvent.FAILED


def notice_figures(receipt: RolloutReport) -> dict[str, str]:
    """The receipt's figures in words: what a reader wants of it without opening it."""
    figures = {
        "strategy": receipt.strategy,
        "took": f"{receipt.seconds:.1f} s",
        "requests": f"{receipt.requests:,} seen, {receipt.failed:,} failed",
    }
    for name, release in receipt.releases.items():
        percentile = release.get("p95")
        p95 = "" if percentile is None else f", p95 {percentile:.0f} ms"
        figures[name] = f"{release.get('requests', 0):,.0f} requests{p95}"
    return figures


# A notice as lines for a terminal.


def notice_lines(notice: Notice) -> Iterator[str]:
    """All that the message says."""
    yield one_line(notice.headline)
    facts = (("before", notice.before), ("why", notice.cause), ("next", notice.remedy))
    for name, text in (*facts, *notice.figures.items()):
        if text:
            yield f"  {one_line(name)}: {one_line(text)}"
    changes = notice.changes
    if changes.commits:
        yield "  what it takes back:" if changes.undone else "  what changes:"
    for commit in changes.commits:
        yield (
            f"    {one_line(commit.id)} {one_line(commit.subject, 100)} "
            f"({one_line(commit.author, 40)})"
        )
    if changes.more:
        yield f"    and {changes.more} more"
    for name, where in notice.links.items():
        yield f"  {one_line(name)}: {one_line(where)}"
