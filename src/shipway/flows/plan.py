"""The verb `plan`: for every step, whether it would run and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shipway.core.graph import Graph
from shipway.core.step import Step
from shipway.flows.cache import StepCache


@dataclass(frozen=True)
class Forecast:
    """What would happen to a step. seconds: as long as it took last time."""

    step: Step
    runs: bool
    why: str
    seconds: float


def plan(
    graph: Graph, cache: StepCache, durations: Mapping[str, float], now: float,
    skipped: Mapping[str, str] = MappingProxyType({}),
) -> list[Forecast]:  # fmt: skip
    """Foresee a run. A step behind one that runs is expected to run too.

    skipped: steps that would be skipped, each with the reason.
    """
    running: set[str] = set()
    forecasts = []
    for name in graph.order:
        step = graph.steps[name]
        if name in skipped:
            forecasts.append(Forecast(step, False, skipped[name], durations.get(name, 0.0)))
            continue
        hit = cache.look(step, now)
        first = next((need for need in step.needs if need in running), "")
        if first:
            why = f"{first} runs, and this needs it"
        else:
            why = "nothing that it depends on changed" if hit else cache.why(step, now)
        if first or hit is None:
            running.add(name)
        seconds = durations.get(name, step.expected)
        forecasts.append(Forecast(step, name in running, why, seconds))
    return forecasts
