from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shipway.pipeline.outcome import Outcome
from shipway.reports.step_graph import (
    NODE_HEIGHT,
    NODE_WIDTH,
    STARTED,
    WAITING,
    StepGraph,
    step_graph,
)

from .sample_runs import result, step

STEPS = [
    step("lint"),
    step("unit", "test", needs=("lint",)),
    step("package", "build", needs=("unit", "lint")),
]


def states(graph: StepGraph) -> dict[str, str]:
    return {node.name: node.state for node in graph.nodes}


def test_a_step_whose_needs_have_ended_is_running_or_next() -> None:
    graph = step_graph(STEPS, [result("lint")], alive=True)
    assert states(graph) == {"lint": "passed", "unit": STARTED, "package": WAITING}
    assert (graph.ended, graph.count(STARTED)) == (1, 1)


def test_of_a_run_that_was_cut_off_nothing_is_running() -> None:
    graph = step_graph(STEPS, [result("lint")], alive=False)
    assert states(graph) == {"lint": "passed", "unit": WAITING, "package": WAITING}


def test_a_step_that_the_pipeline_does_not_have_any_more_is_drawn() -> None:
    old = replace(result("old", Outcome.FAILED), needs=("lint", "gone"))
    graph = step_graph(STEPS, [result("lint"), old], alive=True)
    assert states(graph)["old"] == "failed"
    assert next(node.needs for node in graph.nodes if node.name == "old") == ("lint",)


def test_an_edge_that_another_path_says_is_left_out() -> None:
    assert len(step_graph(STEPS, [], alive=True).edges) == 2  # not that from lint to package


def test_no_step_is_no_graph() -> None:
    graph = step_graph([], [], alive=True)
    assert (graph.nodes, graph.edges) == ((), ())


@given(st.lists(st.sets(st.integers(0, 11)), max_size=12))
def test_steps_lie_apart_and_to_the_right_of_what_they_need(needs: list[set[int]]) -> None:
    steps = [
        step(f"s{number}", needs=tuple(f"s{need}" for need in sorted(these) if need < number))
        for number, these in enumerate(needs)
    ]
    graph = step_graph(steps, [], alive=True)
    placed = {node.name: node for node in graph.nodes}
    assert set(placed) == {entry.name for entry in steps}
    assert len({(node.x, node.y) for node in graph.nodes}) == len(steps)
    for node in graph.nodes:
        assert all(placed[need].x + NODE_WIDTH < node.x for need in node.needs)
        assert node.x + NODE_WIDTH <= graph.width and node.y + NODE_HEIGHT <= graph.height
