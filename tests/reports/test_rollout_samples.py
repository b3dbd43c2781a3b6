from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.reports.rollout_samples import (
    ChartSample,
    ReleaseTraffic,
    chart_samples,
    finite_number,
    release_names,
    seconds_since,
    thin_samples,
    traffic_totals,
)

from .any_report import ODD, READ, SAMPLES, lists


@pytest.mark.parametrize("odd", [None, True, "7", math.nan, math.inf, 10**400, []])
def test_what_is_no_figure_counts_as_not_measured(odd: object) -> None:
    assert finite_number(odd) is None


def test_times_of_the_epoch_and_of_the_rollout_are_both_seconds_since_its_start() -> None:
    assert seconds_since(1_790_000_007.5, 1_790_000_000.0) == 7.5
    assert seconds_since(7.5, 1_790_000_000.0) == 7.5
    assert seconds_since("noon", 0.0) is None


def test_samples_come_in_order_of_time_and_only_with_a_time() -> None:
    raw = [{"at": 2.0, "weight": 150}, {"weight": 3}, "odd", {"at": 1.0, "weight": -1}]
    assert chart_samples(raw, 0.0) == [ChartSample(1.0, 0.0), ChartSample(2.0, 100.0)]


def test_no_requests_are_no_error_rate() -> None:
    assert ReleaseTraffic(0, 0).error_rate is None
    assert ReleaseTraffic(50, 2).error_rate == 4.0
    assert ReleaseTraffic(1, 5).error_rate == 100.0


def test_neighbours_taken_together_keep_the_worst_latency_and_the_last_weight() -> None:
    found = [
        ChartSample(1, 10, {"a": ReleaseTraffic(5, 1, 80)}),
        ChartSample(2, 50, {"a": ReleaseTraffic(6, 0, 30), "b": ReleaseTraffic(1)}),
    ]
    assert thin_samples(found, 1) == [
        ChartSample(2, 50, {"a": ReleaseTraffic(11, 1, 80), "b": ReleaseTraffic(1)})
    ]


@given(READ, st.integers(1, 50))
def test_thinning_loses_no_request_no_failure_and_no_worst(
    found: list[ChartSample], most: int
) -> None:
    few = thin_samples(found, most)
    assert len(few) <= most
    assert traffic_totals(few) == traffic_totals(found)
    assert release_names(few) == release_names(found)
    assert [one.at for one in few] == sorted(one.at for one in few)
    if len(found) <= most:
        assert few == found


@given(lists(SAMPLES), ODD)
def test_whatever_the_record_holds_becomes_figures(raw: object, started: object) -> None:
    for sample in chart_samples(raw, finite_number(started) or 0.0):
        assert sample.weight is None or 0 <= sample.weight <= 100
        for got in sample.releases.values():
            assert got.requests >= 0
            assert got.failed >= 0
            assert got.error_rate is None or 0 <= got.error_rate <= 100
