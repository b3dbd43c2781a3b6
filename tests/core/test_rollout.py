"""The laws of a rollout."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shipway.core.rollout import Action, Observation, Rollout, Stage, advance, begin

answers = st.lists(st.sampled_from([True, True, True, True, False]), max_size=60)
counts = st.integers(0, 4)


def walk(wanted: int, old: int, oks: list[bool]) -> list[tuple[Rollout, Action]]:
    """All states and actions of a rollout whose actions end as `oks` says, then all well."""
    state, action = advance(begin(wanted, old), Observation.BEGIN)
    path = [(state, action)]
    for ok in [*oks, *[True] * 100]:
        if state.stage.final:
            break
        state, action = advance(state, Observation.DONE if ok else Observation.FAILED)
        path.append((state, action))
    return path


@given(st.integers(1, 4), counts, answers)
def test_every_rollout_ends(wanted: int, old: int, oks: list[bool]) -> None:
    assert walk(wanted, old, oks)[-1][0].stage.final


@given(st.integers(1, 4), counts)
def test_when_all_goes_well_only_the_new_release_serves(wanted: int, old: int) -> None:
    last = walk(wanted, old, [])[-1][0]
    assert (last.stage, last.new, last.old) == (Stage.SUCCEEDED, wanted, 0)


@given(st.integers(1, 4), st.integers(1, 4), answers)
def test_there_are_never_fewer_serving_than_the_smaller_of_before_and_wanted(
    wanted: int, old: int, oks: list[bool]
) -> None:
    for state, _ in walk(wanted, old, oks):
        assert state.serving >= min(wanted, old)


@given(st.integers(1, 4), st.integers(1, 4), answers)
def test_nothing_old_is_retired_before_something_new_has_joined(
    wanted: int, old: int, oks: list[bool]
) -> None:
    for state, action in walk(wanted, old, oks):
        if action is Action.RETIRE_OLD:
            assert state.new > 0


@given(st.integers(1, 4), counts, st.integers(0, 40))
def test_one_failure_brings_back_exactly_what_was(wanted: int, old: int, at: int) -> None:
    path = walk(wanted, old, [*[True] * at, False])
    last = path[-1][0]
    assert last.stage in (Stage.ROLLED_BACK, Stage.SUCCEEDED)
    if last.stage is Stage.ROLLED_BACK:
        assert (last.old, last.new) == (old, 0)


@given(st.integers(1, 4), counts, answers)
def test_the_same_observations_give_the_same_states(wanted: int, old: int, oks: list[bool]) -> None:
    assert walk(wanted, old, oks) == walk(wanted, old, oks)


@given(st.integers(1, 4), st.integers(1, 4))
def test_a_failure_while_undoing_needs_a_person(wanted: int, old: int) -> None:
    path = walk(wanted, old, [True, True, True, False, False])
    assert path[-1][0].stage in (Stage.NEEDS_PERSON, Stage.ROLLED_BACK, Stage.SUCCEEDED)
    failed_undo = [s for s, _ in path if s.stage is Stage.ROLLING_BACK]
    assert not failed_undo or path[-1][0].stage is not Stage.SUCCEEDED
