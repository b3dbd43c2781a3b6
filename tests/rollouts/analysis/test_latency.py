"""Thresholds are edges of the histogram, and none is invented."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.rollouts.analysis.latency import (
    EDGES,
    decayed_histogram,
    edge_at_least,
    edge_at_most,
    quantile_edge,
    share_above,
    slower_count,
)
from shipway.rollouts.analysis.window import RequestCounts

COUNTS = RequestCounts(100, 0, {50.0: 60, 100.0: 90, 250.0: 99, inf: 100})


def test_a_quantile_is_the_first_edge_with_so_many() -> None:
    histogram = decayed_histogram((), COUNTS, 1.0)
    assert [quantile_edge(histogram, q) for q in (0.5, 0.75, 0.9, 0.95)] == [50, 100, 100, 250]


def test_a_quantile_beyond_the_last_edge_is_not_known() -> None:
    assert quantile_edge(decayed_histogram((), COUNTS, 1.0), 0.999) is None


def test_a_share_is_three_standard_errors_more_than_was_counted() -> None:
    histogram = decayed_histogram((), COUNTS, 1.0)
    assert share_above(histogram, 100.0) == pytest.approx((10 + 3 * 10**0.5 + 3) / 100)
    assert share_above(histogram, 50.0) < 1.0
    assert share_above(((50.0, 1.0), (inf, 100.0)), 50.0) == 1.0


def test_few_responses_give_no_quantile() -> None:
    assert quantile_edge(decayed_histogram((), RequestCounts(9, 0, {50.0: 9}), 1.0), 0.5) is None


def test_other_edges_begin_a_new_histogram() -> None:
    histogram = decayed_histogram(
        decayed_histogram((), COUNTS, 1.0), RequestCounts(60, 0, {10.0: 60}), 1.0
    )
    assert histogram == ((10.0, 60.0), (inf, 60.0))


def test_what_is_beyond_all_edges_is_slow() -> None:
    assert slower_count(RequestCounts(100, 0, {50.0: 60}), 50.0) == 40


@given(st.floats(0.5, 200_000.0))
def test_edges_around_a_value_hold_it(value: float) -> None:
    buckets = dict.fromkeys(EDGES, 0)
    above, below = edge_at_least(buckets, value), edge_at_most(buckets, value)
    assert above is None or above >= value * (1 - 1e-8)
    assert below is None or below <= value * (1 + 1e-8)
    assert above is not None or value > max(EDGES)
    assert below is not None or value < min(EDGES)


def test_edges_rise_and_have_two_significant_digits() -> None:
    assert list(EDGES) == sorted(set(EDGES))
    assert all(float(f"{edge:.1e}") == edge for edge in EDGES)
