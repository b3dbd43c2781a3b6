"""A rollout while it goes on, for terminals: what is so now, live, below the lines so far."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from shipway.outputs.region import Region, paint
from shipway.outputs.rollout_plain import PlainRollout
from shipway.outputs.writing import can_write

if TYPE_CHECKING:
    from typing import Self

    from shipway.outputs.summary import Tone

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
        self._region = Region(stream, self.rows, env)

    def __enter__(self) -> Self:
        self._region.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
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

    def _paint(self, text: str, tone: Tone) -> str:
        return paint(text, tone) if self._colour else text

    def _put(self, text: str) -> None:
        """Above the live region, where there is one."""
        if not self._region.put(text):
            super()._put(text)
