"""A receipt: what a rollout proves afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypedDict, cast

from shipway.pipeline.outcome import Verdict
from shipway.ports import JudgementEntry, RecordedRollout, TimelineEntry, TrafficEntry

# What a rollout leaves for its receipt, besides figures.


class NotesRecord(TypedDict):
    """RolloutNotes as JSON."""

    timeline: list[TimelineEntry]
    cause: str
    remedy: str
    log: Sequence[str]


@dataclass
class RolloutNotes:
    """The first cause counts; what follows from it does not."""

    timeline: list[TimelineEntry] = field(default_factory=list)
    cause: str = ""
    remedy: str = ""
    log: tuple[str, ...] = ()

    def fail(self, cause: str, remedy: str = "", log: tuple[str, ...] = ()) -> None:
        """Why it did not succeed."""
        if not self.cause:
            self.cause, self.remedy, self.log = cause, remedy, log

    def to_dict(self) -> NotesRecord:
        """For the record."""
        return {
            "timeline": self.timeline,
            "cause": self.cause,
            "remedy": self.remedy,
            "log": self.log,
        }

    @classmethod
    def from_dict(cls, data: NotesRecord) -> RolloutNotes:
        """What `to_dict` gave, also after JSON made a list of its tuple."""
        return cls(data["timeline"], data["cause"], data["remedy"], tuple(data["log"]))


@dataclass(frozen=True, kw_only=True)
class RolloutReport:
    """What happened in a rollout.

    releases: name → requests, failed, p50, p95, p99 (milliseconds), as the proxy counted them
    during the rollout; synthetic: how many of the requests were Shipway's own probes;
    outages: how often the proxy itself had ended and was started again.
    timeline: what happened when ({at: seconds since the epoch, stage, text}). samples: what each
    release got, second by second ({at, weight: percent of production traffic for the new one,
    releases: name → {requests, failed, p95}}, each since the sample before). evidence: what the
    judge said ({at, decision, sentence}), where it changed. cause, remedy: why it did not succeed
    and what to do; log: the last lines of what failed.
    """

    environment: str
    release: str
    before: str
    verdict: Verdict
    started: float
    seconds: float
    address: str
    strategy: str = "rolling"
    cause: str = ""
    remedy: str = ""
    log: tuple[str, ...] = ()
    releases: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    timeline: tuple[TimelineEntry, ...] = ()
    samples: tuple[TrafficEntry, ...] = ()
    evidence: tuple[JudgementEntry, ...] = ()
    synthetic: int = 0
    outages: int = 0

    @property
    def requests(self) -> int:
        """Requests that the proxy answered during the rollout."""
        return int(sum(release.get("requests", 0) for release in self.releases.values()))

    @property
    def failed(self) -> int:
        """Those that ended with a server's error."""
        return int(sum(release.get("failed", 0) for release in self.releases.values()))

    def to_dict(self) -> RecordedRollout:
        """For the record and the reports."""
        report = {**asdict(self), "requests": self.requests, "failed": self.failed}
        return cast("RecordedRollout", report)


def last_report(rollouts: Iterable[RecordedRollout]) -> RolloutReport | None:
    """Of the record's rollouts, newest first: the first that came far enough to have one."""
    names = {field.name for field in fields(RolloutReport)}
    for rollout in rollouts:
        if "seconds" in rollout:
            values: Any = {name: value for name, value in rollout.items() if name in names}
            return RolloutReport(**{**values, "verdict": Verdict(rollout["verdict"])})
    return None
