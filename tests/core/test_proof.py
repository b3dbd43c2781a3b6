"""Which runs prove a release."""

from __future__ import annotations

import pytest

from shipway.core.outcome import Outcome, Verdict
from shipway.core.proof import proof
from shipway.core.result import RunResult, StepResult

STEPS = [("ruff", "quality"), ("unit", "test"), ("package", "build"), ("deploy-local", "deploy")]


def run(verdict: Verdict, digest: str = "d", steps: str = "ruff unit package") -> RunResult:
    results = tuple(
        StepResult(
            name, "any", Outcome.PASSED,
            facts={"release": {"digest": digest}} if name == "package" else {},
        )
        for name in steps.split()
    )  # fmt: skip
    return RunResult("r", "web", verdict, 1.0, 1.0, results)


@pytest.mark.parametrize(
    ("runs", "strict", "why"),
    [
        ([], True, "no run on record packaged it"),
        ([run(Verdict.PASSED, "other")], True, "no run on record packaged it"),
        ([run(Verdict.PASSED, steps="package")], True, "only a part of the pipeline ran for it"),
        ([run(Verdict.PASSED)], True, ""),
        ([run(Verdict.PASSED, steps="package"), run(Verdict.PASSED)], True, ""),
        ([run(Verdict.FAILED), run(Verdict.PASSED)], True,
         "the last whole run that packaged it ended failed"),
        ([run(Verdict.PASSED, "other"), run(Verdict.PASSED)], True, ""),
        ([run(Verdict.INCOMPLETE)], False, ""),
        ([run(Verdict.INCOMPLETE)], True, "the last whole run that packaged it ended incomplete"),
        ([run(Verdict.ROLLED_BACK)], False,
         "the last whole run that packaged it ended rolled back"),
    ],
)  # fmt: skip
def test_the_newest_whole_run_of_exactly_this_digest_decides(
    runs: list[RunResult], strict: bool, why: str
) -> None:
    run, found = proof("d", runs, STEPS, strict=strict)
    assert found == why
    assert bool(run) != bool(why)
