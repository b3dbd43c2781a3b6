"""How much events come in bursts, learned from the baseline, so that a burst counts as one.

The dispersion of counts of successive blocks of time, as differences of neighbours, so that slow
drift is none (von Neumann 1941): φ = Σ (k_i·n_j − k_j·n_i)² / (n_i·n_j) / Σ (k_i + k_j)(1 − p).
Independent events have φ = 1, bursts of c events φ ≈ c. Likelihood ratios to the power of
λ = 1/φ count a burst about once. λ depends on the past only and is at most 1, so where events are
independent the false alarms stay exactly bounded (Jensen).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

BLOCK = 30.0  # seconds: longer than most clients retry
SLOW_BLOCK = 10.0  # for slowness: longer than a stall, too short for a drift of the load to count
NOISE = 0.8  # from here on λ is taken as 1, unless clients stick
# The prior's φ, and how many events' worth it is; sticky: clients stay with one release.
PRIOR, TRUST = 1.0, 20.0
STICKY_PRIOR, STICKY_TRUST = 10.0, 10.0


@dataclass(frozen=True)
class Bursts:
    """Sums over finished pairs of blocks, the block before, and the block that is being filled.

    edge: what is counted, a threshold in milliseconds; blocks of different ones are not compared.
    """

    observed: float = 0.0
    expected: float = 0.0
    before_events: float = 0.0
    before_requests: float = 0.0
    events: float = 0.0
    requests: float = 0.0
    seconds: float = 0.0
    edge: float = 0.0

    def power(self, *, sticky: bool) -> float:
        """λ, above 0 and at most 1."""
        prior, trust = (STICKY_PRIOR, STICKY_TRUST) if sticky else (PRIOR, TRUST)
        power = min(1.0, (self.expected + trust) / (self.observed + trust * prior))
        return 1.0 if power > NOISE and not sticky else power

    def add(self, seconds: float, requests: int, events: int, edge: float = 0.0) -> Bursts:
        """With one more window of the baseline; edge: of slow responses, 0 for errors."""
        if edge != self.edge:
            return Bursts(self.observed, self.expected, edge=edge).add(
                seconds, requests, events, edge
            )
        grown = replace(
            self,
            events=self.events + events,
            requests=self.requests + requests,
            seconds=self.seconds + seconds,
        )
        block = SLOW_BLOCK if edge else BLOCK
        return grown._next_block() if grown.seconds >= block - 1e-9 else grown

    def _next_block(self) -> Bursts:
        if not self.requests:
            return replace(self, seconds=0.0)
        k, n, j, m = self.events, self.requests, self.before_events, self.before_requests
        squared = mean = 0.0
        if m:
            squared = (k * m - j * n) ** 2 / (n * m)
            mean = (k + j) * (1.0 - (k + j) / (n + m))
        return Bursts(self.observed + squared, self.expected + mean, k, n, edge=self.edge)
