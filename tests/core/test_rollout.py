"""The laws of a rollout."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from shipway.core.rollout import (
    PAUSES,
    Action,
    Do,
    Observation,
    Rollout,
    Stage,
    advance,
    begin,
    rollout_from,
)
from shipway.core.strategy import OnTimeout, Plan, Strategy, plan_from, steps_of

observations = st.lists(
    st.sampled_from([*[Observation.DONE] * 12, *set(Observation) - {Observation.BEGIN}]),
    max_size=80,
)


@st.composite
def plans(draw: st.DrawFn, smallest: int = 0) -> Plan:
    """Any plan that a configuration can ask for."""
    strategy = draw(st.sampled_from(Strategy))
    wanted, replaced = draw(st.integers(1, 5)), draw(st.integers(smallest, 5))
    steps = steps_of(strategy, draw(st.floats(0.1, 100)), draw(st.floats(3, 100)))
    pauses = draw(st.dictionaries(st.sampled_from(PAUSES), st.sampled_from(OnTimeout)))
    return Plan(
        strategy, wanted, replaced, draw(st.integers(1, 5)),
        draw(st.integers(0, max(wanted, replaced))), steps,
        draw(st.sampled_from([0.0, 5.0])), draw(st.sampled_from([0.0, 5.0])),
        draw(st.booleans()), {str(stage): then for stage, then in pauses.items()},
        draw(st.integers(1, 3)),
    )  # fmt: skip


def walk(plan: Plan, seen: list[Observation]) -> list[tuple[Rollout, Action]]:
    """All states and actions of a rollout that meets these observations, then only good ones."""
    state, action = advance(begin(plan), Observation.BEGIN)
    path = [(state, action)]
    for observation in [*seen, *[Observation.DONE] * 400]:
        if state.stage.final:
            break
        state, action = advance(state, observation)
        path.append((state, action))
    return path


@given(plans(), observations)
def test_every_rollout_ends(plan: Plan, seen: list[Observation]) -> None:
    assert walk(plan, seen)[-1][0].stage.final


@given(plans())
def test_when_all_goes_well_only_the_new_release_is_there(plan: Plan) -> None:
    last = walk(plan, [])[-1][0]
    assert (last.stage, last.new, last.old) == (Stage.SUCCEEDED, plan.wanted, 0)
    assert (last.weight, last.test_weight) == (100, 0)


@given(plans(smallest=1), observations)
def test_whoever_gets_requests_has_instances_and_the_shares_make_a_hundred(
    plan: Plan, seen: list[Observation]
) -> None:
    for state, _ in walk(plan, seen):
        assert 0 <= state.weight <= 100
        assert state.new or not state.weight
        assert state.old or state.weight == 100


@given(plans(smallest=1), observations)
def test_nothing_old_is_retired_before_something_new_serves(
    plan: Plan, seen: list[Observation]
) -> None:
    for state, action in walk(plan, seen):
        if action.do is Do.RETIRE_OLD:
            assert state.new and state.weight
            assert plan.rolling or (state.new >= plan.wanted and state.weight == 100)


@given(plans(smallest=1), observations)
def test_nothing_new_is_retired_before_everything_old_is_back(
    plan: Plan, seen: list[Observation]
) -> None:
    for state, action in walk(plan, seen):
        if action.do is Do.RETIRE_NEW:
            assert (state.old, state.weight) == (plan.replaced, 0)


@given(plans(smallest=1))
def test_rolling_forward_never_leaves_fewer_than_the_minimum(plan: Plan) -> None:
    least = min(max(1, plan.minimum), plan.replaced, plan.wanted)
    for state, action in walk(replace(plan, strategy=Strategy.ROLLING), []):
        assert state.serving - (action.count if action.do is Do.RETIRE_OLD else 0) >= least


@given(plans(), observations, st.sampled_from([Observation.STOP, Observation.ALARM]))
def test_there_is_a_way_back_from_every_stage(
    plan: Plan, seen: list[Observation], why: Observation
) -> None:
    for state, _ in walk(plan, seen):
        if state.stage.final or state.stage is Stage.ROLLING_BACK:
            continue
        state, _ = advance(state, why)
        while not state.stage.final:
            state, _ = advance(state, Observation.DONE)
        assert state.stage is Stage.ROLLED_BACK
        assert (state.old, state.new, state.weight) == (plan.replaced, 0, 0)


@given(plans(), st.integers(0, 60))
def test_one_failure_is_undone_or_tried_again(plan: Plan, at: int) -> None:
    path = walk(plan, [*[Observation.DONE] * at, Observation.FAILED])
    assume(len(path) > at + 1)
    last = path[-1][0]
    again = plan.rolling and plan.breaker > 1 and path[at][1].do is Do.START_NEW
    assert last.stage is (Stage.SUCCEEDED if again else Stage.ROLLED_BACK)


@given(plans(), observations)
def test_the_same_observations_give_the_same_states_also_from_the_record(
    plan: Plan, seen: list[Observation]
) -> None:
    path = walk(plan, seen)
    assert path == walk(plan, seen)
    for (state, _), (following, action), seen_then in zip(path, path[1:], seen, strict=False):
        kept = rollout_from(json.loads(json.dumps(state.to_dict())))
        assert kept == state
        assert advance(kept, seen_then) == (following, action)
    assert plan_from(json.loads(json.dumps(plan.to_dict()))) == plan


@given(plans(smallest=1), observations)
def test_a_failure_while_undoing_needs_a_person(plan: Plan, seen: list[Observation]) -> None:
    for state, _ in walk(plan, seen):
        if state.stage is Stage.ROLLING_BACK:
            assert advance(state, Observation.FAILED)[0].stage is Stage.NEEDS_PERSON


@given(plans(), observations)
def test_a_held_rollout_does_nothing_until_somebody_answers(
    plan: Plan, seen: list[Observation]
) -> None:
    for state, action in walk(plan, seen):
        if state.held:
            assert action.do is Do.NOTHING
            after, _ = advance(state, Observation.DONE)
            assert not after.held and after.stage is not Stage.ROLLING_BACK


@given(plans(smallest=1))
def test_shares_only_grow_on_the_way_forward_and_follow_the_plan(plan: Plan) -> None:
    weights = [action.weight for _, action in walk(plan, []) if action.do is Do.SHIFT]
    assert weights == ([] if plan.rolling else list(plan.steps))


@given(plans())
def test_a_pause_comes_at_its_stage_and_its_timeout_does_what_is_configured(plan: Plan) -> None:
    for state, action in walk(plan, []):
        if action.do is Do.PAUSE:
            after, _ = advance(state, Observation.TIMED_OUT)
            goes_on = plan.pauses[state.stage] is OnTimeout.CONTINUE
            assert (after.stage not in (Stage.ROLLING_BACK, Stage.ROLLED_BACK)) is goes_on
    paused = {state.stage for state, action in walk(plan, []) if action.do is Do.PAUSE}
    assert {str(stage) for stage in paused} == set(plan.pauses)


def test_blue_green_goes_through_the_stages_of_ecs() -> None:
    plan = Plan(Strategy.BLUE_GREEN, 2, 2, bake=60, test=True)
    assert [f"{state.stage} {action.words}" for state, action in walk(plan, [])] == [
        "SCALE_UP start new (2)", "SCALE_UP join new (2)",
        "TEST_TRAFFIC_SHIFT shift test 100 %", "POST_TEST_TRAFFIC_SHIFT smoke",
        "PRODUCTION_TRAFFIC_SHIFT shift 100 %", "POST_PRODUCTION_TRAFFIC_SHIFT smoke",
        "BAKE_TIME watch", "CLEAN_UP shift test 0 %", "CLEAN_UP retire old (2)",
        "SUCCEEDED nothing",
    ]  # fmt: skip


def test_rolling_replaces_a_batch_at_a_time() -> None:
    plan = Plan(Strategy.ROLLING, 3, 3, batch=2, minimum=3)
    assert [action.words for _, action in walk(plan, [])] == [
        "start new (2)", "join new (2)", "retire old (2)",
        "start new", "join new", "retire old", "smoke", "nothing",
    ]  # fmt: skip


def test_going_back_takes_requests_away_before_anything_is_started() -> None:
    plan = Plan(Strategy.ROLLING, 2, 2, minimum=2)
    path = walk(plan, [*[Observation.DONE] * 3, Observation.FAILED])
    undone = [action.words for state, action in path if state.stage is Stage.ROLLING_BACK]
    assert undone == ["shift 0 %", "start old", "join old", "retire new"]


def test_linear_ends_with_what_is_left() -> None:
    assert steps_of(Strategy.LINEAR, 5, 30) == (30, 60, 90, 100)
    assert steps_of(Strategy.LINEAR, 5, 25) == (25, 50, 75, 100)
    assert steps_of(Strategy.CANARY, 5, 30) == (5, 100)
    assert steps_of(Strategy.CANARY, 100, 30) == (100,)
    assert steps_of(Strategy.BLUE_GREEN, 5, 30) == (100,)
