"""Figures of a load."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.rehearsal.sent_requests import GOOD, requests

from shipway.rehearsal.load import SLOW, LoadResponse, percentile, summarize_load


def test_a_small_load_is_counted() -> None:
    found = summarize_load(
        [
            GOOD,
            GOOD._replace(at=101, latency=0.03, release="two", late=0.002),
            GOOD._replace(at=102, status=500, release="two", user=7),
            GOOD._replace(at=103, status=0, error="reset", release="", user=7, latency=0.5),
            GOOD._replace(at=104, latency=9.0, kind=SLOW),
            GOOD._replace(at=105, status=404),
        ]
    )
    assert (found.requests, found.failed, found.users_hit) == (6, 2, 1)
    assert found.errors == {"500": 1, "reset": 1}
    assert found.releases == {"one": 3, "two": 2, "": 1}
    assert found.latency == (found.latency.__class__)(10.0, 30.0, 30.0)
    assert found.failing == 1.5
    assert found.latest == 0.002


def test_of_nothing_there_are_no_percentiles() -> None:
    found = summarize_load([])
    assert (found.requests, found.failed, found.failing) == (0, 0, 0.0)
    assert found.latency.p99 is None


@given(st.lists(requests))
def test_every_request_is_counted_once(sent: list[LoadResponse]) -> None:
    found = summarize_load(sent)
    assert sum(found.releases.values()) == found.requests == len(sent)
    assert sum(found.errors.values()) == found.failed
    assert found.users_hit <= found.failed


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_a_measured_value_that_enough_do_not_exceed(
    values: list[float], share: float
) -> None:
    values.sort()
    found = percentile(values, share)
    assert found in values
    assert found is not None
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)
