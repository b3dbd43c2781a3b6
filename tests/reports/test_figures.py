from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shipway.reports.figures import format_duration, format_figure, sparkline, utc


def test_figures_and_durations_read_well() -> None:
    assert [format_figure(x) for x in (1840, 10**400, 11.20, 0.0, None, True, "x")] == [
        "1,840",
        f"{10**400:,}",
        "11.2",
        "0",
        "",
        "True",
        "x",
    ]
    assert [format_duration(x) for x in (0.123, 4.25, 65.0)] == ["0.12 s", "4.2 s", "1 min 05 s"]


def test_a_time_that_no_calendar_has_is_a_dash() -> None:
    assert utc(1_790_000_000.0) == "2026-09-21 14:13 UTC"
    assert utc(1e300) == utc(float("nan")) == utc(float("inf")) == "–"


@given(st.lists(st.floats(0, 1e9), min_size=1))
def test_a_sparkline_stays_in_its_box(values: list[float]) -> None:
    points = [tuple(map(float, point.split())) for point in sparkline(values)[1:].split("L")]
    assert len(points) == len(values)
    assert all(0 <= x <= 100 and 2 <= y <= 22 for x, y in points)
    assert sparkline([]) == ""
