"""What was rolled out here and elsewhere, in one order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shipway.rollouts.ecs.history import merge_histories
from shipway.rollouts.report import RolloutRecord

STARTS = st.lists(st.integers(0, 9).map(float), max_size=5, unique=True)


def rollouts(machine: str, starts: list[float]) -> list[RolloutRecord]:
    return [RolloutRecord(started=start, digest=f"{machine}{start:g}") for start in starts]


def digests(merged: list[RolloutRecord]) -> list[str]:
    return [rollout.digest for rollout in merged]


def test_a_rollout_by_a_clock_that_was_ahead_stays_in_its_place() -> None:
    three_days = 3 * 86_400.0
    local = rollouts("a", [20.0, 10.0 + three_days, 5.0])  # newest first, as the record has them
    assert digests(merge_histories(local, [])) == digests(local)
    stored = [*local, *rollouts("b", [15.0])]
    assert digests(merge_histories(local, stored))[0] == "a20"


@given(STARTS, STARTS)
def test_each_history_keeps_its_order_and_every_rollout_is_there_once(
    here: list[float], there: list[float]
) -> None:
    local, others = rollouts("a", here), rollouts("b", there)
    merged = digests(merge_histories(local, [*others, *local]))
    assert [digest for digest in merged if digest[0] == "a"] == digests(local)
    assert [digest for digest in merged if digest[0] == "b"] == digests(others)


@given(STARTS, STARTS)
def test_with_clocks_that_agree_the_newest_comes_first(
    here: list[float], there: list[float]
) -> None:
    local = rollouts("a", sorted(here, reverse=True))
    others = rollouts("b", sorted(there, reverse=True))
    starts = [rollout.started for rollout in merge_histories(local, others)]
    assert starts == sorted(starts, reverse=True)
