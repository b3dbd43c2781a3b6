"""Takes back a rollout whose command was killed. Started by its supervisor, never typed.

`python -m shipway.cli.abandoned DIR ENV NUMBER`; see rollouts/local/supervisor.py.
"""

from __future__ import annotations

import sys
from contextlib import suppress

from shipway.cli.platforms import local_platform
from shipway.cli.project import open_project
from shipway.cli.rollout_notifier import notifying_rollout
from shipway.errors import Busy
from shipway.rollouts.events import LineListener
from shipway.system.interruption import interruptions


def take_back(directory: str, environment: str, number: int) -> None:
    """Roll back the rollout of this number, where nobody goes on with it."""
    project = open_project(directory)
    platform = local_platform(project, environment)
    if not platform.is_abandoned(number):
        return
    listener = LineListener(lambda line: print(line, flush=True))
    with (
        suppress(Busy),  # somebody goes on with it, and has a supervisor of their own
        notifying_rollout(project, environment, undo=True, begins=False) as news,
    ):
        report = platform.take_back(number, news.wrap(listener))
        if report is not None:
            news.finish(report)


if __name__ == "__main__":
    with interruptions():
        take_back(sys.argv[1], sys.argv[2], int(sys.argv[3]))
