"""What a rollout on ECS needs of the parts that make, look at and run task definitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import random
from typing import Any, Protocol

from shipway.core.config import Environment
from shipway.core.naming import Names
from shipway.core.ports import Clients, Clock
from shipway.core.release import Release


class Obstacle(Protocol):
    """What would make a rollout fail, and what to do about it."""

    @property
    def message(self) -> str: ...
    @property
    def remedy(self) -> str: ...


class Outcome(Protocol):
    """How a one-off task ended. code: None where it never ran. remedy: "" where none is known."""

    @property
    def code(self) -> int | None: ...
    @property
    def reason(self) -> str: ...
    @property
    def remedy(self) -> str: ...


class RunTask(Protocol):
    """Runs a command once, with a task definition, in a service's network."""

    def __call__(
        self, clients: Clients, clock: Clock, service: Mapping[str, Any],
        task_definition_arn: str, container: str, command: Sequence[str],
        on_line: Callable[[str], None],
    ) -> Outcome: ...  # fmt: skip


@dataclass(frozen=True)
class Tools:
    """render: the input of RegisterTaskDefinition, over the running one or none. preflight: what
    stands in the way of it. run_task: for migrations. random: from 0 to 1, to spread questions.
    """

    render: Callable[[Environment, Names, Release, Mapping[str, Any] | None], dict[str, Any]]
    preflight: Callable[
        [Clients, Environment, Names, Release, Mapping[str, Any]], Sequence[Obstacle]
    ]
    run_task: RunTask
    random: Callable[[], float] = random
