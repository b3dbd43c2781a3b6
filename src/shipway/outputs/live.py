"""The console for terminals: what runs now, live, below the same lines as everywhere, in colour.

Rich is imported when the first step really starts: a run of cached steps is over before that.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from shipway.core.outcome import Outcome
from shipway.core.result import RunResult, StepResult
from shipway.core.step import Step
from shipway.outputs.clean import one_line
from shipway.outputs.plain import PlainConsole
from shipway.outputs.region import Region, paint
from shipway.outputs.summary import Tone

MOST_ROWS = 12


@dataclass
class _Running:
    """A step that runs now."""

    started: float
    said: str = ""


class LiveConsole(PlainConsole):
    """Like PlainConsole, with colour and a live region for what is running.

    env: where NO_COLOR and TERM are looked up. monotonic: the clock for elapsed times.
    `run_finished` ends the live region; `close` does so where a run breaks off before.
    """

    def __init__(
        self,
        stream: TextIO,
        quiet: bool = False,
        *,
        env: Mapping[str, str] = os.environ,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(stream, quiet)
        self._monotonic = monotonic
        self._colour = not env.get("NO_COLOR")
        self._running: dict[str, _Running] = {}
        self._done: Counter[Outcome] = Counter()
        self._total = 0
        self._region = Region(stream, self.rows, env)

    def run_started(self, run: str, application: str, steps: Sequence[Step]) -> None:
        """Learn how many steps there are."""
        self._total = len(steps)
        super().run_started(run, application, steps)

    def step_started(self, step: Step) -> None:
        """A row of the live region."""
        self._running[step.name] = _Running(self._monotonic())
        super().step_started(step)
        with self._lock:
            self._region.open()

    def step_output(self, step: str, line: str) -> None:
        """The end of the row."""
        running = self._running.get(step)
        if running and line.strip():
            running.said = one_line(line)
        super().step_output(step, line)

    def step_finished(self, result: StepResult) -> None:
        """The row goes, the line comes."""
        self._running.pop(result.step, None)
        self._done[result.outcome] += 1
        super().step_finished(result)

    def run_finished(self, result: RunResult) -> None:
        """The live region goes, the verdict block comes."""
        self.close()
        super().run_finished(result)

    def close(self) -> None:
        """End the live region and give the cursor back; harmless when there is none."""
        self._region.close()

    def rows(self) -> list[str]:
        """What the live region shows now: the steps that run, longest first, and the counts."""
        now = self._monotonic()
        running = list(self._running.items())
        rows = [
            f"running      {one_line(name):<20} {now - step.started:8.1f} s  {step.said}"
            for name, step in running[:MOST_ROWS]
        ]
        if len(running) > MOST_ROWS:
            rows.append(f"             and {len(running) - MOST_ROWS} more")
        done = sum(self._done.values())
        parts = [f"{self._done[o]} {o.value}" for o in Outcome if self._done[o]]
        rows.append(f"{done:,} of {self._total:,} done{': ' if parts else ''}{', '.join(parts)}")
        return rows

    def _paint(self, text: str, tone: Tone) -> str:
        return paint(text, tone) if self._colour else text

    def _put(self, text: str) -> None:
        """Above the live region, where there is one."""
        if not self._region.put(text):
            super()._put(text)
