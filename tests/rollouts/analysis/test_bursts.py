"""Bursts are learned from the baseline, and only they lower the power."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from shipway.rollouts.analysis.regression_evidence import BurstModel


def learned(events: list[int]) -> BurstModel:
    """One second each, of 45 requests."""
    bursts = BurstModel()
    for count in events:
        bursts = bursts.add(1.0, 45, count)
    return bursts


def test_single_errors_leave_the_power_alone() -> None:
    rng = random.Random(1)
    assert learned([rng.random() < 0.05 for _ in range(1800)]).power(sticky=False) == 1.0


def test_bursts_of_ten_count_about_as_one() -> None:
    rng = random.Random(1)
    power = learned([10 * (rng.random() < 0.005) for _ in range(3600)]).power(sticky=False)
    assert 0.05 < power < 0.2


def test_sticky_clients_are_distrusted_until_single_errors_were_seen() -> None:
    rng = random.Random(1)
    seen = learned([rng.random() < 0.05 for _ in range(3600)]).power(sticky=True)
    assert BurstModel().power(sticky=True) == 0.1
    assert seen > 0.6


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=200), st.booleans())
def test_the_power_is_above_none_and_at_most_one(
    counts: list[tuple[int, int]], sticky: bool
) -> None:
    bursts = BurstModel()
    for requests, events in counts:
        bursts = bursts.add(10.0, requests, min(requests, events))
    assert 0.0 < bursts.power(sticky=sticky) <= 1.0


def test_blocks_of_different_thresholds_are_not_compared() -> None:
    bursts = BurstModel()
    for number in range(40):
        edge = 100.0 if number % 2 else 200.0
        bursts = bursts.add(10.0, 500, 40 if number % 2 else 5, edge)
    assert bursts.power(sticky=False) == 1.0
