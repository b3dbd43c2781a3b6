"""The part of a terminal that is drawn again and again, below the lines that stay.

Rich is imported when it opens: most commands are over before they need it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from shipway.outputs.summary import Tone

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

_CODES = {Tone.GOOD: "32", Tone.BAD: "31", Tone.UNSURE: "33", Tone.QUIET: "2"}


def paint(text: str, tone: Tone) -> str:
    """The text in its tone's colour."""
    code = _CODES.get(tone)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


class Region:
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
