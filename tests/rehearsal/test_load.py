"""Plans of loads, and what came of requests, as text and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rehearsal.sent_requests import requests

from shipway.errors import ConfigError
from shipway.rehearsal.load import (
    KINDS,
    LoadPlan,
    LoadResponse,
    LoadTarget,
    load_plan_from_json,
    load_plan_to_json,
    response_from_json,
    response_to_json,
)


@given(requests)
def test_what_came_of_a_request_is_one_line_and_comes_back(sent: LoadResponse) -> None:
    line = response_to_json(sent)
    assert len(line.splitlines()) == 1
    assert response_from_json(line) == sent


@given(
    st.lists(
        st.builds(
            LoadTarget, st.text().map("/".__add__), st.floats(0.01, 9), st.sampled_from(KINDS)
        ),
        min_size=1,
    )
)
def test_a_plan_comes_back(targets: list[LoadTarget]) -> None:
    plan = LoadPlan(host="127.0.0.1", port=80, targets=tuple(targets), rate=20)
    assert load_plan_from_json(load_plan_to_json(plan)) == plan


@pytest.mark.parametrize("rate", [0, -1, 2001, float("nan"), float("inf")])
def test_a_rate_that_cannot_be_sent_is_refused(rate: float) -> None:
    with pytest.raises(ConfigError, match="cannot be sent"):
        LoadPlan(host="127.0.0.1", port=80, targets=(LoadTarget("/"),), rate=rate)


@pytest.mark.parametrize("seconds", [0, 1801, float("inf")])
def test_a_load_without_bound_is_refused(seconds: float) -> None:
    with pytest.raises(ConfigError, match="is not allowed"):
        LoadPlan(host="127.0.0.1", port=80, targets=(LoadTarget("/"),), seconds=seconds)


def test_a_load_sends_at_most_half_a_million() -> None:
    assert (
        LoadPlan(
            host="127.0.0.1", port=80, targets=(LoadTarget("/"),), rate=2000, seconds=1800
        ).count
        == 500_000
    )
    assert (
        LoadPlan(host="127.0.0.1", port=80, targets=(LoadTarget("/"),), rate=100, seconds=3).count
        == 300
    )


@pytest.mark.parametrize("targets", [(), (LoadTarget("about"),)])
def test_paths_are_wanted(targets: tuple[LoadTarget, ...]) -> None:
    with pytest.raises(ConfigError, match="needs paths"):
        LoadPlan(host="127.0.0.1", port=80, targets=targets)
