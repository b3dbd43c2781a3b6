"""The rollouts of an environment as a table for the terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from shipway.outputs.clean import one_line
from shipway.outputs.figures import duration, figure
from shipway.outputs.rollout_samples import finite

_HEADS = ("No.", "who", "what", "when (UTC)", "took", "strategy", "verdict", "requests", "failed")
_NUMBERS = ("No.", "took", "requests", "failed")
_LONGEST = 30  # characters of a cell; a cause has a line of its own
_NOTHING = "–"


def history(rollouts: Sequence[Mapping[str, Any]]) -> list[str]:
    """The lines: heads, then a rollout a line in the order given, its cause below it.

    rollouts: as the record has them, receipts with a `number`; `by` is who began it. Whatever is
    missing, as in a rollout that is not finished, is a dash. What there was before a release is
    the last one below it that passed. Empty where there are none.
    """
    if not rollouts:
        return []
    rows = [_HEADS, *(_cells(one) for one in rollouts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = [_line(_HEADS, widths)]
    for one, cells in zip(rollouts, rows[1:], strict=True):
        lines.append(_line(cells, widths))
        if one.get("cause"):
            lines.append(f"{'':<{widths[0]}}  why: {one_line(figure(one['cause']))}")
        lines += [f"{'':<{widths[0]}}  {one_line(text)}" for text in _asides(one)]
    return lines


def _asides(one: Mapping[str, Any]) -> Iterator[str]:
    """What else is to be known of a rollout: where it came from, who was not told of it."""
    if one.get("promoted"):
        yield f"promoted from {figure(one['promoted'])}"
    if one.get("without_verdict"):
        yield f"without a verdict: {figure(one['without_verdict'])}"
    for told in _dicts(one.get("notices")):
        if told.get("problem"):
            yield f"not told of {told.get('event')!r}: {told.get('channel')}: {told['problem']}"


def _dicts(rows: Any) -> Iterator[Mapping[str, Any]]:
    """Those that are what they should be: a record may hold anything."""
    yield from (row for row in (rows if isinstance(rows, list) else ()) if isinstance(row, dict))


def _cells(one: Mapping[str, Any]) -> tuple[str, ...]:
    seconds = finite(one.get("seconds"))
    cells = (
        f"#{one['number']}" if "number" in one else "",
        figure(one.get("by")),
        figure(one.get("release")),
        _when(one.get("started")),
        "" if seconds is None else duration(seconds),
        figure(one.get("strategy")),
        figure(one.get("verdict")),
        figure(one.get("requests")),
        figure(one.get("failed")),
    )
    return tuple(one_line(cell, _LONGEST).strip() or _NOTHING for cell in cells)


def _when(started: Any) -> str:
    moment = finite(started)
    try:
        return datetime.fromtimestamp(moment or 0, UTC).strftime("%Y-%m-%d %H:%M") if moment else ""
    except (ValueError, OverflowError, OSError):
        return ""


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        f"{cell:>{width}}" if head in _NUMBERS else f"{cell:<{width}}"
        for head, cell, width in zip(_HEADS, cells, widths, strict=True)
    )
    return "  ".join(padded).rstrip()
