"""A hold, as it is kept and said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.errors import RecordError
from shipway.rollouts.deploy_freeze import (
    DeployFreeze,
    EnvironmentFrozen,
    freeze_from_json,
    freeze_to_json,
)


@given(st.text(), st.text(), st.floats(0, 4e9))
def test_what_is_kept_comes_back(reason: str, by: str, since: float) -> None:
    hold = DeployFreeze("production", reason, by, since)
    assert freeze_from_json("production", freeze_to_json(hold)) == hold


@pytest.mark.parametrize("text", ["", "  "])
def test_nothing_kept_is_no_hold(text: str) -> None:
    assert freeze_from_json("production", text) is None


@pytest.mark.parametrize("text", ["no JSON", "{}", "[]", '{"reason": 1}', "null"])
def test_what_cannot_be_read_is_not_taken_for_nothing(text: str) -> None:
    with pytest.raises(RecordError, match="production"):
        freeze_from_json("production", text)


def test_a_refusal_says_who_when_why_and_what_to_do() -> None:
    held = EnvironmentFrozen(
        DeployFreeze("production", "the election is counted", "ann@laptop", 1_764_072_000)
    )
    assert held.message == (
        "production is held by ann@laptop since 2025-11-25 12:00 UTC: the election is counted"
    )
    assert "shipway hold production --release" in held.remedy
    assert held.exit_code == 6
