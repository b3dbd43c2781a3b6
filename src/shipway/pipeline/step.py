"""A step: one unit of work, declared as plain data.

A step is data and nothing else, so that its definition can be hashed, stored and shown. What a
kind of work means is known by the runner's performers (pipeline/execution.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import TypedDict

from shipway.pipeline.dependency import Role

STAGES = ("quality", "security", "test", "build", "publish", "deploy", "verify")
PROVING_STAGES = STAGES[: STAGES.index("publish")]  # what a release needs to be proved
ALL_CORES = 0
# What every program gets of the caller's environment; all else must be declared.
BASE_ENV = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TERM",
    "SSL_CERT_FILE",
    "UV_CACHE_DIR",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "PIP_INDEX_URL",
)
SUITES = ("unit", "integration", "browser")  # the steps that run tests


@dataclass(frozen=True)
class PartOfSuite:
    """What somebody asks for of a suite. words: further arguments of pytest. last_failed: whether
    only the tests run that failed last."""

    words: tuple[str, ...] = ()
    last_failed: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """How `run` is asked for it; empty for all of the suite."""
        words = ("--", *self.words) if self.words else ()
        return (*(("--last-failed",) if self.last_failed else ()), *words)


ALL_OF_SUITE = PartOfSuite()


class StepKind(StrEnum):
    """What a step's work is."""

    COMMAND = "command"  # the team's own: run argv, the exit code decides
    CHECK = "check"  # a tool's adapter from shipway.checks.registry
    ACTION = "action"  # a verb of Shipway itself: install, package, deploy, smoke


class StepWork(TypedDict, total=False):
    """What a step does, by its kind; all of it is in the step's identity.

    A command has argv. A check has its name, its gates (measure, bound, limit, subject), and
    settings, tests and load: what its outcome depends on. An action has its name; on_request:
    whether it runs only where somebody names it; and what it works on. network, sandbox: only
    where they are False (StepContext.sandbox). shared: only where it is True (OwnStep).
    """

    argv: list[str]
    check: str
    gates: list[tuple[str, str, float, str]]
    settings: list[object]
    tests: list[object]
    load: list[object]
    action: str
    on_request: bool
    environment: str
    application: str
    version: str
    files: tuple[str, ...]
    stages: list[str]
    generator: str
    base: str
    loosened: list[str]
    own_rules: str
    absent: str
    network: bool
    sandbox: bool
    shared: bool


@dataclass(slots=True, kw_only=True)
class Step:
    """One unit of work. Not to be changed once it is made: `replace` makes another.

    needs: names of steps that must have ended before; what becomes of this one then is in
    pipeline/dependency.py. role: what it needs them for. products: those of them whose product it
    takes, whatever its role.
    inputs: patterns (as in .gitignore) or literal paths, relative to the application's root.
    env: names of the environment variables that the step may see.
    timeout: seconds. retries: further tries after a failure. cores: ALL_CORES for all.
    max_age: seconds that a stored outcome holds; None for ever, 0 never stored.
    expected: seconds it takes where no duration is on record.
    branches: names of the git branches on which it runs; empty for all.
    tool: the identity of its tool, by resolved version.
    work: what to do, by kind.
    known_identity: the identity, where a compiled pipeline knows it already.
    """

    name: str
    stage: str
    kind: StepKind
    work: StepWork
    needs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    timeout: float = 600.0
    retries: int = 0
    cores: int = 1
    max_age: float | None = None
    expected: float = 1.0
    branches: tuple[str, ...] = ()
    role: Role = Role.CONSUMER
    products: tuple[str, ...] = ()
    tool: str = ""
    known_identity: str = field(default="", init=False)  # init=False: `replace` leaves it out

    @property
    def identity(self) -> str:
        """A digest of the step's own definition: what its cache key is made from."""
        if not self.known_identity:
            definition = json.dumps(
                [
                    self.name,
                    self.stage,
                    self.kind,
                    self.work,
                    self.needs,
                    self.inputs,
                    self.env,
                    self.timeout,
                    self.retries,
                    self.max_age,
                ],
                sort_keys=True,
                separators=(",", ":"),
            )
            self.known_identity = sha256(definition.encode()).hexdigest()[:32]
        return self.known_identity
