"""The law of the bets: they never grow in the mean, if each window's ratio does not."""

from __future__ import annotations

from itertools import product
from math import exp, isfinite, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.rollouts.analysis.regression_evidence import (
    CAP,
    ODDS,
    WEIGHTS,
    Bets,
    bets_wealth,
    initial_bets,
    update_bets,
)


def ratios(error: bool, share: float) -> list[float]:
    """Of one event, which is the candidate's with the chance of its share if both are alike."""
    return [(log(ratio) if error else 0.0) - log(ratio * share + 1.0 - share) for ratio in ODDS]


@given(st.floats(0.01, 0.9), st.floats(0.1, 1.0))
def test_the_mean_wealth_over_all_futures_is_at_most_the_stake(share: float, power: float) -> None:
    depth = 6
    mean = 0.0
    for path in product([False, True], repeat=depth):
        bets, chance = initial_bets(), 1.0
        for error in path:
            chance *= share if error else 1.0 - share
            bets = update_bets(bets, ratios(error, share), seconds=1, spent=1 / depth, power=power)
        mean += chance * bets_wealth(bets, 1.0)
    assert mean <= 1.0 + 1e-9


def test_the_stakes_are_all_there_is() -> None:
    assert sum(WEIGHTS) == pytest.approx(1.0)
    assert bets_wealth(initial_bets(), 0.0) == pytest.approx(1.0)


def test_one_second_cannot_decide_alone() -> None:
    bets = update_bets(initial_bets(), [1000.0] * len(ODDS), seconds=1.0, spent=0.0, power=1.0)
    assert bets_wealth(bets, 0.0) <= exp(CAP)


def test_bets_stay_numbers_whatever_comes() -> None:
    bets: Bets = initial_bets()
    for log_ratio in (1e6, -1e6, 1e6):
        logs = [log_ratio] * len(ODDS)
        for _ in range(400):
            bets = update_bets(bets, logs, seconds=60.0, spent=0.0001, power=1.0)
            assert all(isfinite(one) and one >= 0.0 for one in bets)
