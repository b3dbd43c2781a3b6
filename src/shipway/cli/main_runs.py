"""What the runs of the main branch that are on record say of another run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from shipway.cli.project import Project
from shipway.pipeline.codec import run_from_json, step_from_json
from shipway.pipeline.problems import compare_with_main
from shipway.pipeline.result import Comparison, RunResult, StepResult


def compared_with_main(project: Project, result: RunResult) -> Comparison:
    """Which of a run's problems the main branch has, too."""
    return compare_with_main(result, _main_runs(project, result.run))


def _main_runs(
    project: Project, but: str
) -> Iterator[tuple[str, Callable[[], Sequence[StepResult]]]]:
    for text, steps in project.record.finished_runs():
        run = run_from_json(text, ())
        if run.branch == project.main_branch and run.run != but:
            yield run.run, partial(_read, steps)


def _read(texts: Sequence[str]) -> list[StepResult]:
    return [step_from_json(text) for text in texts]
