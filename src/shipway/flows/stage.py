"""What a rehearsal is played on, and what is played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from shipway.core.config import Config
from shipway.core.fault import Fault
from shipway.core.load import LoadPlan, Sent
from shipway.core.ports import Clock
from shipway.core.receipt import Receipt
from shipway.core.release import Release
from shipway.core.watching import RolloutListener


class Process(Protocol):
    """A process that has a number."""

    @property
    def pid(self) -> int: ...


class Running(Process, Protocol):
    """An instance."""

    @property
    def digest(self) -> str: ...


class Platform(Protocol):
    """The part of a platform that a rehearsal needs."""

    @property
    def address(self) -> str: ...
    @property
    def running(self) -> Sequence[Running]: ...
    @property
    def proxy(self) -> Process: ...
    def deploy(self, release: Release, listener: RolloutListener) -> Receipt: ...
    def rollback(self, name: str, listener: RolloutListener) -> Receipt: ...
    def down(self) -> int: ...


class Load(Protocol):
    """A load that goes on."""

    def sent(self) -> Sequence[Sent]: ...
    def stop(self) -> Sequence[Sent]: ...
    def kill(self) -> None: ...


class Apart(Protocol):
    """A deploy in a process of its own, which can be killed."""

    def kill(self) -> bool:
        """SIGKILL; whether it still ran."""
        ...

    def wait(self) -> Receipt | None:
        """Its receipt; None when it was killed before. Raises what it raised."""
        ...


@dataclass(frozen=True)
class Stage:
    """What a rehearsal is played on.

    platform: of a configuration. load: started. apart: a deploy in a process of its own.
    kill: a process group, by SIGKILL. trip: lets the candidate crash.
    """

    platform: Callable[[Config], Platform]
    load: Callable[[LoadPlan], Load]
    apart: Callable[[Config, Release], Apart]
    kill: Callable[[int], None]
    trip: Callable[[], None]
    clock: Clock


@dataclass(frozen=True)
class Script:
    """What is played. seconds: of load before, between and after the two ways."""

    config: Config
    release: Release
    candidate: Release
    fault: Fault | None
    fault_words: str
    plan: LoadPlan
    seconds: float
