"""The judge against others: seconds until a bad release is rolled back, and false alarms.

    python bench/judge.py --seed N [--quick]

50 requests/s, 10 % to the candidate, lognormal latency with p95 253 ms; every judge sees the same
generator and, where it may, looks every second. First some runs are judged by
shipway.rollouts.analysis.judge
itself and compared with the array version that judges the many (bench/judging/twin.py). Ends with
1 if they differ, a false-alarm bound is broken, or a target is missed. --quick: fewer runs, the
same code, under a minute; its bounds on false alarms are as wide as its runs are few.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import Executor, ProcessPoolExecutor
from itertools import repeat
from math import inf

import numpy as np
from judging import peers
from judging.alone import rolled_back, window
from judging.scenarios import ALONE, AT_LIMIT, NULLS, TARGETS, UNDECLARED, WORSE
from judging.traffic import Scenario, seconds
from judging.twin import Twin, first_times
from judging.world import WORLDS, short, verdict
from scipy.stats import beta

from shipway.config.tables import JudgeSettings
from shipway.rollouts.analysis.judge import initial_state, observe, observe_baseline
from shipway.rollouts.analysis.latency import EDGES
from shipway.rollouts.analysis.window import AnalysisWindow, RequestCounts

ALPHA = JudgeSettings().alpha
HORIZON = int(JudgeSettings().horizon)
WINDOW_MS = 20.0  # CPU milliseconds that one window may take


def same(seed: int, runs: int, horizon: int) -> float:
    """The largest relative difference of evidence between the judge and its twin."""
    truth = Scenario("", error_candidate=0.01, slower=1.1)
    settings = JudgeSettings()
    twin = Twin(settings, runs)
    theirs = twin.run(seconds(truth, runs, np.random.default_rng(seed)), truth.history)
    states, worst = [initial_state(settings)] * runs, 0.0
    for number, second in enumerate(seconds(truth, runs, np.random.default_rng(seed))):
        if number >= truth.history + horizon:
            return worst
        said = next(theirs) if number >= truth.history else None
        for row in range(runs):
            one = window(second, row)
            if said is None:
                states[row] = observe_baseline(states[row], one.seconds, one.baseline)
                continue
            states[row], _ = observe(states[row], one)
            ours = states[row].evidence
            worst = max(worst, abs(ours - said.evidence[row]) / ours)
    return worst


def median(times: np.ndarray, horizon: int = HORIZON) -> str:
    """Seconds; where most runs had none, how many had."""
    if np.isnan(times).all():
        return "–"
    middle = float(np.quantile(times, 0.5, method="lower"))
    return f"{middle:.0f}" if middle < inf else f">{horizon} ({np.isfinite(times).mean():.0%})"


def upper(alarms: int, runs: int) -> float:
    """Clopper and Pearson's 95 % upper bound (two-sided: 97.5 % each side)."""
    return 1.0 if alarms == runs else float(beta.ppf(0.975, alarms + 1, runs - alarms))


def detection(pool: Executor, seed: int, runs: int, peer_runs: int, peer_horizon: int) -> list[str]:
    """Prints how fast each judge rolls back; gives the targets that this one missed."""
    missed: list[str] = []
    cells = len(WORSE)
    ours = pool.map(judged, WORSE, repeat(JudgeSettings()), repeat(runs), _seeds(seed, 1, cells))
    seeds = _seeds(seed, 2, cells)
    others = list(
        pool.map(peers.first_times, WORSE, repeat(peer_runs), seeds, repeat(peer_horizon))
    )
    print(f"\nMedian seconds to roll back at 10 % ({runs} runs; peers {peer_runs})\n")
    show("degradation", "this", *others[0], head=True)
    for truth, (rolled, _), peer in zip(WORSE, ours, others, strict=True):
        show(truth.name, median(rolled), *(median(times, peer_horizon) for times in peer.values()))
        if np.quantile(rolled, 0.5, method="lower") > TARGETS.get(truth.name, inf):
            missed.append(f"{truth.name}: {median(rolled)} s")
    return missed


