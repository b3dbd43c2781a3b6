"""The lines that instances write from now on."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterator, Sequence

from shipway.core.ports import Clock
from shipway.platforms.local.instances import Instance, Instances

POLL = 0.5  # seconds between two looks


class _File:
    """One log, read on from some place. A line is shown when it is whole."""

    def __init__(self, path: str, at: int) -> None:
        self._path = path
        self._at = at
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = ""

    def fresh(self) -> Iterator[str]:
        try:
            with open(self._path, "rb") as file:
                if os.fstat(file.fileno()).st_size < self._at:  # somebody has emptied it
                    self._at = 0
                file.seek(self._at)
                data = file.read()
        except OSError:
            return
        self._at += len(data)
        *whole, self._begun = (self._begun + self._decoder.decode(data)).split("\n")
        yield from whole


class Following:
    """Follows the logs of an environment's instances, those too that are started meanwhile."""

    def __init__(self, instances: Instances) -> None:
        self._redact = instances.redactor()
        self._files: dict[str, _File] = {}

    def skip(self, running: Sequence[Instance]) -> None:
        """What these have written up to now is not shown."""
        for one in running:
            size = os.path.getsize(one.log) if os.path.exists(one.log) else 0
            self._files[one.log] = _File(one.log, size)

    def follow(
        self, clock: Clock, running: Callable[[], Sequence[Instance]],
        show: Callable[[str, str], None], stopping: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        """Show (whose, line) as lines come, until `stopping`. running: who is there by now."""
        while True:
            for one in running():
                file = self._files.setdefault(one.log, _File(one.log, 0))
                for line in file.fresh():
                    show(f"{one.release} at {one.address}", self._redact(line))
            if stopping():
                return
            clock.sleep(POLL)
