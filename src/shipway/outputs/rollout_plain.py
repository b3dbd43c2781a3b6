"""A rollout while it goes on, for CI, files and pipes: a line for what changes, no colour."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, TextIO

from shipway.outputs.clean import log_line
from shipway.outputs.rollout_view import RolloutView
from shipway.outputs.summary import Line, Tone
from shipway.outputs.writing import tell


class PlainRollout:
    """Writes a line when the stage or its action changes, and when the judge changes its mind.

    Samples have no line of their own: each line of a stage says what was counted until then.
    release: the new release's name, where it is known.
    """

    def __init__(self, stream: TextIO, release: str = "") -> None:
        self._stream = stream
        self._view = RolloutView(release)
        self._lock = threading.Lock()

    def staged(self, at: float, stage: str, text: str) -> None:
        """One line, with the time since the first."""
        with self._lock:
            self._show(self._view.staged(at, stage, text))

    def sampled(self, sample: Mapping[str, Any]) -> None:
        """Counted for the next line."""
        with self._lock:
            self._view.sampled(sample)

    def judged(self, evidence: Mapping[str, Any]) -> None:
        """One line."""
        with self._lock:
            self._show(self._view.judged(evidence))

    def said(self, line: str) -> None:
        """The line, set in as far as the others' words."""
        with self._lock:
            self._show(Line(f"{'':<11}{log_line(line)}", Tone.QUIET))

    def close(self) -> None:
        """Nothing is held."""

    def _show(self, line: Line | None) -> None:
        if line is not None:
            self._put(self._paint(line.text, line.tone) + "\n")

    def _paint(self, text: str, tone: Tone) -> str:
        """The text as this console shows a tone: here, all alike."""
        return text

    def _put(self, text: str) -> None:
        tell(self._stream, text)
