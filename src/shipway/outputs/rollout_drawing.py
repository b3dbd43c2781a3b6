"""Where everything lies on the drawing of a rollout: panels, curves, stages, verdicts. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from shipway.outputs.decisions import tone_of
from shipway.outputs.figures import duration, figure
from shipway.outputs.rollout_curves import Panel, panels
from shipway.outputs.rollout_samples import (
    Sample,
    entries,
    finite,
    names,
    samples,
    since,
    thinned,
    totals,
)
from shipway.outputs.timeline import Tick, fitting, ticks

MOST_POINTS = 400  # more than there are pixels on a phone
MOST_ROWS = 60  # of the table that says the same
MOST_MARKS = 26
_MARK_LANES, _BETWEEN_MARKS = 3, 8.0  # per cent of the width: a badge on a phone
_SHORTEST = 1e-3  # seconds


@dataclass(frozen=True)
class Band:
    """A stage. x and width are per cent of the whole width; narrow and wide: what fits."""

    number: int
    stage: str
    x: float
    width: float
    narrow: str
    wide: str


@dataclass(frozen=True)
class Mark:
    """A verdict. lane: the row of its badge, None where no row has room for it."""

    letter: str
    words: str
    tone: str
    x: float
    lane: int | None


@dataclass(frozen=True)
class Drawing:
    """The drawing. rows: the samples of the table that says the same, and told: the
    same in words. points_together, rows_together: for how many samples of the record one may
    stand."""

    releases: tuple[tuple[str, bool], ...]  # name, whether it is the new one
    panels: tuple[Panel, ...]
    bands: tuple[Band, ...]
    marks: tuple[Mark, ...]
    mark_lanes: int
    ticks: tuple[Tick, ...]
    rows: tuple[Sample, ...]
    seconds: float
    points_together: int
    rows_together: int
    told: str


@dataclass(frozen=True)
class _Window:
    """The seconds that are drawn."""

    begin: float
    end: float

    def x(self, at: float) -> float:
        """Per cent of the width."""
        return min(100.0, max(0.0, (at - self.begin) / (self.end - self.begin) * 100))


def drawing(receipt: Mapping[str, Any], started: float) -> Drawing | None:
    """Lay out a receipt; None where nothing was sampled. started: seconds since the epoch."""
    every = samples(receipt.get("samples"), started)
    if not every:
        return None
    points = thinned(every, MOST_POINTS)
    stages = _stages(receipt.get("timeline"), started)
    window = _window(receipt, every, stages)
    new = str(receipt.get("release") or "")
    shown = tuple((name, name == new) for name in sorted(names(every), key=lambda n: n != new))
    marks = _marks(receipt, window, started)
    rows = thinned(every, MOST_ROWS)
    return Drawing(
        shown,
        panels(points, [name for name, _ in shown], window.x, _patience(points)),
        tuple(_bands(stages, window)),
        marks,
        max((mark.lane + 1 for mark in marks if mark.lane is not None), default=0),
        ticks(window.end - window.begin),
        tuple(rows),
        window.end - window.begin,
        math.ceil(len(every) / len(points)),
        math.ceil(len(every) / len(rows)),
        _told(every, new, window.end - window.begin),
    )  # fmt: skip


def _told(every: Sequence[Sample], new: str, seconds: float) -> str:
    """The drawing in words."""
    shares = [one.weight for one in every if one.weight is not None]
    words = [f"{duration(seconds)} long."]
    if shares:
        words.append(
            f"The new release's share of the traffic began at {figure(shares[0])} %, was"
            f" {figure(max(shares))} % at most and ended at {figure(shares[-1])} %."
        )
    for name, got in totals(every).items():
        slow = "" if got.p95 is None else f", p95 {figure(got.p95)} ms at worst"
        which = "new release" if name == new else "release before"
        counts = f"{figure(got.requests)} requests, {figure(got.failed)} failed"
        words.append(f"The {which}, {name}: {counts}{slow}.")
    return " ".join(words)


def letter(number: int) -> str:
    """The name of the judge's verdict with this number, from 0: A to Z, then none."""
    return chr(ord("A") + number) if number < MOST_MARKS else ""


def _patience(points: Sequence[Sample]) -> float:
    """Seconds without a sample after which nobody knows what was: thrice the usual."""
    from statistics import median  # slow to import, and most reports have no rollout

    between = [after.at - before.at for before, after in pairwise(points)]
    return 3 * (median(between) if between else 1 / 3)


def _window(
    receipt: Mapping[str, Any], every: Sequence[Sample], stages: Sequence[tuple[float, str]]
) -> _Window:
    ats = [0.0, *(sample.at for sample in every), *(at for at, _ in stages)]
    begin, end = min(ats), max([*ats, finite(receipt.get("seconds")) or 0.0])
    return _Window(begin, max(end, begin + _SHORTEST))


def _stages(raw: Any, started: float) -> list[tuple[float, str]]:
    """Where each stage began; what is told of the same stage again is part of it."""
    found: list[tuple[float, str]] = []
    for one in entries(raw):
        at, stage = since(one.get("at"), started), str(one.get("stage") or "")
        if at is not None and stage and (not found or found[-1][1] != stage):
            found.append((at, stage))
    return sorted(found, key=lambda pair: pair[0])


def _bands(stages: Sequence[tuple[float, str]], window: _Window) -> list[Band]:
    ends = [*(at for at, _ in stages), window.end][1:]
    found = []
    for number, ((at, stage), end) in enumerate(zip(stages, ends, strict=True), start=1):
        x, width = window.x(at), window.x(end) - window.x(at)
        name = stage.replace("_", " ").lower()
        if width > 0:
            narrow, wide = fitting((name, str(number)), width)
            found.append(Band(number, name, x, width, narrow, wide))
    return found


def _marks(receipt: Mapping[str, Any], window: _Window, started: float) -> tuple[Mark, ...]:
    judged = [
        (letter(number), str(one.get("decision") or ""), window.x(at))
        for number, one in enumerate(entries(receipt.get("evidence")))
        if (at := since(one.get("at"), started)) is not None
    ][:MOST_MARKS]
    verdict = str(receipt.get("verdict") or "")
    if verdict:
        sign = {"good": "✓", "bad": "✕"}.get(tone_of(verdict), "?")
        judged.append((sign, verdict, 100.0))
    taken = [-math.inf] * _MARK_LANES
    found = []
    for name, words, x in sorted(judged, key=lambda mark: mark[2]):
        lane = next((n for n, last in enumerate(taken) if x - last >= _BETWEEN_MARKS), None)
        if lane is not None:
            taken[lane] = x
        found.append(Mark(name, words, tone_of(words), x, lane))
    return tuple(found)
