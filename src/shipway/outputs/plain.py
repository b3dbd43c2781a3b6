"""The console for CI, files and pipes: whole lines, grouped by step, no colour."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from typing import TextIO

from shipway.core.outcome import Outcome
from shipway.core.result import RunResult, StepResult
from shipway.core.step import Step
from shipway.outputs.clean import one_line
from shipway.outputs.summary import (
    MOST_LOG_LINES,
    TONE_OF,
    Line,
    Tone,
    counted,
    failure,
    finding_lines,
    step_line,
    step_lines,
    verdict_block,
)
from shipway.outputs.writing import write

_SHOWN_WHEN_QUIET = (Outcome.FAILED, Outcome.UNAVAILABLE, Outcome.BLOCKED, Outcome.CANCELLED)


class PlainConsole:
    """Prints one line per finished step, what failed in full, and the verdict last.

    quiet: leave out the steps that are fine. Cached steps come in bursts of thousands, so
    their lines wait for the next event of another kind and are written all at once.
    """

    def __init__(self, stream: TextIO, quiet: bool = False) -> None:
        self._stream = stream
        self._quiet = quiet
        self._cached: list[StepResult] = []
        self._logs: dict[str, deque[str]] = {}
        self._lock = threading.Lock()

    def run_started(self, run: str, application: str, steps: Sequence[Step]) -> None:
        """Say what is about to run."""
        if self._quiet:
            return
        opening = f"{one_line(application)}: run {one_line(run)}, {counted(len(steps), 'step')}"
        with self._lock:
            self._write([Line(opening)])

    def step_started(self, step: Step) -> None:
        """Nothing to print: the line comes when the step ends."""
        with self._lock:
            self._logs[step.name] = deque(maxlen=MOST_LOG_LINES)
            self._write(())

    def step_output(self, step: str, line: str) -> None:
        """Keep the last lines, in case the step fails."""
        with self._lock:
            if step not in self._logs:
                self._logs[step] = deque(maxlen=MOST_LOG_LINES)
            self._logs[step].append(line)
            self._write(())

    def step_finished(self, result: StepResult) -> None:
        """One line; below it what failed and why."""
        if result.outcome is Outcome.CACHED:
            if not self._quiet:
                self._cached.append(result)
            return
        with self._lock:
            log = self._logs.pop(result.step, ())
            if self._quiet and result.outcome not in _SHOWN_WHEN_QUIET:
                return
            lines = tuple(log)
            self._write([*self._first(result, lines), *self._below(result, lines)])

    def run_finished(self, result: RunResult) -> None:
        """The verdict block."""
        with self._lock:
            self._write([Line(""), *verdict_block(result)])

    def close(self) -> None:
        """Nothing is held."""

    def _first(self, result: StepResult, log: Sequence[str]) -> Iterable[Line]:
        """The step's own line."""
        return (Line(step_line(result), TONE_OF[result.outcome]),)

    def _below(self, result: StepResult, log: Sequence[str]) -> Iterable[Line]:
        """What failed and why; what the scanners found."""
        if result.outcome is Outcome.FAILED:
            return failure(result, log)
        judged = result.outcome is Outcome.PASSED and "fixed" in result.facts  # the findings
        return (Line(f"  {text}", Tone.UNSURE) for text in finding_lines(result)) if judged else ()

    def _write(self, lines: Iterable[Line]) -> None:
        """Write the cached steps that wait and `lines` in one go."""
        texts = [self._paint(line.text, line.tone) for line in lines]
        number = len(self._cached)
        if number:
            # Only what was there: another thread may append meanwhile.
            waiting = self._cached[:number]
            del self._cached[:number]
            texts[:0] = [self._paint(text, Tone.QUIET) for text in step_lines(waiting)]
        if texts:
            self._put("\n".join(texts) + "\n")

    def _paint(self, text: str, tone: Tone) -> str:
        """The text as this console shows a tone: here, all alike."""
        return text

    def _put(self, text: str) -> None:
        """As it is."""
        write(self._stream, text)
