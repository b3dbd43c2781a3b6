"""A deploying process that is killed (SIGKILL) at one of its writings of the state.

`python -m tests.e2e.dying ORDER`, which `Ordeal` writes: it ends with 0 where it got to the end.
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
from shipway.system.record import SqliteRecord


@dataclass(frozen=True)
class Death:
    """When. nth: the writing, from 0, of those during an action or a stage (empty: of all).
    before: what was to be written is lost; otherwise it is the last that was written."""

    nth: int
    during: str = ""
    before: bool = False


class Dying(SqliteRecord):
    """A record whose process dies."""

    def __init__(self, path: str, death: Death) -> None:
        super().__init__(path)
        self._death = death
        self._left = death.nth

    def put_state(self, environment: str, state: Mapping[str, object]) -> None:
        """Write it; or end."""
        unfinished = state.get("unfinished")
        execution = unfinished.execution if isinstance(unfinished, UnfinishedRollout) else None
        now = (execution.state.stage, execution.state.last.do) if execution else ()
        if not self._death.during or self._death.during in now:
            self._left -= 1
        if self._left < 0 and self._death.before:
            os.kill(os.getpid(), signal.SIGKILL)
        super().put_state(environment, state)
        if self._left < 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Roll out, as far as it goes."""
    order = json.loads(sys.argv[1])
    site = Site(Path(order["folder"]), order["port"])
    site.set(**order["settings"])
    site.record.close()
    site.record = Dying(str(site.folder / "record.sqlite3"), Death(**order["death"]))
    release = Release(**{**order["release"], "migrations": ()})
    site.platform().deploy(release, NullListener())


if __name__ == "__main__":
    main()
