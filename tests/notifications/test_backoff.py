"""Waiting between attempts."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.notifications.webhooks import FIRST, LONGEST, backoff_delay, retry_after

CHANCE = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 10_000), CHANCE)
def test_a_pause_grows_up_to_a_bound(attempt: int, chance: float) -> None:
    assert 0 <= backoff_delay(attempt, chance) <= LONGEST
    assert backoff_delay(attempt, chance) <= backoff_delay(attempt + 1, chance)


def test_the_bound_doubles() -> None:
    assert [backoff_delay(n, 0.5) for n in (1, 2, 3)] == [FIRST / 2, FIRST, FIRST * 2]


@given(st.integers(1, 20), CHANCE, st.floats(0, 1e6))
def test_what_is_asked_for_is_waited_at_least(attempt: int, chance: float, wanted: float) -> None:
    assert wanted <= backoff_delay(attempt, chance, wanted) <= wanted + FIRST


NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        (format_datetime(datetime.fromtimestamp(NOW + 30, UTC), usegmt=True), 30.0),
        (format_datetime(datetime.fromtimestamp(NOW - 30, UTC), usegmt=True), 0.0),
        (datetime.fromtimestamp(NOW + 9, UTC).strftime("%a, %d %b %Y %H:%M:%S -0000"), 9.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text())
def test_retry_after_of_anything_is_no_exception(header: str) -> None:
    found = retry_after(header, NOW)
    assert found is None or found >= 0
