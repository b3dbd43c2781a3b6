"""A rollout as the page draws it: stages, judgements, and curves as SVG paths. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from shipway.codec import JsonObject
from shipway.pipeline.result import RunResult
from shipway.reports.figures import PERCENTILES, format_duration, format_figure, style_of
from shipway.reports.rollout_samples import (
    ChartSample,
    ReleaseTraffic,
    chart_samples,
    finite_number,
    mapping_entries,
    release_names,
    seconds_since,
    thin_samples,
    traffic_totals,
)
from shipway.reports.sanitize import log_line
from shipway.reports.timeline import Tick, fitting_labels, ticks

_ROUND = (1, 2, 2.5, 5, 10)
Scale = Callable[[float], float]


@dataclass(frozen=True)
class ChartPanel:
    """One of the pictures under each other.

    top: the figure at the upper edge, in `unit`; the lower edge is 0. curves: release → path.
    areas: the share of the new release and of the old one, on the panel of the traffic only.
    """

    title: str
    unit: str
    top: float
    curves: dict[str, str]
    areas: tuple[str, str] | None = None


def chart_panels(
    points: Sequence[ChartSample], shown: Sequence[str], x: Scale, patience: float
) -> tuple[ChartPanel, ...]:
    """Traffic, errors and latency. x: seconds → per cent of the width. patience: seconds without
    a sample after which a curve breaks off."""
    return (
        ChartPanel("Traffic to the new release", "%", 100.0, {}, _areas(points, x, patience)),
        _panel("Failed requests", "%", points, shown, (x, patience, lambda got: got.error_rate)),
        _panel("Latency (p95)", "ms", points, shown, (x, patience, lambda got: got.p95)),
    )


def round_up(value: float) -> float:
    """The next round figure, at least 1: what an axis ends with."""
    if value <= 1:
        return 1.0
    magnitude = 10.0 ** math.floor(math.log10(value))
    return next((r * magnitude for r in _ROUND if r * magnitude >= value), value)


def _panel(
    title: str,
    unit: str,
    points: Sequence[ChartSample],
    shown: Sequence[str],
    how: tuple[Scale, float, Callable[[ReleaseTraffic], float | None]],
) -> ChartPanel:
    x, patience, measure = how
    series = {
        name: [
            (sample.at, measure(sample.releases.get(name, ReleaseTraffic()))) for sample in points
        ]
        for name in shown
    }
    measured = [value for values in series.values() for _, value in values if value is not None]
    top = round_up(max(measured, default=0.0))
    curves = {name: _curve(values, x, top, patience) for name, values in series.items()}
    return ChartPanel(title, unit, top, curves)


def _curve(
    values: Sequence[tuple[float, float | None]], x: Scale, top: float, patience: float
) -> str:
    """Points joined; it breaks where nothing was measured. A point alone is a dot."""
    parts: list[str] = []
    before: float | None = None
    for at, value in values:
        if value is None:
            before = None
            continue
        joined = before is not None and at - before <= patience
        point = f"{x(at):.2f} {100 - value / top * 100:.2f}"
        parts.append(f"L{point}" if joined else f"M{point}h0")
        before = at
    return "".join(parts)


def _areas(points: Sequence[ChartSample], x: Scale, patience: float) -> tuple[str, str]:
    """The new release's share from below, the old one's above it, a box for each sample."""
    new, old = [], []
    befores = [points[0].at - patience / 3, *(sample.at for sample in points[:-1])]
    for before, sample in zip(befores, points, strict=True):
        if sample.weight is None:
            continue
        left, right = x(max(before, sample.at - patience)), x(sample.at)
        edge = 100 - sample.weight
        new.append(f"M{left:.2f} 100V{edge:.2f}H{right:.2f}V100Z")
        old.append(f"M{left:.2f} 0V{edge:.2f}H{right:.2f}V0Z")
    return "".join(new), "".join(old)


# Where everything lies on the drawing of a rollout: panels, curves, stages, verdicts. Pure.

MOST_POINTS = 400  # more than there are pixels on a phone
MOST_ROWS = 60  # of the table that says the same
MOST_MARKS = 26
_MARK_LANES, _BETWEEN_MARKS = 3, 8.0  # per cent of the width: a badge on a phone
_SHORTEST = 1e-3  # seconds


@dataclass(frozen=True)
class ChartBand:
    """A stage. x and width are per cent of the whole width; narrow and wide: what fits."""

    number: int
    stage: str
    x: float
    width: float
    narrow: str
    wide: str


@dataclass(frozen=True)
class ChartMark:
    """A verdict. lane: the row of its badge, None where no row has room for it."""

    letter: str
    words: str
    tone: str
    x: float
    lane: int | None


@dataclass(frozen=True, kw_only=True)
class RolloutChart:
    """The drawing. rows: the samples of the table that says the same, and told: the
    same in words. points_together, rows_together: for how many samples of the record one may
    stand."""

    releases: tuple[tuple[str, bool], ...]  # name, whether it is the new one
    panels: tuple[ChartPanel, ...]
    bands: tuple[ChartBand, ...]
    marks: tuple[ChartMark, ...]
    mark_lanes: int
    ticks: tuple[Tick, ...]
    rows: tuple[ChartSample, ...]
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


def rollout_chart(receipt: JsonObject, started: float) -> RolloutChart | None:
    """Lay out a receipt; None where nothing was sampled. started: seconds since the epoch."""
    every = chart_samples(receipt.get("samples"), started)
    if not every:
        return None
    points = thin_samples(every, MOST_POINTS)
    stages = _stages(receipt.get("timeline"), started)
    window = _window(receipt, every, stages)
    new = str(receipt.get("release") or "")
    shown = tuple(
        (name, name == new) for name in sorted(release_names(every), key=lambda n: n != new)
    )
    marks = _marks(receipt, window, started)
    rows = thin_samples(every, MOST_ROWS)
    return RolloutChart(
        releases=shown,
        panels=chart_panels(points, [name for name, _ in shown], window.x, _patience(points)),
        bands=tuple(_bands(stages, window)),
        marks=marks,
        mark_lanes=max((mark.lane + 1 for mark in marks if mark.lane is not None), default=0),
        ticks=ticks(window.end - window.begin),
        rows=tuple(rows),
        seconds=window.end - window.begin,
        points_together=math.ceil(len(every) / len(points)),
        rows_together=math.ceil(len(every) / len(rows)),
        told=_told(every, new, window.end - window.begin),
    )


def _told(every: Sequence[ChartSample], new: str, seconds: float) -> str:
    """The drawing in words."""
    shares = [sample.weight for sample in every if sample.weight is not None]
    sentences = [f"{format_duration(seconds)} long."]
    if shares:
        sentences.append(
            f"The new release's share of the traffic began at {format_figure(shares[0])} %, was"
            f" {format_figure(max(shares))} % at most and ended at {format_figure(shares[-1])} %."
        )
    for name, got in traffic_totals(every).items():
        slow = "" if got.p95 is None else f", p95 {format_figure(got.p95)} ms at worst"
        which = "new release" if name == new else "release before"
        counts = f"{format_figure(got.requests)} requests, {format_figure(got.failed)} failed"
        sentences.append(f"The {which}, {name}: {counts}{slow}.")
    return " ".join(sentences)


def evidence_letter(number: int) -> str:
    """The name of the judge's verdict with this number, from 0: A to Z, then none."""
    return chr(ord("A") + number) if number < MOST_MARKS else ""


