"""The receipts of a run's rollouts as plain data, so that templates only lay them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipway.core.result import RunResult
from shipway.outputs.clean import log_line
from shipway.outputs.decisions import tone_of
from shipway.outputs.figures import PERCENTILES, duration, figure
from shipway.outputs.rollout_drawing import Drawing, drawing, letter
from shipway.outputs.rollout_samples import entries, finite, since

COLUMNS = ("requests", "failed", *PERCENTILES)
_MOST_LOG_LINES = 200
_LONGEST_LOG_LINE = 2000
# What has a place of its own on the page.
_APART = ("releases", "timeline", "log", "started", "samples", "evidence", "cause", "remedy")
_CALLED = {"synthetic": "own probes among them"}


@dataclass(frozen=True)
class Evidence:
    """What the judge said. letter: its mark on the drawing, "" where it has none."""

    letter: str
    at: str
    decision: str
    tone: str
    sentence: str


@dataclass(frozen=True)
class Receipt:
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
    drawing: Drawing | None
    unsampled: bool
    evidence: tuple[Evidence, ...]
    cause: str
    remedy: str
    timeline: tuple[tuple[str, str, str], ...]
    log: str


def receipts(run: RunResult) -> tuple[Receipt, ...]:
    """One for every step that rolled out and left a receipt."""
    found = []
    for step in run.steps:
        raw = step.facts.get("receipt")
        if isinstance(raw, Mapping) and raw:
            found.append(receipt(step.step, raw, run.started))
    return tuple(found)


def receipt(step: str, raw: Mapping[str, Any], started: float) -> Receipt:
    """A receipt as the record has it. Its times are shown from its own start; `started` (seconds
    since the epoch) is used where it does not say when that was."""
    began = finite(raw.get("started"))
    started = started if began is None else began
    drawn = drawing(raw, started)
    columns, rows = _releases(raw.get("releases"))
    return Receipt(
        step,
        figure(raw.get("verdict")),
        _facts(raw),
        columns,
        rows,
        drawn,
        drawn is None and "samples" in raw,
        _evidence(raw.get("evidence"), started),
        figure(raw.get("cause")),
        figure(raw.get("remedy")),
        tuple(
            (_moment(one.get("at"), started), figure(one.get("stage")), figure(one.get("text")))
            for one in entries(raw.get("timeline"))
        ),
        _lines(raw.get("log")),
    )


def _facts(raw: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (_CALLED.get(str(name), str(name)), _fact(str(name), value))
        for name, value in raw.items()
        if name not in _APART and value not in ("", None) and (name, value) != ("synthetic", 0)
    )


def _fact(name: str, value: Any) -> str:
    seconds = finite(value) if name == "seconds" else None
    return figure(value) if seconds is None else duration(seconds)


def _releases(raw: Any) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]:
    """Only the columns in which any release has a figure."""
    items = raw.items() if isinstance(raw, Mapping) else ()
    rows = {str(name): row for name, row in items if isinstance(row, Mapping)}
    columns = tuple(name for name in COLUMNS if any(name in row for row in rows.values()))
    return columns, tuple(
        (name, tuple(figure(row.get(column)) for column in columns)) for name, row in rows.items()
    )


def _evidence(raw: Any, started: float) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            letter(number),
            _moment(one.get("at"), started),
            decision := figure(one.get("decision")),
            tone_of(decision),
            figure(one.get("sentence")),
        )
        for number, one in enumerate(entries(raw))
    )


def _lines(raw: Any) -> str:
    lines = raw if isinstance(raw, (list, tuple)) else ()
    return "\n".join(log_line(str(line), _LONGEST_LOG_LINE) for line in lines[-_MOST_LOG_LINES:])


def _moment(at: Any, started: float) -> str:
    seconds = since(at, started)
    return figure(at) if seconds is None else f"+{duration(seconds)}"
