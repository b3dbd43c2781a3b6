"""The outcomes that a run shares with others. Imports nothing for a run that shares none.

What it takes to ask a store, or to sign, is imported when the first outcome is missing here, or
can be given (cli/shared_cache.py): an unchanged run does neither.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from shipway.cli.project import Project
from shipway.pipeline.cache import StepCache
from shipway.pipeline.graph import Graph
from shipway.pipeline.run import RunRecord
from shipway.pipeline.shared_outcome import is_shareable
from shipway.pipeline.step import Step
from shipway.ports import EndedStep

if TYPE_CHECKING:
    from shipway.pipeline.shared_cache import SharedCache


def outcome_sharing(project: Project, graph: Graph, commit: str) -> OutcomeSharing | None:
    """What a run of these steps shares; None where no store is configured."""
    return OutcomeSharing(project, graph, commit) if project.cache_settings["remote"] else None


class OutcomeSharing:
    """Takes what is missing, and gives what has passed where this run may write."""

    def __init__(self, project: Project, graph: Graph, commit: str) -> None:
        self._project = project
        self._graph = graph
        self._commit = commit
        self._settings = project.cache_settings
        self._used = False

    @cached_property
    def _shared(self) -> SharedCache:
        from shipway.cli.shared_cache import shared_cache

        self._used = True
        steps = [self._graph.steps[name] for name in self._graph.order]
        return shared_cache(self._project, steps, self._commit)

    def provides(self, step: Step) -> bool:
        """Whether others may have its outcome, and are believed."""
        return bool(self._settings["trust"]) and is_shareable(step)

    def fill(self, cache: StepCache, now: float) -> None:
        """Take what there is for the steps of the run."""
        self._shared.fill(cache, now)

    def giving(self, cache: StepCache) -> RunRecord:
        """The record, for a run that gives what it keeps there to others, too."""
        may_sign = os.environ.get(self._settings["key"], "")
        return (
            _GivingRecord(self._project.record, self, cache) if may_sign else self._project.record
        )

    def give(self, cache: StepCache, ended: Sequence[EndedStep]) -> None:
        """Put what has passed into the store, where this run may."""
        self._shared.give(cache, ended)

    def finish(self) -> tuple[str, ...]:
        """Wait for what is on its way, for a moment; what went wrong, a sentence each."""
        return self._shared.finish() if self._used else ()


class _GivingRecord:
    """A run's record (pipeline.run.RunRecord) whose outcomes are given away once they are kept."""

    def __init__(self, record: RunRecord, sharing: OutcomeSharing, cache: StepCache) -> None:
        self._record = record
        self._sharing = sharing
        self._cache = cache
        self.start_run = record.start_run
        self.finish_run = record.finish_run
        self.durations = record.durations

    def finish_steps(self, run: str, ended: Sequence[EndedStep]) -> None:
        """Keep them first."""
        self._record.finish_steps(run, ended)
        self._sharing.give(self._cache, ended)
