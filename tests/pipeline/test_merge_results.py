from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shipway.pipeline.merge_runs import merge_results
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult
from shipway.pipeline.step import Step, StepKind


def part(started: float, *steps: StepResult) -> RunResult:
    return RunResult(
        run="1",
        application="town",
        verdict=Verdict.PASSED,
        started=started,
        seconds=10.0,
        steps=steps,
        commit="c0ffee",
        branch="main",
        jobs=4,
    )


def step(name: str, outcome: Outcome = Outcome.PASSED, at: float = 1.0) -> StepResult:
    return StepResult(step=name, stage="test", outcome=outcome, started=at, seconds=2.0)


def test_it_spans_all_parts_in_the_order_in_which_steps_ended() -> None:
    whole = merge_results("7", [part(100, step("b", at=105)), part(90, step("a", at=91))], ())
    assert [one.step for one in whole.steps] == ["a", "b"]
    assert (whole.run, whole.started, whole.seconds) == ("7", 90, 20)
    assert (whole.verdict, whole.commit, whole.branch) == (Verdict.PASSED, "c0ffee", "main")


def test_of_a_step_that_two_did_the_least_good_outcome_counts() -> None:
    parts = [part(1, step("install")), part(1, step("install", Outcome.FAILED))]
    for order in (parts, parts[::-1]):
        whole = merge_results("7", order, ())
        assert [one.outcome for one in whole.steps] == [Outcome.FAILED]
        assert whole.verdict is Verdict.FAILED


def test_what_nobody_brought_is_unavailable() -> None:
    expected = [
        Step(name="unit", stage="test", kind=StepKind.COMMAND, work={}),
        Step(name="ruff", stage="quality", kind=StepKind.COMMAND, work={}),
    ]
    whole = merge_results("7", [part(1, step("unit"))], expected)
    assert whole.verdict is Verdict.INCOMPLETE
    absent = whole.steps[-1]
    assert (absent.step, absent.outcome) == ("ruff", Outcome.ERROR)
    assert absent.reason and absent.remedy


@given(st.lists(st.lists(st.sampled_from(list(Outcome)), max_size=4), min_size=1, max_size=4))
def test_it_never_ends_better_than_its_parts(outcomes: list[list[Outcome]]) -> None:
    parts = [
        part(1, *(step(f"s{number}", outcome) for number, outcome in enumerate(found)))
        for found in outcomes
    ]
    whole = merge_results("7", parts, ())
    if any(Outcome.FAILED in found for found in outcomes):
        assert whole.verdict in (Verdict.FAILED, Verdict.INTERRUPTED)
    if not any(outcomes):
        assert whole.verdict is Verdict.INCOMPLETE
