"""Other judges, re-implemented from what they publish, on the same traffic.

Kayenta: MannWhitneyClassifier (confidence 0.98, tolerance 0.25, direction either) with the
Hodges–Lehmann interval of R's wilcox.test by normal approximation; error rate and p95, a score
below 75 fails. Flagger: one check a minute, success rate ≥ 99 % and p99 ≤ 500 ms, the fifth failed
check rolls back. CloudWatch: three successive minutes with more than 5 % errors. The oracle is
Wald's test of the two true error rates, which nobody knows.
"""

from __future__ import annotations

from math import inf, nan

import numpy as np
from scipy.stats import norm

from judging.traffic import RATE, Scenario, Second, seconds

Z = norm.ppf(0.99)
TOLERANCE = 0.25


class Series:
    """Error rates and latency quantiles of both releases, one point every so many seconds."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.points: list[list[np.ndarray]] = [[], [], [], []]  # errors ours, theirs; p95 likewise
        self.p99: list[np.ndarray] = []
        self._seconds: list[Second] = []

    def add(self, second: Second) -> None:
        self._seconds.append(second)
        if len(self._seconds) == self.step:
            self._close()

    def _close(self) -> None:
        latency = np.concatenate([one.latency for one in self._seconds], axis=1)
        mine = np.concatenate(
            [np.arange(RATE)[None, :] < one.candidate[:, None] for one in self._seconds], axis=1
        )
        ours = sum(one.candidate for one in self._seconds)
        theirs = self.step * RATE - ours
        failed = sum(one.candidate_errors for one in self._seconds)
        self.points[0].append(failed / np.maximum(ours, 1))
        self.points[1].append(
            sum(one.baseline_errors for one in self._seconds) / np.maximum(theirs, 1)
        )
        candidate = np.sort(np.where(mine, latency, inf), axis=1)
        self.points[2].append(_quantile(candidate, ours, 0.95))
        self.points[3].append(_quantile(np.sort(np.where(mine, inf, latency), 1), theirs, 0.95))
        self.p99.append(_quantile(candidate, ours, 0.99))
        self._seconds = []


def _quantile(ordered: np.ndarray, counts: np.ndarray, quantile: float) -> np.ndarray:
    place = np.maximum(np.ceil(quantile * counts).astype(int) - 1, 0)
    found = np.take_along_axis(ordered, place[:, None], axis=1)[:, 0]
    return np.where(counts > 0, found, 0.0)


def differs(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """(runs, points) of both → whether Kayenta calls the metric High or Low."""
    n = ours.shape[1]
    shifts = (ours[:, :, None] - theirs[:, None, :]).reshape(len(ours), -1)
    shifts = np.sort(shifts, axis=1)
    edge = int(np.floor(n * n / 2 - Z * np.sqrt(n * n * (2 * n + 1) / 12) - 0.5))
    if edge < 0:
        return np.zeros(len(ours), bool)
    bound = TOLERANCE * np.abs(np.median(shifts, axis=1))
    return (shifts[:, edge] > bound) | (shifts[:, -1 - edge] < -bound)


def _kayenta(series: Series, points: int) -> np.ndarray:
    a, b, c, d = (np.stack(one[-points:], axis=1) for one in series.points)
    score = 100 - 50 * (differs(a, b).astype(int) + differs(c, d).astype(int))
    return score < 75


def first_times(truth: Scenario, runs: int, seed: tuple[int, ...], horizon: int) -> dict:
    """peer → (runs,) seconds until it rolls back; inf: never."""
    rng = np.random.default_rng(seed)
    names = ("Kayenta growing", "Kayenta 6×10 s", "Flagger", "CloudWatch", "oracle SPRT")
    times = {name: np.full(runs, inf) for name in names}
    minutes, tens = Series(60), Series(10)
    failed, alarms, llr = np.zeros(runs), np.zeros(runs), np.zeros(runs)
    if truth.error_candidate <= truth.error_baseline:
        times["oracle SPRT"] = np.full(runs, nan)  # it knows of errors only
    p0, p1 = truth.error_baseline, min(truth.error_candidate, 1 - 1e-9)

    def mark(name: str, bad: np.ndarray, now: int) -> None:
        times[name] = np.where(bad & np.isinf(times[name]), now, times[name])

    for number, second in enumerate(seconds(truth, runs, rng)):
        now = number - truth.history + 1
        if now > horizon:
            return times
        if now <= 0:
            continue
        k, n = second.candidate_errors, second.candidate
        if p1 > p0:
            llr += k * np.log(p1 / p0) + (n - k) * np.log((1 - p1) / (1 - p0))
            mark("oracle SPRT", llr >= np.log(100), now)
        minutes.add(second)
        tens.add(second)
        if now % 60:
            continue
        rate, p99 = minutes.points[0][-1], minutes.p99[-1]
        failed += (rate > 0.01) | (p99 > 500)
        mark("Flagger", failed >= 5, now)
        alarms = np.where(rate > 0.05, alarms + 1, 0)
        mark("CloudWatch", alarms >= 3, now)
        mark("Kayenta 6×10 s", _kayenta(tens, 6), now)
        if now >= 300:
            mark("Kayenta growing", _kayenta(minutes, len(minutes.p99)), now)
    return times
