"""A load: how requests are to be sent, and what came of each.

The load is open: requests are due at a constant rate, whether earlier ones have been answered or
not, and the latency of each counts from when it was due. So a server that stalls is seen by all
the users who would have asked meanwhile (Gil Tene, "How NOT to Measure Latency": no coordinated
omission).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import NamedTuple

from shipway.core.errors import ConfigError

MOST_RATE = 2_000.0  # requests a second that one process of this load can hold
MOST_REQUESTS = 500_000
MOST_SECONDS = 1_800.0

PLAIN, SLOW, STREAM = "plain", "slow", "stream"
KINDS = (PLAIN, SLOW, STREAM)


@dataclass(frozen=True)
class Target:
    """A path to ask for. share: its part of all requests, relative to the other targets'.

    kind: "plain"; "slow" and "stream" take time by intention, so their latency says nothing.
    """

    path: str
    share: float = 1.0
    kind: str = PLAIN


@dataclass(frozen=True)
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
    targets: tuple[Target, ...]
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
        if not self.targets or not all(one.path.startswith("/") for one in self.targets):
            raise ConfigError("a load needs paths that begin with /", "For example: --path /about")

    @property
    def count(self) -> int:
        """The most requests that it sends."""
        return min(MOST_REQUESTS, int(self.rate * self.seconds))


class Sent(NamedTuple):
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


def dump_plan(plan: LoadPlan) -> str:
    """As text for the process that carries it out."""
    return json.dumps(asdict(plan))


def read_plan(text: str) -> LoadPlan:
    """The opposite of `dump_plan`."""
    data = json.loads(text)
    return LoadPlan(**{**data, "targets": tuple(Target(**one) for one in data["targets"])})


def dump_sent(sent: Sent) -> str:
    """One line."""
    return json.dumps(sent, separators=(",", ":"))


def read_sent(line: str) -> Sent:
    """The opposite of `dump_sent`."""
    return Sent(*json.loads(line))
