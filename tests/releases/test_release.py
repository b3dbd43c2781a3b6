"""Which runs prove a release."""

from __future__ import annotations

import pytest

from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult
from shipway.releases.release import find_passing_run

STEPS = [("ruff", "quality"), ("unit", "test"), ("package", "build"), ("deploy-local", "deploy")]


def run(
    verdict: Verdict, digest: str = "d", steps: str = "ruff unit package", **unit: str
) -> RunResult:
    """unit: facts of the suite of that name."""
    facts = {"package": {"release": {"digest": digest}}, "unit": unit}
    results = tuple(
        StepResult(
            step=name,
            stage="any",
            outcome=Outcome.PASSED,
            facts=facts.get(name, {}),  # type: ignore[arg-type]
        )
        for name in steps.split()
    )
    return RunResult(
        run="r", application="web", verdict=verdict, started=1.0, seconds=1.0, steps=results
    )


@pytest.mark.parametrize(
    ("runs", "strict", "why"),
    [
        ([], True, "no run on record packaged it"),
        ([run(Verdict.PASSED, "other")], True, "no run on record packaged it"),
        ([run(Verdict.PASSED, steps="package")], True, "only a part of the pipeline ran for it"),
        ([run(Verdict.PASSED)], True, ""),
        ([run(Verdict.PASSED, steps="package"), run(Verdict.PASSED)], True, ""),
        (
            [run(Verdict.FAILED), run(Verdict.PASSED)],
            True,
            "the last whole run that packaged it ended failed",
        ),
        ([run(Verdict.PASSED, "other"), run(Verdict.PASSED)], True, ""),
        ([run(Verdict.INCOMPLETE)], False, ""),
        ([run(Verdict.PASSED, selected="1 of 9 tests")], False, ""),
        (
            [run(Verdict.PASSED, selected="1 of 9 tests")],
            True,
            "only the tests that the last change reaches ran for it (--all-tests runs all)",
        ),
        ([run(Verdict.PASSED, selected="1 of 9 tests"), run(Verdict.PASSED)], True, ""),
        (
            [run(Verdict.FAILED, selected="1 of 9 tests"), run(Verdict.PASSED)],
            True,
            "the last whole run that packaged it ended failed",
        ),
        (
            [run(Verdict.PASSED, partial="only what failed last")],
            False,
            "only a part of the pipeline ran for it",
        ),
        ([run(Verdict.INCOMPLETE)], True, "the last whole run that packaged it ended incomplete"),
        (
            [run(Verdict.ROLLED_BACK)],
            False,
            "the last whole run that packaged it ended rolled back",
        ),
    ],
)
def test_the_newest_whole_run_of_exactly_this_digest_decides(
    runs: list[RunResult], strict: bool, why: str
) -> None:
    run, found = find_passing_run("d", runs, STEPS, strict=strict)
    assert found == why
    assert bool(run) != bool(why)