def false_alarms(pool: Executor, seed: int, runs: int, horizon: int) -> list[str]:
    """Prints how often healthy releases are rolled back; gives the nulls beyond alpha."""
    broken: list[str] = []
    cases = (*NULLS, *UNDECLARED)
    truths = [truth for truth, _ in cases]
    limits = [JudgeSettings(**words) for _, words in cases]
    found = pool.map(
        judged, truths, limits, repeat(runs), _seeds(seed, 3, len(cases)), repeat(horizon)
    )
    print(f"\nFalse alarms of this judge in {horizon} s ({runs} runs a null, never stopped)\n")
    show("null", "errors", "learned", "rolled back", "at most (95 %)", "promoted s", head=True)
    for number, (truth, (rolled, promoted)) in enumerate(zip(truths, found, strict=True)):
        alarms = int(np.isfinite(rolled).sum())
        bound = upper(alarms, runs)
        rates = (f"{truth.error_baseline:.1%}", f"{truth.history} s", f"{alarms / runs:.2%}")
        show(truth.name, *rates, f"{bound:.2%}", median(promoted, horizon))
        # Few runs cannot show a bound of 1 %; then it must at least not be refuted.
        refuted = beta.ppf(0.025, alarms, runs - alarms + 1) > ALPHA if alarms else False
        if number < len(NULLS) and (bound > ALPHA if runs >= 2000 else refuted):
            broken.append(f"{truth.name}: {alarms} of {runs}")
    return broken


def peer_alarms(pool: Executor, seed: int, runs: int, horizon: int) -> None:
    """Prints the same for the peers."""
    truths = [truth for truth, _ in NULLS[:2]]
    seeds = _seeds(seed, 4, len(truths))
    found = list(pool.map(peers.first_times, truths, repeat(runs), seeds, repeat(horizon)))
    names = [name for name in found[0] if name != "oracle SPRT"]
    print(f"\nFalse alarms of peers in {horizon} s ({runs} runs)\n")
    show("null", *names, head=True)
    for truth, times in zip(truths, found, strict=True):
        rates = (f"{np.isfinite(times[name]).mean():.1%}" for name in names)
        show(f"{truth.name}, {truth.error_baseline:.1%} errors", *rates)


def wrong_promotions(pool: Executor, seed: int, runs: int) -> None:
    """Prints how often a release exactly at a limit is promoted: beta allows 5 %."""
    seeds = _seeds(seed, 5, len(AT_LIMIT))
    found = pool.map(judged, AT_LIMIT, repeat(JudgeSettings()), repeat(runs), seeds)
    print(f"\nPromoted although at the limit ({runs} runs)\n")
    show("truth", "promoted", "at most (95 %)", head=True)
    for truth, (_, promoted) in zip(AT_LIMIT, found, strict=True):
        wrong = int(np.isfinite(promoted).sum())
        show(truth.name, f"{wrong / runs:.2%}", f"{upper(wrong, runs):.2%}")


def alone(pool: Executor, seed: int, runs: int, horizon: int) -> None:
    """Prints the same for candidates that got all requests at once, as blue-green does it."""
    seeds = _seeds(seed, 6, len(ALONE))
    found = pool.map(rolled_back, ALONE, repeat(runs), seeds, repeat(horizon))
    print(f"\nAll requests at once, baseline learned before ({runs} runs of {horizon} s)\n")
    show("truth", "errors", "rolled back", "median s", head=True)
    for truth, times in zip(ALONE, found, strict=True):
        rates = (f"{truth.error_candidate:.1%}", f"{np.isfinite(times).mean():.1%}")
        show(truth.name, *rates, median(times, horizon))


