"""A check: a step's adapter for one tool. It builds a command and reads what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from shipway.config.schema import Config
from shipway.findings.finding import Finding
from shipway.findings.secret_place import SecretPlace
from shipway.pipeline.gates import Gate, Measure
from shipway.pipeline.result import TestTally

END_RECORD = "end.txt"  # the report of a test runner that says how it ended


class ToolSource(StrEnum):
    """Where a tool lives."""

    ISOLATED = "isolated"  # a package of PyPI in an environment of its own, by `uv tool run`
    APPLICATION = "application"  # the application's own environment: its Python
    SYSTEM = "system"  # a program on PATH, which Shipway cannot install
    OWN = "own"  # a module of Shipway, run by Shipway's own Python


@dataclass(frozen=True)
class Tool:
    """Where a check's program comes from.

    program: the command (for OWN: the module). package, version: of PyPI, exact, when it is
    isolated. extras: further requirements, pinned, for the tool's environment. env: variables
    that are always set for it. how: for a system program, how to get it.
    """

    program: str
    package: str = ""
    version: str = ""
    extras: tuple[str, ...] = ()
    home: ToolSource = ToolSource.ISOLATED
    env: tuple[tuple[str, str], ...] = ()
    how: str = ""


@dataclass(frozen=True)
class CheckContext:
    """Where a check works: all a check may know of this machine.

    root: the application's root. out: an empty folder for its reports. python: the
    interpreter of the application's environment ("" before it exists). url: where the
    application is being served, for checks with `served`. upstream: the report folders of those
    steps it needs that passed, by name. advisories: a folder of advisories in OSV format,
    for machines without network; "" when none was given. key: what a test runner's end record is
    sealed with; "" where it is asked for none. only: names of the tests to run, as results have
    them; none: all.
    """

    root: str
    out: str
    python: str = ""
    url: str = ""
    upstream: Mapping[str, str] = field(default_factory=dict)
    advisories: str = ""
    key: str = ""
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class ToolOutput:
    """What the tool left behind: exit code, its two streams, and its report files by name."""

    code: int
    stdout: str
    stderr: str
    reports: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What a check understood. `failed` is a sentence where the tool itself says no.

    partial: what its figures were measured without, where more could only raise them; a limit
    that they do not reach is then neither kept nor broken. secrets: where the secrets stand that
    it found. warnings: what a reader has to know of the result, however it ends. retry: the tests
    that failed and may be flaky.
    """

    findings: tuple[Finding, ...] = ()
    measures: tuple[Measure, ...] = ()
    tests: TestTally | None = None
    worst: tuple[str, ...] = ()
    failed: str = ""
    remedy: str = ""
    partial: str = ""
    secrets: tuple[SecretPlace, ...] = ()
    warnings: tuple[str, ...] = ()
    retry: tuple[str, ...] = ()


class Check(Protocol):
    """One tool. A new one is one file in shipway/checks and one line in its registry.

    name, stage, summary: for people. needs: steps that must have ended; it runs without what
    is unavailable of them, but for the environment, and not after a failure. expected: typical
    seconds. cores: step.ALL_CORES to run alone. max_age: seconds a stored outcome holds.
    served: whether the application must be running while the check does. serviced: whether the
    services of `[services]` must.
    reports: names of the files it writes below CheckContext.out that are worth keeping.
    """

    @property
    def name(self) -> str: ...
    @property
    def stage(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def tool(self) -> Tool: ...
    @property
    def needs(self) -> tuple[str, ...]: ...
    @property
    def expected(self) -> float: ...
    @property
    def cores(self) -> int: ...
    @property
    def max_age(self) -> float | None: ...
    @property
    def served(self) -> bool: ...
    @property
    def serviced(self) -> bool: ...
    @property
    def reports(self) -> tuple[str, ...]: ...

    @property
    def kept(self) -> str:
        """The name of a folder below the state in which it keeps something between runs; "" for
        none."""
        ...

    @property
    def default(self) -> bool:
        """Whether it runs where the configuration does not name it: of several tools for one
        job, the best one."""
        ...

    def applies(self, config: Config) -> bool:
        """Whether it makes sense for this application."""
        ...

    def tool_for(self, context: CheckContext) -> Tool:
        """`tool`, or another home of it that this repository needs."""
        ...

    def inputs(self, config: Config) -> tuple[str, ...]:
        """Patterns of the files that its outcome depends on."""
        ...

    def gates(self, config: Config) -> tuple[Gate, ...]:
        """The limits that its measures must keep."""
        ...

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """The tool's arguments, without the program itself."""
        ...

    def settings(self, config: Config, context: CheckContext) -> str:
        """Which settings of the repository's own the tool works by, in one line; "" where that
        says nothing."""
        ...

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """Understand what the tool left; raises CannotRun when that is not to be trusted."""
        ...

    def retried(
        self,
        first: CheckResult,
        again: ToolOutput,
        config: Config,
        context: CheckContext,
        today: date,
    ) -> CheckResult:
        """The result, once the tests in `first.retry` were run again; only asked where there are
        some. again, context: of that."""
        ...

    def fix(self, config: Config, context: CheckContext) -> tuple[str, ...] | None:
        """Arguments that repair what can safely be repaired; None when nothing can."""
        ...
