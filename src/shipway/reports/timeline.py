"""Where every step lies on the picture of a run: lanes, bars, the critical path. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import RunResult, StepResult

MOST_BARS = 400
# Content widths in pixels for which labels are chosen: a phone's and a desktop's.
_NARROW, _WIDE = 300.0, 960.0
_PIXELS_A_LETTER, _PADDING = 7.2, 10.0
_RAN = (Outcome.PASSED, Outcome.FAILED, Outcome.CANCELLED)
_STEPS_OF_SCALE = (1, 2, 5, 10)
_MOST_TICKS = 6


@dataclass(frozen=True)
class Bar:
    """One step on the picture. x and width are per cent of the whole width.

    number: its place in the table of steps. narrow and wide: what fits inside the bar on a
    phone and on a desktop: the name, its number, or nothing.
    """

    step: StepResult
    number: int
    lane: int
    x: float
    width: float
    critical: bool
    narrow: str
    wide: str


@dataclass(frozen=True)
class Tick:
    """A mark of the time axis."""

    x: float
    text: str


@dataclass(frozen=True)
class Timeline:
    """The picture. critical: the chain of steps that took longest."""

    bars: tuple[Bar, ...]
    lanes: int
    ticks: tuple[Tick, ...]
    cached: tuple[StepResult, ...]
    critical: tuple[StepResult, ...]
    left_off: int

    @property
    def critical_seconds(self) -> float:
        """How long the critical path took."""
        return sum(step.seconds for step in self.critical)


def timeline(run: RunResult) -> Timeline:
    """Lay out a run."""
    numbers = {step.step: number for number, step in enumerate(run.steps, start=1)}
    ran = [step for step in run.steps if step.outcome in _RAN and step.seconds > 0]
    shown = sorted(ran, key=lambda step: -step.seconds)[:MOST_BARS]
    shown.sort(key=lambda step: (step.started, -step.seconds))
    path = critical_path(ran)
    begin = min([run.started, *(step.started for step in shown)])
    end = max([run.started + run.seconds, *(_end(step) for step in shown)])
    span = (end - begin) or 1.0
    critical = {step.step for step in path}
    lanes = _lanes(shown)
    bars = tuple(
        _bar(step, numbers[step.step], lane, (begin, span), step.step in critical)
        for step, lane in zip(shown, lanes, strict=True)
    )
    cached = tuple(step for step in run.steps if step.outcome is Outcome.CACHED)
    return Timeline(
        bars, max(lanes, default=-1) + 1, ticks(span), cached, path, len(ran) - len(shown)
    )


def critical_path(ran: Sequence[StepResult]) -> tuple[StepResult, ...]:
    """The chain of steps, each needing the one before, that took longest together.

    With any number of cores a run takes that long. The step that ended last tells less: where
    cores are few, it may have waited for them and not for what it needs.
    """
    chains: dict[str, tuple[float, tuple[StepResult, ...]]] = {}
    for step in sorted(ran, key=lambda result: (result.started, _end(result))):  # needs come before
        before = [chains[name] for name in step.needs if name in chains]
        seconds, chain = max(before, key=lambda pair: pair[0], default=(0.0, ()))
        chains[step.step] = (seconds + step.seconds, (*chain, step))
    return max(chains.values(), key=lambda pair: pair[0], default=(0.0, ()))[1]


def ticks(span: float) -> tuple[Tick, ...]:
    """Round times along the axis, few enough for a phone."""
    magnitude = 10.0 ** math.floor(math.log10(span / _MOST_TICKS))
    stride = next(s * magnitude for s in _STEPS_OF_SCALE if s * magnitude * _MOST_TICKS >= span)
    number = int(span / stride + 1e-9)
    return tuple(
        Tick(index * stride / span * 100, f"{index * stride:g} s") for index in range(number + 1)
    )


def _lanes(steps: Iterable[StepResult]) -> list[int]:
    """The first lane that is free when a step starts; times may overlap by a hair."""
    free_at: list[float] = []
    lanes: list[int] = []
    for step in steps:
        lane = next((i for i, end in enumerate(free_at) if end <= step.started + 1e-3), None)
        if lane is None:
            lane = len(free_at)
            free_at.append(0.0)
        free_at[lane] = _end(step)
        lanes.append(lane)
    return lanes


def _bar(
    step: StepResult, number: int, lane: int, window: tuple[float, float], critical: bool
) -> Bar:
    begin, span = window
    width = step.seconds / span * 100
    name = f"✕ {step.step}" if step.outcome is Outcome.FAILED else step.step
    narrow, wide = fitting_labels((name, str(number)), width)
    x = (step.started - begin) / span * 100
    return Bar(
        step=step,
        number=number,
        lane=lane,
        x=x,
        width=width,
        critical=critical,
        narrow=narrow,
        wide=wide,
    )


def fitting_labels(texts: Sequence[str], width: float) -> tuple[str, str]:
    """The first text that fits into `width` per cent of a phone's and of a desktop's width."""
    narrow, wide = (
        next((t for t in texts if len(t) * _PIXELS_A_LETTER + _PADDING <= width / 100 * pixels), "")
        for pixels in (_NARROW, _WIDE)
    )
    return narrow, wide


def _end(step: StepResult) -> float:
    return step.started + step.seconds
