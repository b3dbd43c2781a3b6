"""What a team may say about how its rollouts are judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Lt

Chance = Annotated[float, Gt(0), Lt(1)]


@dataclass(frozen=True)
class JudgeSettings:
    """`[environments.NAME.judge]`. Times are seconds, rates and tolerances shares of 1.

    alpha: the chance at most that a release as good as the baseline is rolled back, however long
    one watches. beta: the chance at most that one at a limit is promoted. error_limit: a release
    is promoted only if it provably fails less often. error_odds: how many times the baseline's
    odds of failing are tolerated. latency_tolerance: promoted only if provably no slower than so
    much, or than latency_slack (milliseconds; a proxy counts whole ones) where that is more;
    latency_margin: rolled back only if provably slower than so much. latency: whether
    response times are judged at all. horizon: the longest time to watch, the warm-up not
    counted. min_requests: of the candidate, before it may be promoted. warm_up: from the
    candidate's first request on, what does not count. stale: without a request to the
    candidate. sticky: clients stay with one release, so that one client's errors come together.
    on_hold: what is decided at the horizon and without data.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    alpha: Chance = 0.01
    beta: Chance = 0.05
    error_limit: Chance = 0.01
    error_odds: Annotated[float, Ge(1)] = 1.0
    latency: bool = True
    latency_tolerance: Annotated[float, Gt(0)] = 0.2
    latency_slack: Annotated[float, Ge(0)] = 5.0
    latency_margin: Annotated[float, Ge(0)] = 0.05
    horizon: Annotated[float, Gt(0)] = 1800.0
    min_requests: Annotated[int, Ge(1)] = 100
    warm_up: Annotated[float, Ge(0)] = 0.0
    stale: Annotated[float, Gt(0)] = 60.0
    sticky: bool = False
    on_hold: Literal["hold", "roll back"] = "hold"

    def tolerated(self, threshold: float) -> float:
        """What a response that took the baseline `threshold` milliseconds may take."""
        return max((1.0 + self.latency_tolerance) * threshold, threshold + self.latency_slack)
