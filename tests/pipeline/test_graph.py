"""The laws of the graph and of the schedule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.errors import ConfigError
from shipway.pipeline.graph import Graph, Scheduler
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.step import ALL_CORES, Step, StepKind


def step(name: str, *needs: str, **more: object) -> Step:
    return Step(
        name=name, stage="test", kind=StepKind.COMMAND, work={"argv": ["true"]}, needs=needs, **more
    )  # type: ignore[arg-type]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    count = draw(st.integers(1, 25))
    steps = []
    for number in range(count):
        earlier = [f"s{i}" for i in range(number)]
        needs = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=3)) if earlier else []
        cores = draw(st.sampled_from([1, 1, 2, ALL_CORES]))
        steps.append(step(f"s{number}", *needs, cores=cores))
    return Graph(draw(st.permutations(steps)))


@given(graphs())
def test_every_step_follows_what_it_needs(graph: Graph) -> None:
    seen: set[str] = set()
    for name in graph.order:
        assert seen.issuperset(graph.steps[name].needs)
        seen.add(name)
    assert seen == set(graph.steps)


@given(graphs(), st.integers(1, 4), st.data())
def test_each_step_ends_once_after_its_needs_within_the_cores(
    graph: Graph, cores: int, data: st.DataObject
) -> None:
    schedule = Scheduler(graph, cores, {})
    ended: dict[str, Outcome] = {}
    running: list[Step] = []
    while not schedule.done:
        while (started := schedule.next()) is not None:
            assert all(ended[need].lets_dependants_run for need in started.needs)
            running.append(started)
        used = sum(cores if s.cores == ALL_CORES else min(s.cores, cores) for s in running)
        assert 0 < used <= cores
        last = running.pop(data.draw(st.integers(0, len(running) - 1)))
        outcome = data.draw(st.sampled_from([Outcome.PASSED, Outcome.CACHED, Outcome.FAILED]))
        assert last.name not in ended
        ended[last.name] = outcome
        for blocked, *_ in schedule.finish(last.name, outcome):
            assert blocked.name not in ended
            ended[blocked.name] = Outcome.UPSTREAM_FAILED
    assert set(ended) == set(graph.steps)


@given(graphs())
def test_a_failure_blocks_exactly_what_depends_on_it(graph: Graph) -> None:
    first = graph.order[0]
    schedule = Scheduler(graph, 100, {})
    blocked: set[str] = set()
    while (started := schedule.next()) is not None:
        outcome = Outcome.FAILED if started.name == first else Outcome.PASSED
        blocked |= {step.name for step, *_ in schedule.finish(started.name, outcome)}
    below: set[str] = set()
    for name in graph.order:
        if below.union({first}).intersection(graph.steps[name].needs):
            below.add(name)
    assert blocked == below


@given(graphs())
def test_after_cancelling_nothing_starts_and_everything_ends(graph: Graph) -> None:
    schedule = Scheduler(graph, 2, {})
    started = schedule.next()
    assert started is not None
    waiting = {s.name for s in schedule.cancel()}
    assert schedule.next() is None
    schedule.finish(started.name, Outcome.CANCELLED)
    assert schedule.done
    assert waiting == set(graph.steps) - {started.name}


def test_the_longest_remaining_path_goes_first() -> None:
    graph = Graph([step("short"), step("long"), step("tail", "long")])
    schedule = Scheduler(graph, 1, {"short": 3.0, "long": 1.0, "tail": 5.0})
    first = schedule.next()
    assert first is not None
    assert first.name == "long"


@pytest.mark.parametrize(
    ("now", "passes"), [(0.0, "middling"), (53.0, "middling"), (54.0, "short"), (57.0, None)]
)
def test_who_ends_before_the_turn_of_a_step_that_wants_all_cores_may_pass_it(
    now: float, passes: str | None
) -> None:
    durations = {"long": 60.0, "wide": 50.0, "middling": 7.0, "short": 4.0}
    steps = [step(name) for name in ("long", "middling", "short")]
    schedule = Scheduler(Graph([*steps, step("wide", cores=ALL_CORES)]), 2, durations)
    first = schedule.next(0.0)
    assert first is not None
    assert first.name == "long"
    second = schedule.next(now)
    assert (second.name if second else None) == passes


def test_nobody_passes_while_the_one_that_is_waited_for_is_late() -> None:
    schedule = Scheduler(
        Graph([step("a"), step("b", cores=ALL_CORES), step("c")]), 2, {"a": 9.0, "b": 8.0, "c": 0.1}
    )
    schedule.next(0.0)
    assert schedule.next(20.0) is None


def test_a_circle_is_named_step_by_step() -> None:
    with pytest.raises(ConfigError, match=r"a → c → b → a|b → a → c → b|c → b → a → c"):
        Graph([step("a", "c"), step("b", "a"), step("c", "b"), step("d")])


def test_an_unknown_need_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'integration'"):
        Graph([step("integration"), step("x", "integraton")])


def test_two_steps_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="two steps"):
        Graph([step("a"), step("a")])


def test_selecting_brings_what_is_needed_and_leaves_out_what_is_skipped() -> None:
    graph = Graph([step("a"), step("b", "a"), step("c", "b"), step("d")])
    assert set(graph.select(["b"]).steps) == {"a", "b"}
    skipped = graph.select(["c"], skip=["b"])
    assert set(skipped.steps) == {"c"}
    assert skipped.steps["c"].needs == ()
    for stages, skip in ((["nowhere"], []), ([], ["nobody"]), (["quality"], [])):
        with pytest.raises(ConfigError):
            graph.select(stages, skip)
