"""What a step's work gets to work with."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from shipway.config.schema import Config
from shipway.errors import CannotRun
from shipway.pipeline.check import Check
from shipway.pipeline.release_source import ReleaseSource
from shipway.pipeline.result import StepResult
from shipway.pipeline.service_kinds import ProvidedService
from shipway.pipeline.step import BASE_ENV, Step
from shipway.ports import OnOutput, Processes, Sandbox


class BlobStore(Protocol):
    """Contents by digest."""

    def put(self, data: bytes) -> str: ...
    def get(self, name: str) -> bytes | None: ...


WARNING = "warning: "  # what such a line says is shown beside the step's outcome, too
Action = Callable[[Step, "StepContext", OnOutput], StepResult]
# Starts the services that tests need, and gives the variables that hand them over.
Serviced = Callable[
    ["StepContext", OnOutput, Mapping[str, str]], AbstractContextManager[ProvidedService]
]
Serve = Callable[["StepContext", OnOutput], AbstractContextManager[str]]


class SuiteRequest(Protocol):
    """What is asked of the runner of a suite of tests, and read of what it left."""

    def begin(self, step: Step, folder: str) -> str:
        """Write the request into the suite's folder; what is to be said of it, "" for nothing."""
        ...

    def joined(
        self, step: Step, folder: str, key: str, reports: Mapping[str, bytes]
    ) -> dict[str, bytes]:
        """The reports of the whole suite. key: what the runner seals its end record with."""
        ...


# Runs the suite once more, as it is asked to.
AgainReversed = Callable[[SuiteRequest], StepResult]


class TestSelection(SuiteRequest, Protocol):
    """Chooses the tests of a suite that a change can reach (checks/selected_tests.py)."""

    @property
    def partial(self) -> bool:
        """Whether only a part of each suite was asked for."""
        ...

    def only(self, step: Step) -> tuple[str, ...]:
        """The tests that alone are to run, as results name them; none: all of those chosen."""
        ...

    def ended(self, step: Step, result: StepResult, again: AgainReversed) -> StepResult:
        """Keep what the suite executed; the result, with what was chosen of it."""
        ...


def _no_services(
    context: StepContext, on_output: OnOutput, extra: Mapping[str, str]
) -> AbstractContextManager[ProvidedService]:
    raise CannotRun("nothing here starts services", "Leave [services] out.")


@dataclass(frozen=True, kw_only=True)
class StepContext:
    """Everything that performing a step takes.

    root: the application's folder. state: its .shipway folder. out: this run's folder, one
    folder a step below it. environment: the caller's variables. checks, actions: look one up by
    its name. serve: starts the application for a load test and gives its address. contention: how
    many times longer work takes here than it would alone. serviced: starts services. prepared:
    whether its database was migrated and seeded. secrets: values to blot out. stopping: whether the
    run was cancelled.
    upstream: results of the steps that ended, by name. advisories: a folder of them, "" for none.
    baseline: fingerprints of findings that do not count. source: what the run began with; None
    where there is no release. now: seconds since the epoch. texts: where logs and reports of tools
    go; they are redacted before they are kept. hidden: folders that the code under test does not
    see. memory: bytes that this machine has; 0 where nobody asked. tests: what chooses the tests of
    a suite; None where all run.
    """

    root: str
    state: str
    out: str
    config: Config
    processes: Processes
    blobs: BlobStore
    environment: Mapping[str, str]
    checks: Callable[[str], Check]
    actions: Callable[[str], Action]
    serve: Serve
    uv: str
    commit: str = ""
    secrets: tuple[str, ...] = ()
    stopping: Callable[[], bool] = lambda: False
    upstream: Mapping[str, StepResult] = field(default_factory=dict)
    advisories: str = ""
    baseline: Sequence[str] = ()
    source: ReleaseSource | None = None
    now: Callable[[], float] = time.time
    serviced: Serviced = _no_services
    prepared: bool = False
    texts: BlobStore | None = None
    contention: Callable[[], float] = lambda: 1.0
    hidden: tuple[str, ...] = ()
    memory: int = 0
    tests: TestSelection | None = None

    def env(self, step: Step | None = None) -> dict[str, str]:
        """What a program may see: the base and what the step declares."""
        names = (*BASE_ENV, *(step.env if step else ()))
        return {name: self.environment[name] for name in names if name in self.environment}

    def sandbox(
        self,
        *writable: str,
        network: bool = True,
        fingerprints: bool = False,
        application: bool = False,
    ) -> Sandbox:
        """What holds a program that is, or runs, the code under test.

        writable: folders of the state that it writes to. fingerprints: whether it makes those of
        secrets, and needs the user's key for them. application: whether it runs in the
        application's environment. Some packages write to that, and to the folders above it: they
        may, and it is gone afterwards.
        """
        limits = self.config.limits
        home = self.environment.get("HOME") or os.path.expanduser("~")
        own = () if fingerprints else (os.path.join(home, ".config", "shipway"),)
        return Sandbox(
            read_only=() if application else (self.state,),
            writable=writable,
            scratch=(self.state,) if application else (),
            unless_scratch=self._environments() if application else (),
            hidden=(*self.hidden, *own),
            network=network,
            memory=int(limits.memory_gb * 2**30) or self.memory * 9 // 10,
            processes=limits.processes,
            output=int(limits.output_mb * 2**20),
        )

    def _environments(self) -> tuple[str, ...]:
        """That of the application, where it is below the state."""
        environment = os.path.dirname(os.path.dirname(self.python()))
        return (environment,) if environment.startswith(os.path.join(self.state, "")) else ()

    def folder(self, step: str) -> str:
        """A step's report folder."""
        return os.path.join(self.out, step)

    def python(self) -> str:
        """The interpreter of the application's environment; "" before it exists."""
        installed = self.upstream.get("install")
        return str(installed.facts.get("python", "")) if installed else ""

    def store(self, text: str) -> str:
        """Keep a log; its name, "" for an empty one."""
        return self.tool_texts.put(text.encode("utf-8", "replace")) if text else ""

    @property
    def tool_texts(self) -> BlobStore:
        """Where logs and reports of tools go, and are found again."""
        return self.texts or self.blobs
