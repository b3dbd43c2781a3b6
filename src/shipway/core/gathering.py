"""One run out of several: what jobs that each ran a part of the pipeline found, together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shipway.core.command_line import command_line
from shipway.core.outcome import Outcome, verdict_of
from shipway.core.result import RunResult, StepResult
from shipway.core.step import Step

# The least good first: of a step that several jobs did, that outcome counts.
_ORDER = (Outcome.FAILED, Outcome.CANCELLED, Outcome.UNAVAILABLE, Outcome.BLOCKED, Outcome.PASSED,
          Outcome.CACHED, Outcome.SKIPPED)  # fmt: skip


def gathered(name: str, parts: Sequence[RunResult], expected: Iterable[Step]) -> RunResult:
    """The whole. name: of the new run. expected: steps that some job had to bring.

    A step that nobody brought is `unavailable`: no data is never a pass. There must be a part.
    """
    best: dict[str, StepResult] = {}
    for step in (step for part in parts for step in part.steps):
        known = best.get(step.step)
        if known is None or _ORDER.index(step.outcome) < _ORDER.index(known.outcome):
            best[step.step] = step
    steps = sorted(best.values(), key=lambda one: one.started + one.seconds)
    steps += [_absent(step) for step in expected if step.name not in best]
    started = min(part.started for part in parts)
    seconds = max(part.started + part.seconds for part in parts) - started
    rollouts = [step.rollout for step in steps if step.rollout is not None]
    first = parts[0]
    return RunResult(
        name, first.application, verdict_of((step.outcome for step in steps), rollouts), started,
        seconds, tuple(steps), first.commit, first.branch, max(part.jobs for part in parts),
    )  # fmt: skip


def _absent(step: Step) -> StepResult:
    return StepResult(
        step.name, step.stage, Outcome.UNAVAILABLE, needs=step.needs,
        reason="no job brought its outcome", remedy="See how the job of its stage ended.",
        command=command_line("run", step.name),
    )  # fmt: skip
