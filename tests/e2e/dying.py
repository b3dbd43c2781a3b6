"""A deploying process that gets a signal at one of its writings of the state.

`python -m tests.e2e.dying ORDER`, which `Ordeal` writes: it ends with 0 where it came to the end
without one.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.local_site import Site

from shipway.releases.release import Release
from shipway.rollouts.events import NullListener
from shipway.rollouts.local.state import UnfinishedRollout
from shipway.system.interruption import interruptions
from shipway.system.record import SqliteRecord

GOT_A_SIGNAL = 3  # how it ends where it did, and came to an end


@dataclass(frozen=True)
class Death:
    """When. nth: the writing, from 0, of those during an action or a stage (empty: of all).
    before: what was to be written is lost; otherwise it is the last that was written. number:
    of the signal; by SIGKILL it dies."""

    nth: int
    during: str = ""
    before: bool = False
    number: int = signal.SIGKILL


class Dying(SqliteRecord):
    """A record whose process dies."""

    def __init__(self, path: str, death: Death) -> None:
        super().__init__(path)
        self._death = death
        self._left = death.nth
        self.sent = False

    def put_state(self, environment: str, state: Mapping[str, object]) -> None:
        """Write it; or end."""
        unfinished = state.get("unfinished")
        execution = unfinished.execution if isinstance(unfinished, UnfinishedRollout) else None
        now = (execution.state.stage, execution.state.last.do) if execution else ()
        if not self._death.during or self._death.during in now:
            self._left -= 1
        if self._left < 0 and self._death.before:
            self._send()
        super().put_state(environment, state)
        if self._left < 0:
            self._send()

    def _send(self) -> None:
        if not self.sent:
            self.sent = True
            os.kill(os.getpid(), self._death.number)


def main() -> None:
    """Roll out, as far as it goes."""
    order = json.loads(sys.argv[1])
    site = Site(Path(order["folder"]), order["port"])
    site.set(**order["settings"])
    site.record.close()
    site.record = record = Dying(str(site.folder / "record.sqlite3"), Death(**order["death"]))
    release = Release(**{**order["release"], "migrations": ()})
    with interruptions():
        try:
            site.platform().deploy(release, NullListener())
        except KeyboardInterrupt:
            sys.exit(130)
    sys.exit(GOT_A_SIGNAL if record.sent else 0)


if __name__ == "__main__":
    main()
