"""What a rehearsal showed: what would have happened to users."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from shipway.core.load import Sent
from shipway.core.load_summary import LoadSummary, latency, summarise
from shipway.core.outcome import Verdict
from shipway.core.receipt import Receipt

_DECIDED = ("ROLLING_BACK", "ROLLED_BACK", "SUCCEEDED", "NEEDS_PERSON")


@dataclass(frozen=True)
class Marks:
    """When things happened, in seconds since the epoch.

    forward, forward_end: the rollout to the candidate. back, back_end: the way back, or the
    command that mends what a failed rollout left. struck: when a process was killed or a crash
    was set off; None where that is not the fault or never came to be.
    """

    forward: float
    forward_end: float
    back: float
    back_end: float
    struck: float | None = None


@dataclass(frozen=True)
class Moment:
    """One second of the load. share: of its answers, how many the candidate gave, 0 to 1.

    p95: of plain requests that did not fail, in milliseconds.
    """

    second: int
    requests: int
    failed: int
    share: float
    p95: float | None


@dataclass(frozen=True)
class Rehearsal:
    """A rehearsal's account.

    verdict, cause: of the rollout to the candidate; back_verdict: of the way back. to_verdict:
    seconds from the candidate's first answer (from the rollout's start, where it gave none) to
    the decision. to_recovery: seconds from when the first failed request was due to the end of
    the last; 0 when none failed. users: how many different people asked. sound: whether every
    request of the last second was answered well. while_: from the start of the rollout to the
    end of the way back.
    """

    strategy: str
    fault: str
    rate: float
    before_release: str
    candidate: str
    verdict: Verdict
    cause: str
    back_verdict: Verdict
    marks: Marks
    users: int
    to_verdict: float
    to_recovery: float
    sound: bool
    total: LoadSummary
    before: LoadSummary
    while_: LoadSummary
    after: LoadSummary
    moments: tuple[Moment, ...]

    @property
    def exit_code(self) -> int:
        """0 when users were served to the end, and none was hit unless a fault was ordered."""
        if not self.sound or self.back_verdict is not Verdict.PASSED:
            return 1
        good = self.verdict is Verdict.PASSED and not self.total.failed
        return 0 if good or self.fault else 1

    def to_dict(self) -> dict[str, Any]:
        """For --json."""
        return {("while" if k == "while_" else k): v for k, v in asdict(self).items()}


def moments(sent: Iterable[Sent], candidate: str) -> tuple[Moment, ...]:
    """Second by second, from when the first request was due; none is left out."""
    seconds: dict[int, list[Sent]] = {}
    every = list(sent)
    start = min((one.at for one in every), default=0.0)
    for one in every:
        seconds.setdefault(int(one.at - start), []).append(one)
    return tuple(
        _moment(second, seconds.get(second, []), candidate)
        for second in range(max(seconds, default=-1) + 1)
    )


def _moment(second: int, sent: Sequence[Sent], candidate: str) -> Moment:
    answered = [one for one in sent if one.release]
    new = sum(one.release == candidate for one in answered)
    return Moment(
        second, len(sent), sum(one.failed for one in sent),
        new / len(answered) if answered else 0.0, latency(sent).p95,
    )  # fmt: skip


def decided(receipt: Receipt) -> float:
    """When it was decided about a candidate, in seconds since the epoch."""
    for entry in receipt.timeline:
        if entry["stage"] in _DECIDED:
            return float(entry["at"])
    return receipt.started + receipt.seconds


def to_verdict(receipt: Receipt, sent: Iterable[Sent], candidate: str) -> float:
    """Seconds from the candidate's first answer, or from the rollout's start, to the decision."""
    first = min((one.at for one in sent if one.release == candidate), default=receipt.started)
    return max(0.0, decided(receipt) - first)


def parts(sent: Iterable[Sent], marks: Marks) -> tuple[LoadSummary, LoadSummary, LoadSummary]:
    """Before the rollout, while it and the way back went on, and after; each request once."""
    before: list[Sent] = []
    during: list[Sent] = []
    after: list[Sent] = []
    for one in sent:
        if one.at < marks.forward:
            before.append(one)
        else:
            (during if one.at < marks.back_end else after).append(one)
    return summarise(before), summarise(during), summarise(after)


def sound_at_the_end(sent: Sequence[Sent]) -> bool:
    """Whether every request of the last second was answered well."""
    last = max((one.at for one in sent), default=0.0)
    return bool(sent) and not any(one.failed for one in sent if one.at > last - 1.0)
