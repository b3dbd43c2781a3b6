"""The judge itself, second by second: for what its array version does not know."""

from __future__ import annotations

from math import inf

import numpy as np

from judging.traffic import EDGES, RATE, Scenario, Second, seconds
from shipway.config.tables import JudgeSettings
from shipway.rollouts.analysis.judge import initial_state, observe, observe_baseline
from shipway.rollouts.analysis.window import AnalysisWindow, Decision, RequestCounts


def window(second: Second, row: int, *, alone: bool = False) -> AnalysisWindow:
    """One run's second."""
    n = int(second.candidate[row])
    edges = (*EDGES, inf)
    ours, theirs = (
        dict(zip(edges, map(int, buckets[row]), strict=True)) for buckets in second.buckets()
    )
    return AnalysisWindow(
        1.0,
        RequestCounts(n, int(second.candidate_errors[row]), ours),
        RequestCounts(RATE - n, int(second.baseline_errors[row]), theirs),
        alone,
    )


def rolled_back(truth: Scenario, runs: int, seed: tuple[int, ...], horizon: int) -> np.ndarray:
    """(runs,) seconds after all requests went to the candidate at once; inf: never."""
    states, times = [initial_state(JudgeSettings())] * runs, np.full(runs, inf)
    for number, second in enumerate(seconds(truth, runs, np.random.default_rng(seed))):
        if number >= truth.history + horizon:
            return times
        for row in range(runs):
            one = window(second, row, alone=number >= truth.history)
            if number < truth.history:
                states[row] = observe_baseline(states[row], one.seconds, one.baseline)
            elif times[row] == inf:
                states[row], judgement = observe(states[row], one)
                if judgement.decision is Decision.ROLL_BACK:
                    times[row] = number + 1 - truth.history
    return times
