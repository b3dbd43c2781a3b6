"""Shipway's judge for many runs at once: the same rules on arrays, from the same tables.

bench/judge.py checks, second by second, that it says what shipway.rollouts.analysis.judge says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from math import inf

import numpy as np

from judging.traffic import BUCKETS, EDGES, RATE, Second
from shipway.config.tables import JudgeSettings
from shipway.rollouts.analysis import latency as slow
from shipway.rollouts.analysis import noninferiority, regression_evidence, state
from shipway.rollouts.analysis.hypergeometric import ContingencyTable, log_ratios
from shipway.rollouts.analysis.judge import DOUBT


@cache
def table(odds: tuple[float, ...], null: float = 1.0) -> np.ndarray:
    """(requests of the candidate, events of both, odds) → log ratio at no event of its own."""
    found = np.zeros((RATE + 1, RATE + 1, len(odds)))
    for ours in range(RATE + 1):
        for events in range(RATE + 1):
            own = max(0, events - (RATE - ours))
            logs = log_ratios(ContingencyTable(ours, RATE - ours, own, events - own), odds, null)
            if ContingencyTable(ours, RATE - ours, own, events - own).is_informative:
                found[ours, events] = np.array(logs) - own * np.log(odds)
    return found


class Bursts:
    """rollouts/analysis/regression_evidence.py on arrays (runs, metrics)."""

    def __init__(self, runs: int, metrics: int) -> None:
        shape = (runs, metrics)
        self.observed, self.expected = np.zeros(shape), np.zeros(shape)
        self.before, self.before_requests = np.zeros(shape), np.zeros(shape)
        self.events, self.requests = np.zeros(shape), np.zeros(shape)
        self.seconds, self.edges = np.zeros(shape), np.full(shape, -1)

    def power(self, sticky: bool) -> np.ndarray:
        prior, trust = regression_evidence.PRIOR, regression_evidence.TRUST
        if sticky:
            prior, trust = regression_evidence.STICKY_PRIOR, regression_evidence.STICKY_TRUST
        found = np.minimum(1.0, (self.expected + trust) / (self.observed + trust * prior))
        return found if sticky else np.where(found > regression_evidence.NOISE, 1.0, found)

    def add(self, requests: np.ndarray, events: np.ndarray, known, edges) -> None:
        new = known & (edges != self.edges)
        for part in (self.events, self.requests, self.before, self.before_requests, self.seconds):
            part[new] = 0
        self.edges = np.where(known, edges, self.edges)
        self.events += np.where(known, events, 0)
        self.requests += np.where(known, requests, 0)
        self.seconds += known
        block = np.full(self.seconds.shape[1], regression_evidence.SLOW_BLOCK)
        block[0] = regression_evidence.BLOCK
        full = self.seconds >= block - 1e-9
        k, n, j, m = self.events, self.requests, self.before, self.before_requests
        pair = full & (n > 0) & (m > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.observed += np.where(pair, (k * m - j * n) ** 2 / (n * m), 0)
            self.expected += np.where(pair, (k + j) * (1 - (k + j) / (n + m)), 0)
        self.before, self.before_requests = np.where(full, k, j), np.where(full, n, m)
        self.events, self.requests = np.where(full, 0, k), np.where(full, 0, n)
        self.seconds = np.where(full, 0, self.seconds)


@dataclass
class Said:
    """After one second, (runs,): evidence against, and whether it would promote."""

    evidence: np.ndarray
    promote: np.ndarray


class Twin:
    """One judge for every run."""

    def __init__(self, settings: JudgeSettings, runs: int) -> None:
        self.settings, self.runs = settings, runs
        self.harm, self.better = (
            table(regression_evidence.ODDS),
            table(noninferiority.BETTER_LATENCY),
        )
        weights = np.array(regression_evidence.WEIGHTS)
        self.metrics = 1 + len(slow.QUANTILES)
        self.bets = np.tile(weights * regression_evidence.START, (runs, self.metrics, 1))
        self.bursts = Bursts(runs, self.metrics)
        self.histogram = np.zeros((runs, BUCKETS))
        self.proof_errors = np.zeros((runs, len(noninferiority.BETTER_ERRORS)))
        self.proof_latency = np.zeros(
            (runs, len(noninferiority.PROVEN_AT), len(noninferiority.BETTER_LATENCY))
        )
        self.requests, self.judged, self.traffic = np.zeros(runs), 0, np.zeros(runs, bool)
        edges, lower = dict.fromkeys(EDGES, 0), np.array(EDGES) / (1.0 + settings.latency_margin)
        self.bin = np.searchsorted(EDGES, lower, side="right")
        starts = np.concatenate([[0.0], EDGES])
        self.part = (lower - starts[self.bin]) / (starts[self.bin + 1] - starts[self.bin])
        self.carried = np.zeros((runs, self.metrics - 1))
        self.down = self._places(
            slow.edge_at_most(edges, slow.tolerated_time(settings, one)) for one in EDGES
        )

    @staticmethod
    def _places(found: Iterable[float | None]) -> np.ndarray:
        return np.array([-1 if one is None else EDGES.index(one) for one in found] + [-1])

    def run(self, traffic: Iterator[Second], history: int) -> Iterator[Said]:
        """What it says after every second that follows the history."""
        for number, second in enumerate(traffic):
            ours, theirs = second.buckets()
            places, known = self._quantiles()
            if number >= history:
                yield self._watch(second, ours, theirs, places, known)
            self._learn(second, theirs, places, known)

    def _quantiles(self) -> tuple[np.ndarray, np.ndarray]:
        total = self.histogram[:, -1:]
        rows = np.stack(
            [np.argmax(self.histogram >= q * total, axis=1) for q in slow.QUANTILES], axis=1
        )
        return rows, (total >= slow.ENOUGH) & (rows < BUCKETS - 1)

    def _learn(self, second: Second, theirs, places, known) -> None:
        above = theirs[:, -1:] - np.take_along_axis(theirs, places, axis=1)
        events = np.concatenate([second.baseline_errors[:, None], above], axis=1)
        requests = (RATE - second.candidate)[:, None] + np.zeros_like(events)
        known = np.concatenate([np.ones((self.runs, 1), bool), known], axis=1)
        edges = np.concatenate([np.zeros((self.runs, 1), int), places], axis=1)
        self.bursts.add(requests, events, known, edges)
        self.histogram = self.histogram * 0.5 ** (1.0 / slow.HALF_LIFE) + theirs

    def _watch(self, second: Second, ours, theirs, places, known) -> Said:
        power = self.bursts.power(self.settings.sticky)
        n, spent = second.candidate, 1.0 / self.settings.horizon
        above = theirs[:, -1:] - np.take_along_axis(theirs, places, axis=1)
        slower = np.where(known, ours[:, -1:] - np.take_along_axis(ours, places, axis=1), 0)
        beside = self._above_margin(theirs, np.where(known, places, 0), known)
        mine = np.concatenate([second.candidate_errors[:, None], slower], 1)
        other = np.concatenate([second.baseline_errors[:, None], beside], 1)
        logs = self.harm[n[:, None], mine + other] + mine[:, :, None] * np.log(
            regression_evidence.ODDS
        )
        gain = np.exp(np.minimum(power[:, :, None] * logs, regression_evidence.CAP))
        stake = np.array(regression_evidence.WEIGHTS) * (1 - regression_evidence.START) * spent
        self.bets = np.minimum(gain * (self.bets + stake), 1e200)
        self.judged += 1
        self.requests += n
        self.traffic = n > 0
        self._prove(second, ours, above, places, known, power)
        return self._said()

    def _above_margin(self, theirs, places, known) -> np.ndarray:
        """The baseline's responses above what the margin leaves of each threshold, whole ones."""
        padded = np.concatenate([np.zeros((self.runs, 1), theirs.dtype), theirs], axis=1)
        lower = np.take_along_axis(padded, self.bin[places], axis=1)
        upper = np.take_along_axis(padded, self.bin[places] + 1, axis=1)
        exact = self.carried + theirs[:, -1:] - (lower + (upper - lower) * self.part[places])
        whole = np.floor(exact + 1e-9)
        self.carried = np.where(known, exact - whole, self.carried)
        return np.where(known, whole, 0).astype(int)

    def _prove(self, second: Second, ours, above, places, known, power) -> None:
        n, k = second.candidate[:, None], second.candidate_errors[:, None]
        limit = self.settings.error_limit
        odds = np.array(noninferiority.BETTER_ERRORS)
        logs = k * np.log(odds) - n * np.log1p(limit * (odds - 1))
        self.proof_errors += power[:, :1] * logs
        chosen = [slow.QUANTILES.index(q) for q in noninferiority.PROVEN_AT]
        places, known, above = places[:, chosen], known[:, chosen], above[:, chosen]
        slower = ours[:, -1:] - np.take_along_axis(ours, self.down[places], axis=1)
        slower, above = np.where(known, slower, 0), np.where(known, above, 0)
        logs = self.better[n, slower + above]
        logs = logs + slower[:, :, None] * np.log(noninferiority.BETTER_LATENCY)
        self.proof_latency += power[:, 1:][:, chosen, None] * logs

    def _said(self) -> Said:
        left = (1 - regression_evidence.START) * max(0.0, 1 - self.judged / self.settings.horizon)
        values = self.bets.sum(axis=2) + left
        weight = state.ERRORS_WEIGHT
        evidence = weight * values[:, 0] + (1 - weight) * values[:, 1:].mean(axis=1)
        need = 1.0 / self.settings.beta
        with np.errstate(over="ignore"):
            errors = np.exp(self.proof_errors).mean(axis=1)
            latency = np.exp(self.proof_latency).mean(axis=(1, 2))
        enough = self.requests >= self.settings.min_requests
        promote = (errors >= need) & (latency >= need) & enough & (evidence < DOUBT)
        return Said(evidence, promote & self.traffic)


def first_times(said: Iterator[Said], alpha: float, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Seconds until each run was rolled back, and until it would have been promoted; inf: never."""
    rolled = promoted = None
    for number in range(1, horizon + 1):
        now = next(said)
        if rolled is None:
            rolled = np.full(len(now.evidence), inf)
            promoted = np.full(len(now.evidence), inf)
        rolled = np.where((now.evidence >= 1 / alpha) & np.isinf(rolled), number, rolled)
        good = now.promote & np.isinf(promoted) & np.isinf(rolled)
        promoted = np.where(good, number, promoted)
        if np.isfinite(rolled).all():
            break
    return rolled, promoted
