"""The parts of the report as plain data, so that the template only lays them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shipway.core.errors import ShipwayError
from shipway.core.gate import Measure
from shipway.core.outcome import Outcome
from shipway.core.result import RunResult, StepResult
from shipway.outputs.clean import log_line
from shipway.outputs.figures import PERCENTILES
from shipway.outputs.summary import warnings_of, worst_first

MOST_LOG_LINES = 200
_LONGEST_LOG_LINE = 2000
_PERFORMANCE = (*PERCENTILES, "rps", "error-rate")
_NEEDS_ATTENTION = (Outcome.FAILED, Outcome.UNAVAILABLE, Outcome.BLOCKED, Outcome.CANCELLED)

Blobs = Callable[[str], bytes]


@dataclass(frozen=True)
class Trouble:
    """A step that did not pass, with the end of its log."""

    step: StepResult
    log: str
    cut: int  # lines of the log that are not shown


@dataclass(frozen=True)
class Coverage:
    """What one step measured, the least covered file first. limit is None without a gate.
    warnings: what it was measured without."""

    step: str
    whole: float | None
    limit: float | None
    files: tuple[Measure, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Performance:
    """What one load test measured: endpoint → measure name → figure."""

    step: str
    names: tuple[str, ...]
    units: Mapping[str, str]
    endpoints: Mapping[str, Mapping[str, Measure]]


def troubles(run: RunResult, blobs: Blobs) -> tuple[Trouble, ...]:
    """Failed steps first, then what could not run, then what was held back by others."""
    order = {outcome: place for place, outcome in enumerate(_NEEDS_ATTENTION)}
    steps = [step for step in worst_first(run.steps) if step.outcome in order]
    steps.sort(key=lambda step: order[step.outcome])
    return tuple(Trouble(step, *_log(step, blobs)) for step in steps)


def coverages(run: RunResult) -> tuple[Coverage, ...]:
    """One for every step that measured coverage."""
    found = []
    for step in run.steps:
        measures = [measure for measure in step.measures if measure.name == "coverage"]
        files = sorted((m for m in measures if m.subject), key=lambda m: (m.value, m.subject))
        whole = next((measure.value for measure in measures if not measure.subject), None)
        limits = [g.gate.limit for g in step.gates if g.gate.measure == "coverage"]
        if measures:
            limit = next(iter(limits), None)
            found.append(Coverage(step.step, whole, limit, tuple(files), warnings_of(step)))
    return tuple(found)


def performances(run: RunResult) -> tuple[Performance, ...]:
    """One for every step that measured response times."""
    found = []
    for step in run.steps:
        measures = [measure for measure in step.measures if measure.name in _PERFORMANCE]
        names = tuple(name for name in _PERFORMANCE if any(m.name == name for m in measures))
        endpoints: dict[str, dict[str, Measure]] = {}
        for measure in measures:
            endpoints.setdefault(measure.subject or "all", {})[measure.name] = measure
        if endpoints:
            units = {measure.name: measure.unit for measure in measures}
            found.append(Performance(step.step, names, units, endpoints))
    return tuple(found)


def other_measures(run: RunResult) -> tuple[tuple[str, Measure], ...]:
    """Every figure that has no section of its own, with its step."""
    known = ("coverage", *_PERFORMANCE)
    return tuple((s.step, m) for s in run.steps for m in s.measures if m.name not in known)


def _log(step: StepResult, blobs: Blobs) -> tuple[str, int]:
    if not step.log:
        return "", 0
    try:
        raw = blobs(step.log)
    except (KeyError, OSError, ShipwayError) as error:
        return f"The log is no longer stored ({error}).", 0
    lines = raw.decode("utf-8", "replace").splitlines()
    last = [log_line(line, _LONGEST_LOG_LINE) for line in lines[-MOST_LOG_LINES:]]
    return "\n".join(last), len(lines) - len(last)
