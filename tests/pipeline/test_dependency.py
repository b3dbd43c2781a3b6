"""The table of what becomes of a step, and the schedule that is held to it."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.pipeline.dependency import TABLE, Effect, Role, Standing, effect, standing
from shipway.pipeline.graph import Graph, Scheduler
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.step import Step, StepKind

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"
GOOD = (Outcome.PASSED, Outcome.CACHED, Outcome.SKIPPED)
BAD = (Outcome.FAILED, Outcome.CANCELLED)
# How a step ends where it runs; that it is blocked is for the schedule to say.
ENDINGS = [outcome for outcome in Outcome if outcome is not Outcome.UPSTREAM_FAILED]
Ended = dict[str, Outcome]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    steps: list[Step] = []
    for number in range(draw(st.integers(1, 12))):
        names = [step.name for step in steps]
        needs = draw(st.lists(st.sampled_from(names), unique=True, max_size=4)) if names else []
        products = draw(st.lists(st.sampled_from(needs), unique=True)) if needs else []
        step = Step(
            name=f"s{number}", stage="test", kind=StepKind.COMMAND, work={}, needs=tuple(needs)
        )
        step.role = draw(st.sampled_from(Role))
        step.products = tuple(products)
        steps.append(step)
    return Graph(steps)


@st.composite
def runs(draw: st.DrawFn) -> tuple[Graph, Ended]:
    graph = draw(graphs())
    return graph, {name: draw(st.sampled_from(ENDINGS)) for name in graph.steps}


def play(
    graph: Graph, endings: Ended, *, strict: bool, order: Random, cores: int = 3
) -> tuple[Ended, dict[str, str]]:
    """How every step ended, and what blocked those that were; steps end in a random order."""
    schedule = Scheduler(graph, cores, {}, strict=strict)
    ended: Ended = {}
    causes: dict[str, str] = {}
    running: list[Step] = []
    while not schedule.done:
        while (step := schedule.next()) is not None:
            assert set(step.needs) <= set(ended)
            running.append(step)
        assert running, "steps wait, and nothing runs"
        step = running.pop(order.randrange(len(running)))
        ended[step.name] = endings[step.name]
        for blocked in schedule.finish(step.name, endings[step.name]):
            assert blocked.step.name not in ended
            ended[blocked.step.name] = Outcome.UPSTREAM_FAILED
            causes[blocked.step.name] = blocked.cause
            assert blocked.outcome is ended[blocked.cause]
    return ended, causes


def behind(graph: Graph, name: str) -> set[str]:
    """All that a step needs, however far."""
    needs = set(graph.steps[name].needs)
    return needs.union(*(behind(graph, need) for need in needs))


def demanded(graph: Graph, endings: Ended, *, strict: bool) -> Ended:
    """What the table says of a whole graph, worked out without the schedule."""
    itself: dict[str, Standing] = {}
    whole: dict[str, Standing] = {}
    ended: Ended = {}
    for name in graph.order:
        step = graph.steps[name]
        seen = whole if step.role.looks_behind else itself
        views = [(step.role, seen[need]) for need in step.needs]
        views += [(Role.CONSUMER, itself[need]) for need in step.products]
        runs = all(TABLE[view][strict] is Effect.RUNS for view in views)
        ended[name] = endings[name] if runs else Outcome.UPSTREAM_FAILED
        itself[name] = standing(endings[name]) if runs else max(one for _, one in views)
        whole[name] = max([itself[name], *(whole[need] for need in step.needs)])
    return ended


@given(runs(), st.booleans(), st.randoms(use_true_random=False), st.integers(1, 4))
def test_the_schedule_does_what_the_table_says(
    run: tuple[Graph, Ended], strict: bool, order: Random, cores: int
) -> None:
    graph, endings = run
    ended, _ = play(graph, endings, strict=strict, order=order, cores=cores)
    assert ended == demanded(graph, endings, strict=strict)
    assert set(ended) == set(graph.steps)  # nothing is left waiting


@given(runs(), st.booleans(), st.integers(), st.integers(), st.integers(1, 4))
def test_the_order_in_which_steps_end_changes_neither_outcomes_nor_causes(
    run: tuple[Graph, Ended], strict: bool, once: int, again: int, cores: int
) -> None:
    graph, endings = run
    first = play(graph, endings, strict=strict, order=Random(once))
    assert play(graph, endings, strict=strict, order=Random(again), cores=cores) == first


@given(runs(), st.booleans(), st.randoms(use_true_random=False))
def test_no_step_runs_without_a_product_that_it_takes(
    run: tuple[Graph, Ended], strict: bool, order: Random
) -> None:
    graph, endings = run
    ended, _ = play(graph, endings, strict=strict, order=order)
    for name, step in graph.steps.items():
        taken = step.needs if step.role is Role.CONSUMER else step.products
        if ended[name] is not Outcome.UPSTREAM_FAILED:
            assert all(ended[need] in GOOD for need in taken)


@given(runs(), st.booleans(), st.randoms(use_true_random=False))
def test_no_failure_however_far_behind_lets_a_rollout_or_a_publication_run(
    run: tuple[Graph, Ended], strict: bool, order: Random
) -> None:
    graph, endings = run
    ended, _ = play(graph, endings, strict=strict, order=order)
    for name, step in graph.steps.items():
        outcomes = {ended[other] for other in behind(graph, name)}
        if step.role.looks_behind and ended[name] is not Outcome.UPSTREAM_FAILED:
            assert not outcomes.intersection(BAD)
            if strict or step.role is Role.PUBLICATION:
                assert outcomes <= set(GOOD)


@given(runs(), st.randoms(use_true_random=False))
def test_what_is_absent_holds_up_no_rollout_that_has_its_products(
    run: tuple[Graph, Ended], order: Random
) -> None:
    graph, endings = run
    ended, _ = play(graph, endings, strict=False, order=order)
    for name, step in graph.steps.items():
        whole = all(ended[need] in GOOD for need in step.products)
        failed = any(ended[other] in BAD for other in behind(graph, name))
        if step.role is Role.ROLLOUT and whole and not failed:
            assert ended[name] is endings[name]


@given(runs(), st.booleans(), st.randoms(use_true_random=False))
def test_a_blocked_step_names_one_behind_it_that_did_not_pass_by_itself(
    run: tuple[Graph, Ended], strict: bool, order: Random
) -> None:
    graph, endings = run
    ended, causes = play(graph, endings, strict=strict, order=order)
    assert set(causes) == {
        name for name, outcome in ended.items() if outcome is Outcome.UPSTREAM_FAILED
    }
    for name, cause in causes.items():
        assert cause in behind(graph, name)
        assert ended[cause] not in (*GOOD, Outcome.UPSTREAM_FAILED)


def step(name: str, *needs: str, role: Role = Role.CONSUMER, products: str = "") -> Step:
    return Step(
        name=name,
        stage="test",
        kind=StepKind.COMMAND,
        work={},
        needs=needs,
        role=role,
        products=tuple(products.split()),
    )


PIPELINE = Graph(
    [
        step("install"),
        step("unit", "install"),
        step("browser", "install"),
        step("coverage", "install", "unit", "browser", role=Role.AGGREGATOR, products="install"),
        step("scanner"),
        step("findings", "scanner", role=Role.REPORTER),
        step("package", "install"),
        step("deploy", "coverage", "findings", "package", role=Role.ROLLOUT, products="package"),
        step("smoke", "deploy"),
        step(
            "publish", "coverage", "findings", "package", role=Role.PUBLICATION, products="package"
        ),
    ]
)


@pytest.mark.parametrize(
    ("bad", "outcome", "strict", "blocked"),
    [
        ("browser", Outcome.ERROR, False, "publish"),
        ("browser", Outcome.ERROR, True, "deploy smoke publish"),
        ("browser", Outcome.FAILED, False, "coverage deploy smoke publish"),
        ("scanner", Outcome.ERROR, False, "publish"),
        ("scanner", Outcome.FAILED, False, "deploy smoke publish"),
        ("coverage", Outcome.ERROR, False, "publish"),
        ("package", Outcome.ERROR, False, "deploy smoke publish"),
        (
            "install",
            Outcome.ERROR,
            False,
            "unit browser coverage package deploy smoke publish",
        ),
        ("deploy", Outcome.ERROR, False, "smoke"),
        ("unit", Outcome.SKIPPED, True, ""),
    ],
)
def test_what_each_ending_holds_up_in_a_pipeline(
    bad: str, outcome: Outcome, strict: bool, blocked: str
) -> None:
    endings = {**dict.fromkeys(PIPELINE.steps, Outcome.PASSED), bad: outcome}
    _, causes = play(PIPELINE, endings, strict=strict, order=Random(1))
    assert causes == dict.fromkeys(blocked.split(), bad)


def test_the_table_has_a_row_for_every_role_and_every_standing() -> None:
    assert set(TABLE) == {(role, need) for role in Role for need in Standing}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("strict", [False, True])
def test_a_worse_need_never_lets_more_run(role: Role, strict: bool) -> None:
    effects = [effect(role, need, strict=strict) for need in sorted(Standing)]
    assert effects == sorted(effects, key=[Effect.RUNS, Effect.BLOCKED].index)
    assert effects[0] is Effect.RUNS


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("need", Standing)
def test_strict_never_lets_more_run(role: Role, need: Standing) -> None:
    lenient, strict = (effect(role, need, strict=strict) for strict in (False, True))
    assert lenient is strict or (lenient, strict) == (Effect.RUNS, Effect.BLOCKED)


def test_the_page_has_the_table_as_it_is() -> None:
    assert table() in PAGE.read_text(encoding="utf-8")


def table() -> str:
    """The table in Markdown: a row for each outcome of a need, a column for each role."""
    heads = ["the need ended", *map(str, Role)]
    lines = [heads, ["---"] * len(heads)]
    lines += [[_outcomes(need), *(_effects(role, need) for role in Role)] for need in Standing]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _outcomes(need: Standing) -> str:
    outcomes = [o for o in Outcome if o is not Outcome.UPSTREAM_FAILED and standing(o) is need]
    words = ", ".join(f"`{outcome}`" for outcome in outcomes)
    blocked = {Standing.ABSENT: "where nothing failed", Standing.FAILED: "where something did"}
    return f"{words}; `blocked` {blocked[need]}" if need in blocked else words


def _effects(role: Role, need: Standing) -> str:
    lenient, strict = (effect(role, need, strict=strict) for strict in (False, True))
    return f"{lenient}" if lenient is strict else f"{lenient}; with `--strict` {strict}"