def outside(pool: Executor, seed: int, runs: int, *, quick: bool) -> list[str]:
    """Prints what becomes of releases in scenarios that the judge was not made with; gives those
    that end wrongly."""
    wrong: list[str] = []
    worlds = [short(world) for world in WORLDS] if quick else list(WORLDS)
    print(f"\nOutside the generator ({runs} runs)\n")
    show("scenario", "right", "rolled back", "median s", "promoted", "median s", head=True)
    for number, world in enumerate(worlds):
        seeds = [(seed, 7, number, run) for run in range(runs)]
        rolled, promoted = np.array(list(pool.map(verdict, repeat(world), seeds))).T
        rates = [np.isfinite(times).mean() for times in (rolled, promoted)]
        show(
            world.name,
            world.right,
            f"{rates[0]:.1%}",
            median(rolled, world.seconds),
            f"{rates[1]:.1%}",
            median(promoted, world.seconds),
        )
        healthy = world.right == "not rolled back"
        count = int(np.isfinite(rolled if healthy else promoted).sum())
        allowed = ALPHA if healthy else world.settings.beta
        if count and beta.ppf(0.025, count, runs - count + 1) > allowed:
            wrong.append(f"{world.name}: {rates[0]:.1%} rolled back, {rates[1]:.1%} promoted")
    return wrong


def windows() -> list[str]:
    """Prints what one window costs, by its number of requests."""
    print("\nOne window\n")
    show("requests of each release", "CPU ms", head=True)
    wrong = []
    for requests in (50, 10_000, 1_000_000):
        buckets = {edge: int(requests * min(1.0, max(0.0, edge / 80 - 1))) for edge in EDGES}
        traffic = RequestCounts(requests, requests // 50, buckets)
        state = observe_baseline(initial_state(), 1.0, traffic)
        spent = []
        for _ in range(5):
            began = time.process_time()
            observe(state, AnalysisWindow(1.0, traffic, traffic))
            spent.append((time.process_time() - began) * 1000)
        show(f"{requests}", f"{min(spent):.2f}")
        if min(spent) >= WINDOW_MS:
            wrong.append(f"a window of {requests} requests takes {min(spent):.1f} ms")
    return wrong


def _seeds(seed: int, table: int, cells: int) -> list[tuple[int, int, int]]:
    return [(seed, table, cell) for cell in range(cells)]


def judged(
    truth: Scenario,
    settings: JudgeSettings,
    runs: int,
    seed: tuple[int, ...],
    horizon: int = HORIZON,
) -> tuple[np.ndarray, np.ndarray]:
    """(runs,) seconds until rolled back and until promoted."""
    traffic = seconds(truth, runs, np.random.default_rng(seed))
    said = Twin(settings, runs).run(traffic, truth.history)
    return first_times(said, settings.alpha, horizon)


def show(*row: str, head: bool = False) -> None:
    """A row of a table in Markdown."""
    print("| " + " | ".join(row) + " |" + ("\n|" + " --- |" * len(row)) * head, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="The judge against others.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    words = parser.parse_args()
    began, quick = time.monotonic(), words.quick
    difference = same(words.seed, *((2, 60) if quick else (4, 300)))
    print(f"judge and twin differ by {difference:.1e} at most")
    wrong = [f"judge and twin differ by {difference}"] if difference > 1e-6 else []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        wrong += detection(pool, words.seed, *((15, 2, 60) if quick else (500, 300, HORIZON)))
        wrong += false_alarms(pool, words.seed, *((20, 200) if quick else (2000, HORIZON)))
        peer_alarms(pool, words.seed, *((4, 60) if quick else (300, HORIZON)))
        wrong_promotions(pool, words.seed, 4 if quick else 2000)
        wrong += outside(pool, words.seed, 1 if quick else 100, quick=quick)
        alone(pool, words.seed, *((4, 30) if quick else (300, 120)))
    wrong += [] if quick else windows()  # a test runs the quick one, on a busy machine, too
    print(f"\n{time.monotonic() - began:.0f} s", *(f"\nMISSED {one}" for one in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
