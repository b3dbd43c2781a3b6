"""The hours of a schedule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.cost.estimate import running_hours
from shipway.cost.line_items import HOURS


def cron(hour: int, days: str, minute: int = 0) -> str:
    return f"cron({minute} {hour} ? * {days} *)"


@pytest.mark.parametrize(
    ("start", "stop", "days", "week"),
    [
        (7, 19, "MON-FRI", 60),
        (7, 19, "*", 84),
        (0, 12, "SUN", 12),
        (9, 17, "MON,WED", 16),
        (9, 17, "2-6", 40),
        (9, 17, "SAT-SUN", 16),
        (9, 17, "mon", 8),
        (19, 7, "*", 84),
        (22, 6, "FRI-MON", 104),
    ],
)
def test_hours_of_a_week_that_it_runs(start: int, stop: int, days: str, week: float) -> None:
    found = running_hours(cron(start, days), cron(stop, days))
    assert found == pytest.approx(HOURS * week / 168)


@pytest.mark.parametrize("days", ["1#2", "L", "MONDAY", "MON-"])
def test_days_that_are_not_understood_count_as_all_hours(days: str) -> None:
    assert running_hours(cron(7, days), cron(19, days)) == HOURS


def test_without_a_schedule_it_runs_all_hours() -> None:
    assert running_hours("", "") == HOURS


minutes = st.tuples(st.integers(0, 23), st.integers(0, 59))
weekdays = st.sets(st.sampled_from(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]), min_size=1)


@given(minutes, minutes, weekdays)
def test_start_and_stop_swapped_give_the_other_hours(
    one: tuple[int, int], other: tuple[int, int], days: set[str]
) -> None:
    if one == other:
        return
    named = ",".join(sorted(days))
    first, second = (cron(at[0], named, at[1]) for at in (one, other))
    assert running_hours(first, second) + running_hours(second, first) == pytest.approx(HOURS)
