"""What runs releases: this machine or AWS, behind the same commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NotRequired, Protocol, TypedDict

from shipway.releases.release import Release
from shipway.rollouts.events import RolloutListener
from shipway.rollouts.report import RolloutRecord, RolloutReport

NO_REMARKS: Mapping[str, str] = {}


class InstanceStatus(TypedDict):
    """A process or task. address: a task's id. health: "ok", or what is wrong with it."""

    release: str
    address: str
    pid: NotRequired[int]
    alive: bool
    health: str


class RolloutStatus(TypedDict):
    """A rollout in progress. weight: percent for its release. held: it waits for a person."""

    release: str
    stage: str
    weight: float
    held: bool


class PlatformStatus(TypedDict):
    """What runs in an environment. proxy: whether requests are answered at all.

    secrets: name → whether it has a value, where they are asked for. unrecorded: the pids of
    processes of this environment that the record does not know, because it was lost.
    """

    environment: str
    address: str
    release: str
    proxy: bool
    rollout: RolloutStatus | None
    instances: list[InstanceStatus]
    secrets: NotRequired[dict[str, bool]]
    unrecorded: NotRequired[list[int]]


class Platform(Protocol):
    """One environment. Every method may raise a ShipwayError that says what to do."""

    @property
    def name(self) -> str:
        """The environment's."""
        ...

    @property
    def address(self) -> str:
        """What people open."""
        ...

    @property
    def serves(self) -> Release | None:
        """The release that is there for everybody; None before the first."""
        ...

    @property
    def unfinished(self) -> object | None:
        """The rollout that is not finished, as the platform knows it; None where there is none."""
        ...

    def deploy(
        self,
        release: Release,
        listener: RolloutListener,
        stopping: Callable[[], bool] = lambda: False,
        remarks: Mapping[str, str] = NO_REMARKS,
    ) -> RolloutReport:
        """Roll out a release. remarks: kept with the rollout, by name."""
        ...

    def rollback(self, name: str, listener: RolloutListener) -> RolloutReport:
        """Go back to an earlier good release: the one named, or the last."""
        ...

    def resume(self, listener: RolloutListener) -> RolloutReport:
        """Go on with a rollout that is not finished."""
        ...

    def cancel(self, listener: RolloutListener) -> RolloutReport:
        """Undo a rollout that is not finished."""
        ...

    def down(self) -> int:
        """Stop everything; how many were stopped."""
        ...

    def status(self) -> PlatformStatus:
        """What runs."""
        ...

    def earlier(self, name: str) -> Release:
        """The release that `rollback` goes back to. Raises ConfigError where there is none."""
        ...

    def since(self, release: Release) -> list[Release]:
        """The releases that were rolled out after it was last."""
        ...

    def rollouts(self, say: Callable[[str], None]) -> Sequence[RolloutRecord]:
        """All that is known to have been rolled out here, newest first. say: told what cannot be
        known."""
        ...
