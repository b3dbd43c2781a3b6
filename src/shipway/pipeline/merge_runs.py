"""One run out of several: what jobs that each ran a part of the pipeline found, together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from shipway.pipeline.codec import run_from_json, step_from_json
from shipway.pipeline.command_line import command_line
from shipway.pipeline.outcome import Outcome, verdict_of
from shipway.pipeline.result import RunResult, StepResult
from shipway.pipeline.step import Step

# The least good first: of a step that several jobs did, that outcome counts.
_ORDER = (
    Outcome.FAILED,
    Outcome.CANCELLED,
    Outcome.ERROR,
    Outcome.UPSTREAM_FAILED,
    Outcome.PASSED,
    Outcome.CACHED,
    Outcome.SKIPPED,
)


def merge_results(name: str, parts: Sequence[RunResult], expected: Iterable[Step]) -> RunResult:
    """The whole. name: of the new run. expected: steps that some job had to bring.

    A step that nobody brought is `unavailable`: no data is never a pass. There must be a part.
    """
    best: dict[str, StepResult] = {}
    for step in (step for part in parts for step in part.steps):
        previous = best.get(step.step)
        if previous is None or _ORDER.index(step.outcome) < _ORDER.index(previous.outcome):
            best[step.step] = step
    steps = sorted(best.values(), key=lambda result: result.started + result.seconds)
    steps += [_absent(step) for step in expected if step.name not in best]
    started = min(part.started for part in parts)
    seconds = max(part.started + part.seconds for part in parts) - started
    rollouts = [step.rollout for step in steps if step.rollout is not None]
    first = parts[0]
    return RunResult(
        run=name,
        application=first.application,
        verdict=verdict_of((step.outcome for step in steps), rollouts),
        started=started,
        seconds=seconds,
        steps=tuple(steps),
        commit=first.commit,
        branch=first.branch,
        jobs=max(part.jobs for part in parts),
    )


def _absent(step: Step) -> StepResult:
    return StepResult(
        step=step.name,
        stage=step.stage,
        outcome=Outcome.ERROR,
        needs=step.needs,
        reason="no job brought its outcome",
        remedy="See how the job of its stage ended.",
        command=command_line("run", step.name),
    )


# What several jobs left, brought together: their runs, and the outcomes that can be used again.

RECORD = "record.sqlite3"
STAGE = "stage-"  # what the name of a job's artifact begins with, before that of its stage


class PartRecord(Protocol):
    """What is needed of each job's record (system.record)."""

    def last_run(self) -> tuple[str, str | None, list[str]] | None: ...
    def stored(self) -> list[tuple[Any, ...]]: ...
    def close(self) -> None: ...


class WholeRecord(Protocol):
    """What is needed of the record that they come into."""

    def adopt(self, entries: Iterable[tuple[Any, ...]]) -> None: ...


class PartContents(Protocol):
    """A store of contents by digest (system.files.BlobFolder)."""

    def put(self, data: bytes) -> str: ...
    def get(self, name: str) -> bytes | None: ...


def merge_parts(
    folder: str,
    record: WholeRecord,
    blobs: PartContents,
    opened: Callable[[str], tuple[PartRecord, PartContents]],
    stages: Mapping[str, str],
) -> list[RunResult]:
    """The last run of each state folder below `folder`; their cache entries come into `record`.

    Of a run that did not end there is nothing to be had. opened: the record and contents of a
    state folder. A content that is not what its name says is left where it is: entries that name
    it are none then (rule 7 of the cache).

    stages: step → its stage, of the whole pipeline. A job brings the steps of its own stage only,
    whose name its folder has: a test that writes into the record of its own job proves nothing of
    another's.
    """
    runs = []
    for state, stage in _states(folder):
        part, contents = opened(state)
        own = {step for step in stages if stages[step] == stage}
        try:
            last_run = part.last_run()
            record.adopt(entry for entry in part.stored() if entry[1] in own)
        finally:
            part.close()
        for name in _names(os.path.join(state, "blobs")):
            data = contents.get(name)
            if data is not None:
                blobs.put(data)
        if last_run is not None and last_run[1] is not None:
            steps = map(step_from_json, last_run[2])
            runs.append(run_from_json(last_run[1], tuple(s for s in steps if s.step in own)))
    return runs


def _states(folder: str) -> Iterator[tuple[str, str]]:
    """The state folders below the folders `stage-NAME`, each with its stage."""
    for below, folders, names in os.walk(folder):
        folders.sort()
        parts = os.path.relpath(below, folder).split(os.sep)
        stage = next((part for part in parts if part.startswith(STAGE)), "")
        if stage and RECORD in names and not os.path.islink(os.path.join(below, RECORD)):
            yield below, stage.removeprefix(STAGE)


def _names(folder: str) -> Iterator[str]:
    for _, folders, names in os.walk(folder):
        folders.sort()
        yield from sorted(names)
