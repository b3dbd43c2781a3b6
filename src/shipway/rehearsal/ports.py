"""What a rehearsal is played on, and what is played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from shipway.config.schema import Config
from shipway.ports import Clock
from shipway.rehearsal.faults import Fault
from shipway.rehearsal.load import LoadPlan, LoadResponse
from shipway.releases.release import Release
from shipway.rollouts.events import RolloutListener
from shipway.rollouts.report import RolloutReport


class KillableProcess(Protocol):
    """A process that has a number."""

    @property
    def pid(self) -> int: ...


class RunningInstance(KillableProcess, Protocol):
    """An instance."""

    @property
    def digest(self) -> str: ...


class RehearsalPlatform(Protocol):
    """The part of a platform that a rehearsal needs."""

    @property
    def address(self) -> str: ...
    @property
    def running(self) -> Sequence[RunningInstance]: ...
    @property
    def proxy(self) -> KillableProcess: ...
    def deploy(self, release: Release, listener: RolloutListener) -> RolloutReport: ...
    def rollback(self, name: str, listener: RolloutListener) -> RolloutReport: ...
    def down(self) -> int: ...


class LoadRunner(Protocol):
    """A load that goes on."""

    def sent(self) -> Sequence[LoadResponse]: ...
    def stop(self) -> Sequence[LoadResponse]: ...
    def kill(self) -> None: ...


class SeparateDeploy(Protocol):
    """A deploy in a process of its own, which can be killed."""

    def kill(self) -> bool:
        """SIGKILL; whether it still ran."""
        ...

    def wait(self) -> RolloutReport | None:
        """Its receipt; None when it was killed before. Raises what it raised."""
        ...


@dataclass(frozen=True)
class RehearsalSetup:
    """What a rehearsal is played on.

    platform: of a configuration. load: started. apart: a deploy in a process of its own.
    kill: a process group, by SIGKILL. trip: lets the candidate crash.
    """

    platform: Callable[[Config], RehearsalPlatform]
    load: Callable[[LoadPlan], LoadRunner]
    apart: Callable[[Config, Release], SeparateDeploy]
    kill: Callable[[int], None]
    trip: Callable[[], None]
    clock: Clock


@dataclass(frozen=True)
class RehearsalPlan:
    """What is played. seconds: of load before, between and after the two ways."""

    config: Config
    release: Release
    candidate: Release
    fault: Fault | None
    fault_words: str
    plan: LoadPlan
    seconds: float
