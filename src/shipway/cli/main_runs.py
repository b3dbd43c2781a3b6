"""What the runs on record say of another: the main branch's of its problems, all of its flaky
tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain

from shipway.cli.project import Project
from shipway.pipeline.codec import run_from_json, step_from_json
from shipway.pipeline.flaky_tests import flaky_rates, with_rates
from shipway.pipeline.problems import compare_with_main
from shipway.pipeline.result import Comparison, RunResult, StepResult, TestTally


def compared_with_main(project: Project, result: RunResult) -> Comparison:
    """Which of a run's problems the main branch has, too."""
    return compare_with_main(result, _main_runs(project, result.run))


def rated_tests(project: Project, commit: str, step: StepResult) -> TestTally | None:
    """The tally of a step's tests, with how often each flaky one was flaky on record."""
    if step.tests is None:
        return None
    past = (
        (run_from_json(text, ()).commit, _read(steps))
        for text, steps in project.record.finished_runs()
    )
    return with_rates(step.tests, step.step, flaky_rates(chain([(commit, [step])], past)))


def _main_runs(
    project: Project, but: str
) -> Iterator[tuple[str, Callable[[], Sequence[StepResult]]]]:
    for text, steps in project.record.finished_runs():
        run = run_from_json(text, ())
        if run.branch == project.main_branch and run.run != but:
            yield run.run, partial(_read, steps)


def _read(texts: Sequence[str]) -> list[StepResult]:
    return [step_from_json(text) for text in texts]
