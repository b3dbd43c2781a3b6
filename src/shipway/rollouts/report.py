"""A receipt: what a rollout proves afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from shipway.pipeline.outcome import Verdict

# What a rollout leaves for its receipt, besides figures.


@dataclass
class RolloutNotes:
    """The first cause counts; what follows from it does not."""

    timeline: list[dict[str, Any]] = field(default_factory=list)
    cause: str = ""
    remedy: str = ""
    log: tuple[str, ...] = ()

    def fail(self, cause: str, remedy: str = "", log: tuple[str, ...] = ()) -> None:
        """Why it did not succeed."""
        if not self.cause:
            self.cause, self.remedy, self.log = cause, remedy, log


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
    timeline: tuple[Mapping[str, Any], ...] = ()
    samples: tuple[Mapping[str, Any], ...] = ()
    evidence: tuple[Mapping[str, Any], ...] = ()
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

    def to_dict(self) -> dict[str, Any]:
        """For the record and the reports."""
        return {**asdict(self), "requests": self.requests, "failed": self.failed}


def last_report(rollouts: Iterable[Mapping[str, Any]]) -> RolloutReport | None:
    """Of the record's rollouts, newest first: the first that came far enough to have one."""
    names = {field.name for field in fields(RolloutReport)}
    for rollout in rollouts:
        if "seconds" in rollout:
            values = {name: value for name, value in rollout.items() if name in names}
            return RolloutReport(**{**values, "verdict": Verdict(rollout["verdict"])})
    return None
