"""The fixed generator: so many requests a second, lognormal latency with p95 253 ms, many runs.

Every run is a row. A second's requests go to the candidate with the chance of its share, one by
one. Errors are independent, or come in bursts of one client: all to one release (sticky) or each
where its request happened to go.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from shipway.rollouts.analysis.latency import EDGES as JUDGE_EDGES

RATE = 50
MEDIAN_MS, SIGMA = 100.0, np.log(2.53) / norm.ppf(0.95)
LEVELS = 1 << 16  # the latency distribution has so many equally likely values
EDGES = tuple(edge for edge in JUDGE_EDGES if 20 <= edge <= 2000)  # nothing falls beside them
BUCKETS = len(EDGES) + 1


@dataclass(frozen=True)
class Scenario:
    """What is true. burst: errors of one client, over burst_seconds; wobble: shared drift."""

    name: str
    error_baseline: float = 0.001
    error_candidate: float = 0.001
    slower: float = 1.0
    share: float = 0.1
    burst: int = 1
    burst_seconds: int = 1
    sticky: bool = False
    clients: bool = False  # a client's burst is counted once
    wobble: bool = False
    history: int = 60  # seconds of the baseline alone, beforehand


@dataclass(frozen=True)
class Second:
    """One second of all runs: requests, errors, and each request's latency, candidate's first."""

    candidate: np.ndarray  # (runs,)
    candidate_errors: np.ndarray
    baseline_errors: np.ndarray
    latency: np.ndarray  # (runs, RATE), ms
    place: np.ndarray  # (runs, RATE), each request's bucket

    def buckets(self) -> tuple[np.ndarray, np.ndarray]:
        """Candidate's and baseline's (runs, BUCKETS): responses at or below each edge and inf."""
        runs = len(self.candidate)
        other = np.arange(RATE)[None, :] >= self.candidate[:, None]
        flat = (np.arange(runs)[:, None] * 2 + other) * BUCKETS + self.place
        counts = np.bincount(flat.ravel(), minlength=2 * runs * BUCKETS)
        both = np.cumsum(counts.reshape(runs, 2, BUCKETS), axis=2)
        return both[:, 0], both[:, 1]


def latencies(slower: float) -> np.ndarray:
    """LEVELS equally likely latencies in milliseconds."""
    return slower * MEDIAN_MS * np.exp(SIGMA * norm.ppf((np.arange(LEVELS) + 0.5) / LEVELS))


def seconds(truth: Scenario, runs: int, rng: np.random.Generator) -> Iterator[Second]:
    """Without end; the first `history` of them go to the baseline alone."""
    theirs, ours = latencies(1.0), latencies(truth.slower)
    errors = _bursts if truth.burst > 1 else _independent
    makers = errors(truth, runs, rng)
    number = 0
    while True:
        share = truth.share if number >= truth.history else 0.0
        drift = _drift(number) if truth.wobble else 1.0
        candidate = rng.binomial(RATE, share, runs)
        levels = rng.integers(0, LEVELS, (runs, RATE), dtype=np.uint16)
        mine = np.arange(RATE)[None, :] < candidate[:, None]
        latency = np.where(mine, ours[levels], theirs[levels]) * drift
        places = [np.searchsorted(EDGES, one * drift) for one in (ours, theirs)]
        place = np.where(mine, places[0][levels], places[1][levels])
        mistakes = makers.send(None) if number == 0 else makers.send((candidate, share, drift))
        if number == 0:
            mistakes = makers.send((candidate, share, drift))
        yield Second(candidate, *mistakes, latency, place)
        number += 1


def _drift(number: int) -> float:
    """Both releases become slower, and fail more often, by up to half and back in five minutes."""
    return 1.0 + 0.5 * np.sin(2 * np.pi * number / 300.0) ** 2


def _independent(truth: Scenario, runs: int, rng: np.random.Generator):
    given = yield
    while True:
        candidate, _, drift = given
        given = yield (
            rng.binomial(candidate, min(1.0, truth.error_candidate * drift)),
            rng.binomial(RATE - candidate, min(1.0, truth.error_baseline * drift)),
        )


def _bursts(truth: Scenario, runs: int, rng: np.random.Generator):
    """Both releases are alike here."""
    each = truth.burst // truth.burst_seconds
    recent: deque = deque(maxlen=1 if truth.clients else truth.burst_seconds)
    given = yield
    while True:
        candidate, share, drift = given
        new = rng.poisson(RATE * truth.error_baseline * drift / truth.burst, runs)
        ours = rng.binomial(new, share if truth.sticky else 0.0)
        recent.append((ours, new - ours))
        many = 1 if truth.clients else each
        mine = np.minimum(many * sum(one for one, _ in recent), candidate)
        others = many * sum(one for _, one in recent)
        if truth.sticky:
            given = yield mine, np.minimum(others, RATE - candidate)
        else:
            total = np.minimum(others, RATE)
            mine = rng.hypergeometric(candidate, RATE - candidate, total)
            given = yield mine, total - mine