def _patience(points: Sequence[ChartSample]) -> float:
    """Seconds without a sample after which nobody knows what was: thrice the usual."""
    from statistics import median  # slow to import, and most reports have no rollout

    between = [after.at - before.at for before, after in pairwise(points)]
    return 3 * (median(between) if between else 1 / 3)


def _window(
    receipt: JsonObject,
    every: Sequence[ChartSample],
    stages: Sequence[tuple[float, str]],
) -> _Window:
    ats = [0.0, *(sample.at for sample in every), *(at for at, _ in stages)]
    begin, end = min(ats), max([*ats, finite_number(receipt.get("seconds")) or 0.0])
    return _Window(begin, max(end, begin + _SHORTEST))


def _stages(raw: Any, started: float) -> list[tuple[float, str]]:
    """Where each stage began; what is told of the same stage again is part of it."""
    stages: list[tuple[float, str]] = []
    for entry in mapping_entries(raw):
        at, stage = seconds_since(entry.get("at"), started), str(entry.get("stage") or "")
        if at is not None and stage and (not stages or stages[-1][1] != stage):
            stages.append((at, stage))
    return sorted(stages, key=lambda pair: pair[0])


def _bands(stages: Sequence[tuple[float, str]], window: _Window) -> list[ChartBand]:
    ends = [*(at for at, _ in stages), window.end][1:]
    bands = []
    for number, ((at, stage), end) in enumerate(zip(stages, ends, strict=True), start=1):
        x, width = window.x(at), window.x(end) - window.x(at)
        name = stage.replace("_", " ").lower()
        if width > 0:
            narrow, wide = fitting_labels((name, str(number)), width)
            bands.append(ChartBand(number, name, x, width, narrow, wide))
    return bands


def _marks(receipt: JsonObject, window: _Window, started: float) -> tuple[ChartMark, ...]:
    judged = [
        (evidence_letter(number), str(entry.get("decision") or ""), window.x(at))
        for number, entry in enumerate(mapping_entries(receipt.get("evidence")))
        if (at := seconds_since(entry.get("at"), started)) is not None
    ][:MOST_MARKS]
    verdict = str(receipt.get("verdict") or "")
    if verdict:
        sign = {"good": "✓", "bad": "✕"}.get(style_of(verdict), "?")
        judged.append((sign, verdict, 100.0))
    taken = [-math.inf] * _MARK_LANES
    marks = []
    for name, decision, x in sorted(judged, key=lambda mark: mark[2]):
        lane = next((n for n, last in enumerate(taken) if x - last >= _BETWEEN_MARKS), None)
        if lane is not None:
            taken[lane] = x
        marks.append(ChartMark(name, decision, style_of(decision), x, lane))
    return tuple(marks)


