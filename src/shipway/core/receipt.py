"""A receipt: what a rollout proves afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from shipway.core.outcome import Verdict


@dataclass(frozen=True)
class Receipt:
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
        return int(sum(one.get("requests", 0) for one in self.releases.values()))

    @property
    def failed(self) -> int:
        """Those that ended with a server's error."""
        return int(sum(one.get("failed", 0) for one in self.releases.values()))

    def to_dict(self) -> dict[str, Any]:
        """For the record and the reports."""
        return {**asdict(self), "requests": self.requests, "failed": self.failed}


def last_receipt(rollouts: Iterable[Mapping[str, Any]]) -> Receipt | None:
    """Of the record's rollouts, newest first: the first that came far enough to have one."""
    names = {one.name for one in fields(Receipt)}
    for rollout in rollouts:
        if "seconds" in rollout:
            given = {name: value for name, value in rollout.items() if name in names}
            return Receipt(**{**given, "verdict": Verdict(rollout["verdict"])})
    return None
