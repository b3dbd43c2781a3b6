"""Begins a deployment: the task definition, the migration, the one call; and finds it again."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shipway.core.errors import CannotRun, ShipwayError
from shipway.core.ports import Clients, Clock
from shipway.effects.aws_errors import in_words
from shipway.platforms.ecs.calls import Lost
from shipway.platforms.ecs.parts import Parts
from shipway.platforms.ecs.service import Service
from shipway.platforms.ecs.tools import Tools

APPEARS = 120.0  # seconds until a deployment that was asked for has to be there
LOOK = 2.0  # seconds between looks for it
_RECENT = 20  # deployments looked at (M: the most of one question)


_SHOWN = 20  # of its last lines that the receipt keeps


class MigrationFailed(CannotRun):
    """It ended badly, before any traffic moved. log: its last lines."""

    def __init__(self, message: str, remedy: str, log: tuple[str, ...] = ()) -> None:
        super().__init__(message, remedy)
        self.log = log


def migrate(
    parts: Parts, tools: Tools, clients: Clients, definition: str, command: str,
    show: Callable[[str], None],
) -> None:  # fmt: skip
    """Run a command of the new revision before it serves; its lines go to `show`.

    Raises MigrationFailed.
    """
    place, lines = parts.service.place, deque[str](maxlen=_SHOWN)

    def shown(line: str) -> None:
        lines.append(line)
        show(line)

    try:
        with in_words():
            ended = tools.run_task(
                clients, parts.clock, parts.service.describe(), definition, place.container,
                shlex.split(command), shown,
            )  # fmt: skip
    except ShipwayError as problem:
        raise MigrationFailed(f"`{command}` did not run: {problem.message}", problem.remedy) from (
            None
        )
    if ended.code == 0:
        return
    how = "did not run" if ended.code is None else "failed"
    raise MigrationFailed(
        f"`{command}` {how}" + (f": {ended.reason}" if ended.reason else ""),
        f"Nothing was moved. {ended.remedy or 'Correct it, and deploy again.'}", tuple(lines),
    )  # fmt: skip


def find(
    service: Service, clock: Clock, task_definition: str, known: Sequence[str],
    patience: float = APPEARS,
) -> str:  # fmt: skip
    """The deployment of a task definition that is none of the `known` ones: the one that this
    command (or the one that was killed) has started. Raises Lost where there is none.

    UpdateService does not say which it is (M: currentServiceDeployment may be the one before).
    """
    end = clock.monotonic() + patience
    while True:
        fresh = [arn for arn in service.known() if arn not in known][:_RECENT]
        found = service.deployments(fresh)
        revisions = service.revisions([one.target for one in found if one.target])
        for one in found:
            revision: Mapping[str, Any] = revisions.get(one.target, {})
            if revision.get("taskDefinition") == task_definition:
                return one.arn
        if clock.monotonic() >= end:
            raise Lost(
                f"ECS shows no deployment of {task_definition.rsplit('/', 1)[-1]}",
                "Look at the service's deployments in the ECS console.",
            )
        clock.sleep(LOOK)
