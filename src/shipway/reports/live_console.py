"""The console for terminals: what runs now, live, below the same lines as everywhere, in colour.

Rich is imported when the first step really starts: a run of cached steps is over before that.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from shipway.pipeline.command_line import Invocation
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import RunResult, StepResult
from shipway.pipeline.step import Step
from shipway.reports.console import PlainConsole, can_write
from shipway.reports.console_lines import Style
from shipway.reports.rollout_console import PlainRollout
from shipway.reports.sanitize import one_line

if TYPE_CHECKING:
    from typing import Self

    from rich.console import RenderableType
    from rich.live import Live


# The part of a terminal that is drawn again and again, below the lines that stay.
#
# Rich is imported when it opens: most commands are over before they need it.

_LABEL = re.compile(r" *\S+(?: \S+)?:? {2,}| *\w+: +| +")  # what stands before what a line says
_CODES = {Style.GOOD: "32", Style.BAD: "31", Style.UNSURE: "33", Style.QUIET: "2"}


def paint_text(text: str, tone: Style) -> str:
    """The text in its tone's colour."""
    code = _CODES.get(tone)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


def wrap_words(text: str, columns: int) -> str:
    """A line as several, broken between words; those after the first below what the first says.

    columns: of the terminal; 0 where nobody knows. What has no space, such as a path, stays whole.
    """
    if not columns or len(text) <= columns:
        return text
    import textwrap  # only long lines need it

    label = _LABEL.match(text)
    indent = len(label[0]) if label and len(label[0]) < columns // 2 else 2
    return "\n".join(
        textwrap.wrap(
            text,
            columns,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
            replace_whitespace=False,
        )
    )


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0


class TerminalRegion:
    """A live region. rows: gives what it shows; env: where NO_COLOR and TERM are looked up."""

    def __init__(
        self, stream: TextIO, rows: Callable[[], Sequence[str]], env: Mapping[str, str]
    ) -> None:
        self._stream = stream
        self._rows = rows
        self._env = env
        self._live: Live | None = None

    def open(self) -> None:
        """Begin to draw; harmless when that is done already."""
        if self._live is None:
            self._live = self._begin()

    def close(self) -> None:
        """Take it away and give the cursor back; harmless when there is none."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def put(self, text: str) -> bool:
        """Write lines above it; False where there is none, so that the caller writes."""
        if self._live is None:
            return False
        from rich.text import Text

        self._live.console.print(Text.from_ansi(text.removesuffix("\n")), soft_wrap=True)
        return True

    def _begin(self) -> Live:
        from rich.console import Console
        from rich.live import Live

        console = Console(
            file=self._stream,
            force_terminal=True,
            no_color=bool(self._env.get("NO_COLOR")),
            highlight=False,
            _environ=self._env,
        )
        live = Live(
            console=console,
            get_renderable=self._shown,
            refresh_per_second=8,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        live.start()
        return live

    def _shown(self) -> RenderableType:
        from rich.text import Text

        return Text("\n".join(self._rows()), no_wrap=True, overflow="ellipsis")


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
        here: Invocation | None = None,
        *,
        env: Mapping[str, str] = os.environ,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(stream, quiet, here)
        self._monotonic = monotonic
        self._colour = not env.get("NO_COLOR")
        self._running: dict[str, _Running] = {}
        self._done: Counter[Outcome] = Counter()
        self._total = 0
        self._columns = _columns(stream)
        self._region = TerminalRegion(stream, self.rows, env)

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

    def _paint(self, text: str, tone: Style) -> str:
        text = wrap_words(text, self._columns)
        return paint_text(text, tone) if self._colour else text

    def _put(self, text: str) -> None:
        """Above the live region, where there is one."""
        if not self._region.put(text):
            super()._put(text)


# A rollout while it goes on, for terminals: what is so now, live, below the lines so far.

_BAR, _PLAIN_BAR = "█░", "#-"


class LiveRollout(PlainRollout):
    """Like PlainRollout, with colour and a live region: stage, traffic, requests, the judge.

    To be used with `with`, so that the terminal is given back however the rollout ends. env:
    where NO_COLOR and TERM are looked up. monotonic: the clock for the elapsed time.
    """

    def __init__(
        self,
        stream: TextIO,
        release: str = "",
        *,
        env: Mapping[str, str] = os.environ,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(stream, release)
        self._monotonic = monotonic
        self._began = monotonic()
        self._bar = _BAR if can_write(stream, _BAR) else _PLAIN_BAR
        self._colour = not env.get("NO_COLOR")
        self._region = TerminalRegion(stream, self.rows, env)

    def __enter__(self) -> Self:
        self._region.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the live region and give the cursor back; harmless when there is none."""
        self._region.close()

    def rows(self) -> list[str]:
        """What the live region shows now."""
        # Without the lock: whoever writes a line holds it and waits for the region.
        if not self._view.stage:
            return []
        first, *others = self._view.rows(self._bar)
        return [f"{first}  {self._monotonic() - self._began:.0f} s", *others]

    def _paint(self, text: str, tone: Style) -> str:
        return paint_text(text, tone) if self._colour else text

    def _put(self, text: str) -> None:
        """Above the live region, where there is one."""
        if not self._region.put(text):
            super()._put(text)
