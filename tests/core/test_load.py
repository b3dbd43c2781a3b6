"""Plans of loads, and what came of requests, as text and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.sent_requests import requests

from shipway.core.errors import ConfigError
from shipway.core.load import (
    KINDS,
    LoadPlan,
    Sent,
    Target,
    dump_plan,
    dump_sent,
    read_plan,
    read_sent,
)


@given(requests)
def test_what_came_of_a_request_is_one_line_and_comes_back(sent: Sent) -> None:
    line = dump_sent(sent)
    assert len(line.splitlines()) == 1
    assert read_sent(line) == sent


@given(
    st.lists(
        st.builds(
            Target, st.text().map("/".__add__), st.floats(0.01, 9), st.sampled_from(KINDS)
        ),
        min_size=1,
    )
)  # fmt: skip
def test_a_plan_comes_back(targets: list[Target]) -> None:
    plan = LoadPlan("127.0.0.1", 80, tuple(targets), rate=20)
    assert read_plan(dump_plan(plan)) == plan


@pytest.mark.parametrize("rate", [0, -1, 2001, float("nan"), float("inf")])
def test_a_rate_that_cannot_be_sent_is_refused(rate: float) -> None:
    with pytest.raises(ConfigError, match="cannot be sent"):
        LoadPlan("127.0.0.1", 80, (Target("/"),), rate=rate)


@pytest.mark.parametrize("seconds", [0, 1801, float("inf")])
def test_a_load_without_bound_is_refused(seconds: float) -> None:
    with pytest.raises(ConfigError, match="is not allowed"):
        LoadPlan("127.0.0.1", 80, (Target("/"),), seconds=seconds)


def test_a_load_sends_at_most_half_a_million() -> None:
    assert LoadPlan("127.0.0.1", 80, (Target("/"),), 2000, 1800).count == 500_000
    assert LoadPlan("127.0.0.1", 80, (Target("/"),), 100, 3).count == 300


@pytest.mark.parametrize("targets", [(), (Target("about"),)])
def test_paths_are_wanted(targets: tuple[Target, ...]) -> None:
    with pytest.raises(ConfigError, match="needs paths"):
        LoadPlan("127.0.0.1", 80, targets)