# The receipts of a run's rollouts as plain data, so that templates only lay them out.

COLUMNS = ("requests", "failed", "aborted", *PERCENTILES)
_MOST_LOG_LINES = 200
_LONGEST_LOG_LINE = 2000
# What has a place of its own on the page.
_APART = ("releases", "timeline", "log", "started", "samples", "evidence", "cause", "remedy")
_WHERE_ANY = ("synthetic", "downtime")  # not worth a line where there was none
_CALLED = {"synthetic": "own probes"}


@dataclass(frozen=True)
class EvidenceView:
    """What the judge said. letter: its mark on the drawing, "" where it has none."""

    letter: str
    at: str
    decision: str
    tone: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class RolloutReportView:
    """What a rollout proved, as far as the step told; every part may be missing.

    columns: which of the figures any release has; releases: name → those figures as text.
    timeline: when, stage, what. drawing: None where nothing was sampled; unsampled: whether the
    rollout would have been, so that its absence is to be told.
    """

    step: str
    verdict: str
    facts: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    releases: tuple[tuple[str, tuple[str, ...]], ...]
    drawing: RolloutChart | None
    unsampled: bool
    evidence: tuple[EvidenceView, ...]
    cause: str
    remedy: str
    timeline: tuple[tuple[str, str, str], ...]
    log: str


def rollout_report_views(run: RunResult) -> tuple[RolloutReportView, ...]:
    """One for every step that rolled out and left a receipt."""
    results = []
    for step in run.steps:
        raw = step.facts.get("receipt")
        if isinstance(raw, Mapping) and raw:
            results.append(rollout_report_view(step.step, raw, run.started))
    return tuple(results)


def rollout_report_view(step: str, raw: JsonObject, started: float) -> RolloutReportView:
    """A receipt as the record has it. Its times are shown from its own start; `started` (seconds
    since the epoch) is used where it does not say when that was."""
    began = finite_number(raw.get("started"))
    started = started if began is None else began
    drawn = rollout_chart(raw, started)
    columns, rows = _releases(raw.get("releases"))
    return RolloutReportView(
        step=step,
        verdict=format_figure(raw.get("verdict")),
        facts=_facts(raw),
        columns=columns,
        releases=rows,
        drawing=drawn,
        unsampled=drawn is None and "samples" in raw,
        evidence=_evidence(raw.get("evidence"), started),
        cause=format_figure(raw.get("cause")),
        remedy=format_figure(raw.get("remedy")),
        timeline=tuple(
            (
                _moment(entry.get("at"), started),
                format_figure(entry.get("stage")),
                format_figure(entry.get("text")),
            )
            for entry in mapping_entries(raw.get("timeline"))
        ),
        log=_lines(raw.get("log")),
    )


def _facts(raw: JsonObject) -> tuple[tuple[str, str], ...]:
    return tuple(
        (_CALLED.get(str(name), str(name)), _fact(str(name), value))
        for name, value in raw.items()
        if name not in _APART and value not in ("", None) and not (name in _WHERE_ANY and not value)
    )


def _fact(name: str, value: Any) -> str:
    seconds = finite_number(value) if name in ("seconds", "downtime") else None
    return format_figure(value) if seconds is None else format_duration(seconds)


def _releases(raw: Any) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]:
    """Only the columns in which any release has a figure."""
    items = raw.items() if isinstance(raw, Mapping) else ()
    rows = {str(name): row for name, row in items if isinstance(row, Mapping)}
    columns = tuple(name for name in COLUMNS if any(name in row for row in rows.values()))
    return columns, tuple(
        (name, tuple(format_figure(row.get(column)) for column in columns))
        for name, row in rows.items()
    )


def _evidence(raw: Any, started: float) -> tuple[EvidenceView, ...]:
    return tuple(
        EvidenceView(
            evidence_letter(number),
            _moment(entry.get("at"), started),
            decision := format_figure(entry.get("decision")),
            style_of(decision),
            format_figure(entry.get("sentence")),
        )
        for number, entry in enumerate(mapping_entries(raw))
    )


def _lines(raw: Any) -> str:
    lines = raw if isinstance(raw, (list, tuple)) else ()
    return "\n".join(log_line(str(line), _LONGEST_LOG_LINE) for line in lines[-_MOST_LOG_LINES:])


def _moment(at: Any, started: float) -> str:
    seconds = seconds_since(at, started)
    return format_figure(at) if seconds is None else f"+{format_duration(seconds)}"
