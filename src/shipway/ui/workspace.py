"""What the pages need of a project, as a protocol: the real one reads its record and platforms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shipway.pipeline.result import RunResult, StepResult
from shipway.pipeline.step import Step
from shipway.reports.environment_view import EnvironmentSnapshot


@dataclass(frozen=True, kw_only=True)
class UnfinishedRun:
    """A run without a verdict. alive: whether the process that carries it out still runs; None
    where that is not known. ended: the steps that have a result."""

    run: str
    started: float
    commit: str
    alive: bool | None
    ended: tuple[StepResult, ...]


@dataclass(frozen=True)
class RunList:
    """Some runs, newest first. total: how many there are. branches: of the newest runs."""

    runs: Sequence[RunResult]
    total: int
    branches: Sequence[str]


class Workspace(Protocol):
    """A project as it is now. Every method may raise a ShipwayError that says what to do, and
    KeyError for what there is not."""

    @property
    def application(self) -> str: ...

    def environments(self) -> Sequence[EnvironmentSnapshot]:
        """All that are configured or on record, in the order of the configuration."""
        ...

    def environment(self, name: str) -> EnvironmentSnapshot:
        """One of them, with all that is known."""
        ...

    def logs(self, name: str) -> Sequence[tuple[str, str]]:
        """The title and the last lines of each instance's log."""
        ...

    def rollout_page(self, name: str, number: int, links: dict[str, str]) -> str:
        """The page of a rollout that has a report."""
        ...

    def unfinished_runs(self) -> Sequence[UnfinishedRun]:
        """The newest runs without a verdict, newest first."""
        ...

    def runs(self, branch: str, skip: int, most: int) -> RunList:
        """Finished runs from the one after `skip` newer ones on. branch: "" for all."""
        ...

    def run(self, name: str) -> RunResult | UnfinishedRun: ...

    def run_page(self, run: RunResult, links: dict[str, str]) -> str:
        """The report of a run."""
        ...

    def steps(self) -> Sequence[Step]:
        """The pipeline."""
        ...
