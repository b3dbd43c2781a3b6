"""When each step ran, in Markdown: a table with bars, folded."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.core.outcome import Outcome
from shipway.core.result import RunResult, StepResult
from shipway.outputs.figures import duration
from shipway.outputs.markdown_text import code, table, words
from shipway.outputs.summary import counted

MOST_STEPS = 40
_WIDTH = 24  # characters of the whole run
_EMPTY, _FULL = "\u00b7", "\u2588"


def timeline_lines(run: RunResult, longest: int) -> Iterator[str]:
    """The steps that ran, by their start; nothing where none did. longest: of a name."""
    ran = [one for one in run.steps if one.started and one.outcome is not Outcome.CACHED]
    if not ran:
        return
    ran.sort(key=lambda one: one.started)
    first = ran[0].started
    whole = max(one.started + one.seconds for one in ran) - first
    yield from ("", f"<details><summary>Timeline of {counted(len(ran), 'step')}</summary>", "")
    rows: list[tuple[str, ...]] = [
        (code(one.step, longest), words(one.outcome.value, longest), duration(one.seconds),
         f"<code>{_bar(one, first, whole)}</code>")
        for one in ran[:MOST_STEPS]
    ]  # fmt: skip
    yield from table(("Step", "Outcome", "Took", "When"), rows)
    if len(ran) > MOST_STEPS:
        yield from ("", f"And {counted(len(ran) - MOST_STEPS, 'more step')}, in the report.")
    yield from ("", "</details>")


def _bar(one: StepResult, first: float, whole: float) -> str:
    """Where in the run it was: as long as the run is, at least one mark."""
    scale = _WIDTH / whole if whole > 0 else 0.0
    start = min(int((one.started - first) * scale), _WIDTH - 1)
    length = max(1, min(round(one.seconds * scale), _WIDTH - start))
    return _EMPTY * start + _FULL * length + _EMPTY * (_WIDTH - start - length)
