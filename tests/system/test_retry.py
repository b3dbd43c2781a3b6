"""When a network call is made again, until when, and what happens to one that is overdue."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import VirtualClock
from tests.patience import PATIENCE

from shipway.system.retry import Attempts, Backoff, call_within, retry_after

CHANCE = st.floats(0, 1)
BACKOFF = Backoff()


@given(st.integers(1, 10_000), CHANCE)
def test_a_pause_grows_up_to_a_bound_and_is_never_nothing(attempt: int, chance: float) -> None:
    assert 0 < BACKOFF.pause(attempt, chance) <= BACKOFF.longest
    assert BACKOFF.pause(attempt, chance) <= BACKOFF.pause(attempt + 1, chance)


def test_the_bound_doubles() -> None:
    assert [Backoff(0.5, 8.0).pause(n, 1.0) for n in (1, 2, 3, 9)] == [0.5, 1.0, 2.0, 8.0]
    assert Backoff(0.5, 8.0).pause(1, 0.0) == 0.25


@given(st.integers(1, 20), CHANCE, st.floats(0, 1e6))
def test_what_is_asked_for_is_waited_at_least(attempt: int, chance: float, asked: float) -> None:
    assert asked <= BACKOFF.pause(attempt, chance, asked) <= asked + BACKOFF.first


@given(st.floats(0.1, 1000), CHANCE, st.floats(0, 5))
def test_no_attempt_begins_after_the_deadline(limit: float, chance: float, takes: float) -> None:
    clock = VirtualClock(0)
    attempts = Attempts(clock, limit, lambda: chance)
    begun = [clock.now()]
    clock.sleep(takes)
    while attempts.again():
        begun.append(clock.now())
        assert attempts.left <= limit
        clock.sleep(takes)
    assert attempts.count == len(begun)
    assert max(begun) < limit
    assert clock.now() <= limit + takes
    assert limit - clock.now() <= BACKOFF.longest  # it has not given up early either


def test_a_pause_that_would_pass_the_deadline_is_not_waited() -> None:
    clock = VirtualClock(0)
    assert not Attempts(clock, 60.0).again(3600.0)
    assert clock.now() == 0


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
    delay = retry_after(header, NOW)
    assert delay is None or delay >= 0


def test_a_call_that_ends_gives_its_result_or_its_error() -> None:
    assert call_within(PATIENCE, lambda: 3) == 3
    with pytest.raises(socket.gaierror, match="unknown"):
        call_within(PATIENCE, lambda: _raise(socket.gaierror("unknown")))


def _raise(error: Exception) -> None:
    raise error


@pytest.fixture
def hangs() -> Iterator[threading.Event]:
    """What is waited for until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_a_call_that_hangs_is_left_to_itself(hangs: threading.Event) -> None:
    with pytest.raises(TimeoutError, match=r"no answer within 0\.05 s"):
        call_within(0.05, lambda: hangs.wait(PATIENCE))
