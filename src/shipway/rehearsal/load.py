"""A load: how requests are to be sent, and what came of each.

The load is open: requests are due at a constant rate, whether earlier ones have been answered or
not, and the latency of each counts from when it was due. So a server that stalls is seen by all
the users who would have asked meanwhile (Gil Tene, "How NOT to Measure Latency": no coordinated
omission).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

from shipway.errors import ConfigError

MOST_RATE = 2_000.0  # requests a second that one process of this load can hold
MOST_REQUESTS = 500_000
MOST_SECONDS = 1_800.0
PLAIN, SLOW, STREAM = "plain", "slow", "stream"
KINDS = (PLAIN, SLOW, STREAM)


@dataclass(frozen=True)
class LoadTarget:
    """A path to ask for. share: its part of all requests, relative to the other targets'.

    kind: "plain"; "slow" and "stream" take time by intention, so their latency says nothing.
    """

    path: str
    share: float = 1.0
    kind: str = PLAIN


@dataclass(frozen=True, kw_only=True)
class LoadPlan:
    """What to send.

    host: an address of this machine. rate: requests a second. seconds: the longest it may take;
    it is stopped from outside before. fresh: share of the requests that open a connection of
    their own; the others keep theirs alive. timeout: seconds from when a request was due.
    users: as many different people ask, one after the other. most_open: requests that may be on
    their way at once.
    """

    host: str
    port: int
    targets: tuple[LoadTarget, ...]
    rate: float = 300.0
    seconds: float = 600.0
    fresh: float = 0.2
    timeout: float = 10.0
    users: int = 3000
    most_open: int = 4000
    seed: int = 1

    def __post_init__(self) -> None:
        """Raises ConfigError for what is without bound or makes no sense."""
        if not 0 < self.rate <= MOST_RATE:
            raise ConfigError(
                f"a rate of {self.rate:g} requests/s cannot be sent",
                f"More than 0 and at most {MOST_RATE:g} can.",
            )
        if not 0 < self.seconds <= MOST_SECONDS:
            raise ConfigError(
                f"a load of {self.seconds:g} s is not allowed", f"At most {MOST_SECONDS:g} s are."
            )
        if not self.targets or not all(target.path.startswith("/") for target in self.targets):
            raise ConfigError("a load needs paths that begin with /", "For example: --path /about")

    @property
    def count(self) -> int:
        """The most requests that it sends."""
        return min(MOST_REQUESTS, int(self.rate * self.seconds))


class LoadResponse(NamedTuple):
    """What came of one request.

    at: when it was due, in seconds since the epoch. latency: seconds from then to the end of
    the answer, or to what ended it. late: seconds from when it was due to when it was sent.
    status: 0 without an answer. error: "" or what happened ("refused", "reset", "closed", "cut",
    "timeout", "malformed", "too many open"). release: what X-Release answered.
    """

    at: float
    latency: float
    late: float
    status: int
    error: str
    release: str
    kind: str
    user: int

    @property
    def failed(self) -> bool:
        """No answer, half an answer, or a server's error."""
        return bool(self.error) or self.status >= 500


def load_plan_to_json(plan: LoadPlan) -> str:
    """As text for the process that carries it out."""
    return json.dumps(asdict(plan))


def load_plan_from_json(text: str) -> LoadPlan:
    """The opposite of `dump_plan`."""
    data = json.loads(text)
    return LoadPlan(
        **{**data, "targets": tuple(LoadTarget(**target) for target in data["targets"])}
    )


def response_to_json(sent: LoadResponse) -> str:
    """One line."""
    return json.dumps(sent, separators=(",", ":"))


def response_from_json(line: str) -> LoadResponse:
    """The opposite of `dump_sent`."""
    return LoadResponse(*json.loads(line))


# What a load saw, as figures.


@dataclass(frozen=True)
class Latency:
    """Of requests that were answered, in milliseconds; None where there were none."""

    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True)
class LoadSummary:
    """A load, or a part of it.

    requests, failed: all kinds of requests together. users_hit: people with a failed request.
    errors: what happened ("reset", "500") → how often. releases: name → requests that it
    answered; "" are those that nobody signed. latency: of plain requests that did not fail.
    failing: seconds from when the first failed request was due to the end of the last; 0 when
    none failed. latest: the most seconds that the load itself was late to send one.
    """

    requests: int
    failed: int
    users_hit: int
    errors: dict[str, int]
    releases: dict[str, int]
    latency: Latency
    failing: float
    latest: float


def summarize_load(sent: Iterable[LoadResponse]) -> LoadSummary:
    """Count."""
    every = list(sent)
    failed = [request for request in every if request.failed]
    return LoadSummary(
        requests=len(every),
        failed=len(failed),
        users_hit=len({request.user for request in failed}),
        errors=dict(Counter(request.error or str(request.status) for request in failed)),
        releases=dict(Counter(request.release for request in every)),
        latency=latency_of(every),
        failing=failing_seconds(failed),
        latest=max((request.late for request in every), default=0.0),
    )


def latency_of(sent: Iterable[LoadResponse]) -> Latency:
    """Percentiles of the plain requests that were answered well."""
    values = sorted(
        request.latency for request in sent if request.kind == PLAIN and not request.failed
    )
    return Latency(*(_milliseconds(percentile(values, share)) for share in (0.5, 0.95, 0.99)))


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest of the sorted values that at least `share` of them do not exceed.

    (Nearest rank: always a value that was measured.) None of nothing.
    """
    if not values:
        return None
    return values[max(0, math.ceil(share * len(values)) - 1)]


def failing_seconds(failed: Iterable[LoadResponse]) -> float:
    """Seconds from when the first of these was due to the end of the last; 0 of nothing."""
    every = list(failed)
    if not every:
        return 0.0
    return max(request.at + request.latency for request in every) - min(
        request.at for request in every
    )


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
