"""The console in GitHub's log: what each step printed is folded below its line."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TextIO

from shipway.pipeline.command_line import Invocation
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import RunResult, StepResult
from shipway.pipeline.step import Step
from shipway.reports.console_lines import (
    MOST_LOG_LINES,
    TONE_OF,
    ConsoleLine,
    Style,
    counted,
    failure_lines,
    finding_lines,
    step_line,
    step_lines,
    verdict_block,
)
from shipway.reports.sanitize import log_line, one_line

# Text onto a stream, whatever the stream can write.


def write_text(stream: TextIO, text: str) -> None:
    """Write and flush; a character that the stream's encoding lacks becomes its code."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def write_line(stream: TextIO, text: str) -> None:
    """The same to whoever still reads: who has gone (`| head`) leaves nothing half done."""
    with suppress(BrokenPipeError):
        write_text(stream, text)


def write_error_line(text: str) -> None:
    """A line beside what a command prints: progress, and what only a person has to know."""
    write_line(sys.stderr, f"{text}\n")


def can_write(stream: TextIO, text: str) -> bool:
    """Whether the stream's encoding has every character of the text."""
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


# The console for CI, files and pipes: whole lines, grouped by step, no colour.

_SHOWN_WHEN_QUIET = (Outcome.FAILED, Outcome.ERROR, Outcome.UPSTREAM_FAILED, Outcome.CANCELLED)


class PlainConsole:
    """Prints one line per finished step, what failed in full, and the verdict last.

    quiet: leave out the steps that are fine. Cached steps come in bursts of thousands, so
    their lines wait for the next event of another kind and are written all at once.
    here: how Shipway was started.
    """

    def __init__(self, stream: TextIO, quiet: bool = False, here: Invocation | None = None) -> None:
        self._stream = stream
        self._quiet = quiet
        self._here = here or Invocation()
        self._cached: list[StepResult] = []
        self._logs: dict[str, deque[str]] = {}
        self._lock = threading.Lock()

    def run_started(self, run: str, application: str, steps: Sequence[Step]) -> None:
        """Say what is about to run."""
        if self._quiet:
            return
        opening = f"{one_line(application)}: run {one_line(run)}, {counted(len(steps), 'step')}"
        with self._lock:
            self._write([ConsoleLine(opening)])

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
            self._write([ConsoleLine(""), *verdict_block(result, self._here)])

    def close(self) -> None:
        """Nothing is held."""

    def _first(self, result: StepResult, log: Sequence[str]) -> Iterable[ConsoleLine]:
        """The step's own line."""
        return (ConsoleLine(step_line(result), TONE_OF[result.outcome]),)

    def _below(self, result: StepResult, log: Sequence[str]) -> Iterable[ConsoleLine]:
        """What failed and why; what the scanners found."""
        if result.outcome is Outcome.FAILED:
            return failure_lines(result, log, self._here)
        judged = result.outcome is Outcome.PASSED and "fixed" in result.facts  # the findings
        return (
            (ConsoleLine(f"  {text}", Style.UNSURE) for text in finding_lines(result))
            if judged
            else ()
        )

    def _write(self, lines: Iterable[ConsoleLine]) -> None:
        """Write the cached steps that wait and `lines` in one go."""
        texts = [self._paint(line.text, line.tone) for line in lines]
        number = len(self._cached)
        if number:
            # Only what was there: another thread may append meanwhile.
            waiting = self._cached[:number]
            del self._cached[:number]
            texts[:0] = [self._paint(text, Style.QUIET) for text in step_lines(waiting)]
        if texts:
            self._put("\n".join(texts) + "\n")

    def _paint(self, text: str, tone: Style) -> str:
        """The text as this console shows a tone: here, all alike."""
        return text

    def _put(self, text: str) -> None:
        """As it is."""
        write_text(self._stream, text)


class GroupedConsole(PlainConsole):
    """Like the plain one, with a group for each step that printed something.

    What failed stays open below its line: nobody should have to look for it. Groups do not nest,
    and a step is written when it has ended, so what runs at the same time is never mixed.
    """

    def _below(self, result: StepResult, log: Sequence[str]) -> Iterable[ConsoleLine]:
        yield from super()._below(result, log)
        if log and result.outcome is not Outcome.FAILED:
            yield ConsoleLine("::endgroup::", Style.QUIET)

    def _first(self, result: StepResult, log: Sequence[str]) -> Iterable[ConsoleLine]:
        lines = list(super()._first(result, log))
        if not log or result.outcome is Outcome.FAILED:
            return lines
        opened = ConsoleLine(f"::group::{lines[0].text}", lines[0].tone)
        return [opened, *(ConsoleLine(f"  | {log_line(line)}", Style.QUIET) for line in log)]
