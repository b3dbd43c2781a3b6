from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.reports.rollout_report import chart_panels, round_up
from shipway.reports.rollout_samples import ChartSample, ReleaseTraffic

from .any_report import READ


def drawn(*points: ChartSample, patience: float = 3.0) -> list[str]:
    """Traffic of the new release, failed, p95 of release a; 100 s are the whole width."""
    traffic, failed, slow = chart_panels(points, ["a"], lambda at: at, patience)
    assert traffic.areas
    return [traffic.areas[0], failed.curves["a"], slow.curves["a"]]


@pytest.mark.parametrize(
    ("value", "edge"), [(0, 1), (0.3, 1), (1, 1), (1.2, 2), (21, 25), (40, 50), (770, 1000)]
)
def test_an_axis_ends_with_a_round_figure(value: float, edge: float) -> None:
    assert round_up(value) == edge


@given(st.floats(0, 1e12))
def test_an_axis_holds_every_figure_and_wastes_at_most_three_fifths(value: float) -> None:
    edge = round_up(value)
    assert edge >= value
    assert edge == 1 or edge <= value * 2.5 * (1 + 1e-9)


def test_a_figure_lies_as_high_as_it_is() -> None:
    _, failed, slow = drawn(
        ChartSample(10, 5, {"a": ReleaseTraffic(100, 2, 20)}),
        ChartSample(11, 5, {"a": ReleaseTraffic(100)}),
    )
    assert failed == "M10.00 0.00h0L11.00 100.00"
    assert slow == "M10.00 0.00h0"


def test_a_curve_breaks_off_where_nothing_was_measured() -> None:
    got = {"a": ReleaseTraffic(1)}
    _, failed, _ = drawn(
        ChartSample(1, 5, got),
        ChartSample(2, 5, {}),
        ChartSample(3, 5, got),
        ChartSample(30, 5, got),
    )
    assert failed.count("M") == 3
    assert "L" not in failed


def test_the_share_of_the_traffic_is_drawn_only_for_the_seconds_that_were_sampled() -> None:
    area, _, _ = drawn(ChartSample(10, 25), ChartSample(11, 50), ChartSample(40, 100))
    assert area == (
        "M9.00 100V75.00H10.00V100ZM10.00 100V50.00H11.00V100ZM37.00 100V0.00H40.00V100Z"
    )


def test_a_share_that_nobody_told_is_left_out() -> None:
    assert drawn(ChartSample(1, None), ChartSample(2, 10))[0].count("Z") == 1


@given(READ.filter(bool))
def test_nothing_lies_outside_the_box(points: list[ChartSample]) -> None:
    end = points[-1].at or 1.0
    found = chart_panels(points, ["a", "b"], lambda at: min(100.0, max(0.0, at / end * 100)), 3.0)
    paths = [path for panel in found for path in (*panel.curves.values(), *(panel.areas or ()))]
    for number in re.findall(r"-?[\d.]+(?:e[+-]?\d+)?|nan|inf", " ".join(paths)):
        assert 0 <= float(number) <= 100
