"""The laws of a rollout."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from shipway.codec import from_plain, to_plain
from shipway.rollouts.state_machine import (
    PAUSES,
    Action,
    ActionType,
    Event,
    Rollout,
    Stage,
    advance_rollout,
    begin_rollout,
)
from shipway.rollouts.strategy import OnTimeout, RolloutPlan, Strategy, steps_of

observations = st.lists(
    st.sampled_from([*[Event.DONE] * 12, *set(Event) - {Event.BEGIN}]),
    max_size=80,
)


@st.composite
def plans(draw: st.DrawFn, smallest: int = 0) -> RolloutPlan:
    """Any plan that a configuration can ask for."""
    strategy = draw(st.sampled_from(Strategy))
    wanted, replaced = draw(st.integers(1, 5)), draw(st.integers(smallest, 5))
    steps = steps_of(strategy, draw(st.floats(0.1, 100)), draw(st.floats(3, 100)))
    pauses = draw(st.dictionaries(st.sampled_from(PAUSES), st.sampled_from(OnTimeout)))
    return RolloutPlan(
        strategy=strategy,
        wanted=wanted,
        replaced=replaced,
        batch=draw(st.integers(1, 5)),
        minimum=draw(st.integers(0, max(wanted, replaced))),
        steps=steps,
        step_bake=draw(st.sampled_from([0.0, 5.0])),
        bake=draw(st.sampled_from([0.0, 5.0])),
        test=draw(st.booleans()),
        pauses={str(stage): then for stage, then in pauses.items()},
        breaker=draw(st.integers(1, 3)),
    )


def walk(plan: RolloutPlan, seen: list[Event]) -> list[tuple[Rollout, Action]]:
    """All states and actions of a rollout that meets these observations, then only good ones."""
    state, action = advance_rollout(begin_rollout(plan), Event.BEGIN)
    path = [(state, action)]
    for observation in [*seen, *[Event.DONE] * 400]:
        if state.stage.final:
            break
        state, action = advance_rollout(state, observation)
        path.append((state, action))
    return path


@given(plans(), observations)
def test_every_rollout_ends(plan: RolloutPlan, seen: list[Event]) -> None:
    assert walk(plan, seen)[-1][0].stage.final


@given(plans())
def test_when_all_goes_well_only_the_new_release_is_there(plan: RolloutPlan) -> None:
    last = walk(plan, [])[-1][0]
    assert (last.stage, last.new, last.old) == (Stage.SUCCEEDED, plan.wanted, 0)
    assert (last.weight, last.test_weight) == (100, 0)


@given(plans(smallest=1), observations)
def test_whoever_gets_requests_has_instances_and_the_shares_make_a_hundred(
    plan: RolloutPlan, seen: list[Event]
) -> None:
    for state, _ in walk(plan, seen):
        assert 0 <= state.weight <= 100
        assert state.new or not state.weight
        assert state.old or state.weight == 100


@given(plans(smallest=1), observations)
def test_nothing_old_is_retired_before_something_new_serves(
    plan: RolloutPlan, seen: list[Event]
) -> None:
    for state, action in walk(plan, seen):
        if action.do is ActionType.REMOVE_STABLE:
            assert state.new and state.weight
            assert plan.rolling or (state.new >= plan.wanted and state.weight == 100)


@given(plans(smallest=1), observations)
def test_nothing_new_is_retired_before_everything_old_is_back(
    plan: RolloutPlan, seen: list[Event]
) -> None:
    for state, action in walk(plan, seen):
        if action.do is ActionType.REMOVE_CANDIDATE:
            assert (state.old, state.weight) == (plan.replaced, 0)


@given(plans(smallest=1))
def test_rolling_forward_never_leaves_fewer_than_the_minimum(plan: RolloutPlan) -> None:
    least = min(max(1, plan.minimum), plan.replaced, plan.wanted)
    for state, action in walk(replace(plan, strategy=Strategy.ROLLING), []):
        assert (
            state.serving - (action.count if action.do is ActionType.REMOVE_STABLE else 0) >= least
        )


@given(plans(), observations, st.sampled_from([Event.STOP, Event.ALARM]))
def test_there_is_a_way_back_from_every_stage(
    plan: RolloutPlan, seen: list[Event], why: Event
) -> None:
    for state, _ in walk(plan, seen):
        if state.stage.final or state.stage is Stage.ROLLING_BACK:
            continue
        state, _ = advance_rollout(state, why)
        while not state.stage.final:
            state, _ = advance_rollout(state, Event.DONE)
        assert state.stage is Stage.ROLLED_BACK
        assert (state.old, state.new, state.weight) == (plan.replaced, 0, 0)


@given(plans(), st.data())
def test_one_failure_is_undone_or_tried_again(plan: RolloutPlan, data: st.DataObject) -> None:
    whole = walk(plan, [Event.DONE] * 60)
    at = data.draw(st.integers(0, max(0, len(whole) - 2)))
    path = walk(plan, [*[Event.DONE] * at, Event.FAILED])
    assume(len(path) > at + 1)
    last = path[-1][0]
    again = plan.rolling and plan.breaker > 1 and path[at][1].do is ActionType.START_CANDIDATE
    assert last.stage is (Stage.SUCCEEDED if again else Stage.ROLLED_BACK)


@given(plans(), observations)
def test_the_same_observations_give_the_same_states_also_from_the_record(
    plan: RolloutPlan, seen: list[Event]
) -> None:
    path = walk(plan, seen)
    assert path == walk(plan, seen)
    for (state, _), (following, action), seen_then in zip(path, path[1:], seen, strict=False):
        kept = from_plain(Rollout, to_plain(state))
        assert kept == state
        assert advance_rollout(kept, seen_then) == (following, action)
    assert from_plain(RolloutPlan, to_plain(plan)) == plan


@given(plans(smallest=1), observations)
def test_a_failure_while_undoing_needs_a_person(plan: RolloutPlan, seen: list[Event]) -> None:
    for state, _ in walk(plan, seen):
        if state.stage is Stage.ROLLING_BACK:
            assert advance_rollout(state, Event.FAILED)[0].stage is Stage.NEEDS_PERSON


@given(plans(), observations)
def test_a_held_rollout_does_nothing_until_somebody_answers(
    plan: RolloutPlan, seen: list[Event]
) -> None:
    for state, action in walk(plan, seen):
        if state.held:
            assert action.do is ActionType.NONE
            after, _ = advance_rollout(state, Event.DONE)
            assert not after.held and after.stage is not Stage.ROLLING_BACK


@given(plans(smallest=1))
def test_shares_only_grow_on_the_way_forward_and_follow_the_plan(plan: RolloutPlan) -> None:
    weights = [
        action.weight for _, action in walk(plan, []) if action.do is ActionType.SHIFT_TRAFFIC
    ]
    assert weights == ([] if plan.rolling else list(plan.steps))


@given(plans())
def test_a_pause_comes_at_its_stage_and_its_timeout_does_what_is_configured(
    plan: RolloutPlan,
) -> None:
    for state, action in walk(plan, []):
        if action.do is ActionType.PAUSE:
            after, _ = advance_rollout(state, Event.TIMED_OUT)
            goes_on = plan.pauses[state.stage] is OnTimeout.CONTINUE
            assert (after.stage not in (Stage.ROLLING_BACK, Stage.ROLLED_BACK)) is goes_on
    paused = {state.stage for state, action in walk(plan, []) if action.do is ActionType.PAUSE}
    assert {str(stage) for stage in paused} == set(plan.pauses)


def test_blue_green_goes_through_the_stages_of_ecs() -> None:
    plan = RolloutPlan(strategy=Strategy.BLUE_GREEN, wanted=2, replaced=2, bake=60, test=True)
    assert [f"{state.stage} {action.description}" for state, action in walk(plan, [])] == [
        "SCALE_UP start new (2)",
        "SCALE_UP join new (2)",
        "TEST_TRAFFIC_SHIFT shift test 100 %",
        "POST_TEST_TRAFFIC_SHIFT smoke",
        "PRODUCTION_TRAFFIC_SHIFT shift 100 %",
        "POST_PRODUCTION_TRAFFIC_SHIFT smoke",
        "BAKE_TIME watch",
        "CLEAN_UP shift test 0 %",
        "CLEAN_UP retire old (2)",
        "SUCCEEDED nothing",
    ]


def test_rolling_replaces_a_batch_at_a_time() -> None:
    plan = RolloutPlan(strategy=Strategy.ROLLING, wanted=3, replaced=3, batch=2, minimum=3)
    assert [action.description for _, action in walk(plan, [])] == [
        "start new (2)",
        "join new (2)",
        "retire old (2)",
        "start new",
        "join new",
        "retire old",
        "smoke",
        "nothing",
    ]


def test_going_back_takes_requests_away_before_anything_is_started() -> None:
    plan = RolloutPlan(strategy=Strategy.ROLLING, wanted=2, replaced=2, minimum=2)
    path = walk(plan, [*[Event.DONE] * 3, Event.FAILED])
    undone = [action.description for state, action in path if state.stage is Stage.ROLLING_BACK]
    assert undone == ["shift 0 %", "start old", "join old", "retire new"]


def test_linear_ends_with_what_is_left() -> None:
    assert steps_of(Strategy.LINEAR, 5, 30) == (30, 60, 90, 100)
    assert steps_of(Strategy.LINEAR, 5, 25) == (25, 50, 75, 100)
    assert steps_of(Strategy.CANARY, 5, 30) == (5, 100)
    assert steps_of(Strategy.CANARY, 100, 30) == (100,)
    assert steps_of(Strategy.BLUE_GREEN, 5, 30) == (100,)
