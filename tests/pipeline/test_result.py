"""What a run's exit code says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.pipeline.outcome import Outcome, Verdict, verdict_of
from shipway.pipeline.result import RunResult, StepResult
from shipway.pipeline.step import STAGES


def run(*steps: StepResult) -> RunResult:
    return RunResult(
        run="r",
        application="web",
        verdict=verdict_of(step.outcome for step in steps),
        started=1.0,
        seconds=1.0,
        steps=steps,
    )


def step(name: str, stage: str, outcome: Outcome) -> StepResult:
    return StepResult(step=name, stage=stage, outcome=outcome)


MISSING = step("browser", "test", Outcome.ERROR)


@pytest.mark.parametrize(
    ("steps", "named", "code"),
    [
        ([MISSING], [], 0),
        ([MISSING], ["test"], 0),
        ([MISSING], ["browser"], 5),
        ([MISSING, step("deploy-local", "deploy", Outcome.PASSED)], [], 0),
        ([MISSING, step("deploy-local", "deploy", Outcome.UPSTREAM_FAILED)], [], 5),
        ([step("deploy-local", "deploy", Outcome.ERROR)], [], 5),
        ([MISSING, step("publish", "publish", Outcome.UPSTREAM_FAILED)], [], 5),
        ([MISSING, step("publish", "publish", Outcome.SKIPPED)], [], 0),
        ([MISSING, step("coverage", "test", Outcome.UPSTREAM_FAILED)], ["coverage"], 5),
        (
            [
                step("unit", "test", Outcome.FAILED),
                step("deploy-local", "deploy", Outcome.UPSTREAM_FAILED),
            ],
            [],
            1,
        ),
    ],
)
def test_an_incomplete_run_is_zero_only_where_what_was_asked_for_was_done(
    steps: list[StepResult], named: list[str], code: int
) -> None:
    assert run(*steps).exit_code(strict=False, named=named) == code


RESULTS = st.lists(
    st.builds(
        step, st.sampled_from(["a", "b", "c"]), st.sampled_from(STAGES), st.sampled_from(Outcome)
    ),
    max_size=6,
)


@given(RESULTS, st.sets(st.sampled_from(["a", "b", "c"])))
def test_strict_and_names_never_make_it_better(steps: list[StepResult], named: set[str]) -> None:
    result = run(*steps)
    strict, asked = result.exit_code(strict=True), result.exit_code(strict=False, named=named)
    assert asked in (result.exit_code(strict=False), strict)
    assert (strict == 0) == (result.verdict is Verdict.PASSED)


@given(RESULTS)
def test_what_was_not_rolled_out_is_never_zero(steps: list[StepResult]) -> None:
    result = run(*steps)
    held = any(one.stage == "deploy" and one.outcome is Outcome.ERROR for one in steps)
    assert not (held and result.exit_code(strict=False) == 0)
