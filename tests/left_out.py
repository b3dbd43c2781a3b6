"""A test whose part is missing is left out by name, counted, and run when the part has come.

A test says what it stands on, `@pytest.mark.needs("chromium")`; a fixture that finds out later
calls `leave_out`. A run ends with a table of what was left out, by part.
- `--left-out-to=FILE` keeps what was left out; `--only-from=FILE` runs exactly that, and fails
  where a part is still missing, unless `--allow-left-out PART=REASON` says why it has to be.
  (With "=": pytest takes a path that stands alone for one of the tests'.)
- A test that is skipped in any other way is named in the table: nothing is silently green.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Generator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

PROGRAMS = {
    "buildah": ("buildah",),
    "chromium": ("chromium",),
    "docker": ("docker", "dockerd"),
    "docker-registry": ("docker-registry",),
    "dpkg": ("dpkg",),
    "fish": ("fish",),
    "lexgrog": ("lexgrog",),
    "mandoc": ("mandoc",),
    "mariadb": ("mariadbd",),
    "memcached": ("memcached",),
    "mmdebstrap": ("mmdebstrap",),
    "postgresql": ("pg_ctlcluster",),
    "rabbitmq": ("rabbitmq-server",),
    "trivy": ("trivy",),
    "zsh": ("zsh",),
}
VARIABLES = {"AWS account": "SHIPWAY_REAL_AWS"}
PARTS = (*PROGRAMS, *VARIABLES, "IPv6", "older build", "sandbox", "small disk")
UNEXPLAINED = "unexplained"
_SIGN = "left out, it needs "


def leave_out(part: str, reason: str) -> NoReturn:
    """End this test as left out. part: of `PARTS`; reason: what is missing of it here."""
    if part not in PARTS:
        raise ValueError(f"{part!r} is not one of the parts: {', '.join(PARTS)}")
    pytest.skip(f"{_SIGN}{part}: {reason}")


def need(part: str) -> None:
    """Leave this test out where the part's programs are not installed, or its variable not set."""
    variable = VARIABLES.get(part, "")
    if variable and not os.environ.get(variable):
        leave_out(part, f"{variable} is not set")
    if absent := [name for name in PROGRAMS.get(part, ()) if shutil.which(name) is None]:
        leave_out(part, f"not installed: {', '.join(absent)}")


def part_of(reason: str) -> str:
    """The part that a skipped test named; `UNEXPLAINED` where it named none."""
    rest = reason.partition(_SIGN)[2]
    return next((part for part in PARTS if rest.startswith(f"{part}: ")), UNEXPLAINED)


@dataclass(frozen=True)
class Earlier:
    """What a run kept: how many tests ran, how many of them failed, and what it left out."""

    ran: int = 0
    failed: int = 0
    left_out: dict[str, str] = field(default_factory=dict)

    def asks_for(self, test: str) -> bool:
        """It was left out; a whole module, too, is left out by its name."""
        return test in self.left_out or test.partition("::")[0] in self.left_out


@dataclass
class Account:
    """What became of each test. earlier: of the run that this one completes."""

    allowed: dict[str, str] = field(default_factory=dict)
    earlier: Earlier | None = None
    outcomes: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def note(self, test: str, outcome: str, reason: str = "") -> None:
        """One phase of a test has ended. The worst outcome of its phases is the test's."""
        severity = ("passed", "skipped", "failed")
        before = self.outcomes.get(test, "passed")
        self.outcomes[test] = max(outcome, before, key=severity.index)
        self.reasons.setdefault(test, reason)
        if reason:
            self.reasons[test] = reason

    def left_out(self) -> dict[str, str]:
        """The tests that did not run, and why."""
        return {
            test: self.reasons[test]
            for test, outcome in self.outcomes.items()
            if outcome == "skipped"
        }

    def missing(self) -> dict[str, str]:
        """The tests that did not run and are not allowed to be left out."""
        known = {*self.outcomes, *(test.partition("::")[0] for test in self.outcomes)}
        asked = self.earlier.left_out if self.earlier else {}
        gone = {test: "there is no such test" for test in asked if test not in known}
        return gone | {
            test: reason
            for test, reason in self.left_out().items()
            if part_of(reason) not in self.allowed
        }

    def result(self) -> Earlier:
        """For the run that completes this one."""
        outcomes = [outcome for outcome in self.outcomes.values() if outcome != "skipped"]
        return Earlier(len(outcomes), outcomes.count("failed"), self.left_out())

    def table(self) -> list[str]:
        """How many tests were left out, by part. What names no part is named by itself."""
        result = self.result()
        left_out = result.left_out
        heading = f"left out: {len(left_out):,} of {len(self.outcomes):,} tests"
        if self.earlier:
            total = self.earlier.ran + result.ran + len(left_out)
            heading = (
                f"{total:,} tests: {self.earlier.ran:,} ran before, {result.ran:,} now that "
                f"their parts have come, {len(left_out):,} left out"
            )
        parts = [part_of(reason) for reason in left_out.values()]
        counts = [
            f"  {part}: {parts.count(part)}"
            + (f" (allowed: {self.allowed[part]})" if part in self.allowed else "")
            for part in (*PARTS, UNEXPLAINED)
            if part in parts
        ]
        named = [
            f"  {test}: {reason}"
            for test, reason in self.missing().items()
            if self.earlier or part_of(reason) == UNEXPLAINED
        ]
        return [heading, *counts, *named]


class LeftOut:
    """pytest's side of the account, in the process that hears of every test."""

    def __init__(self, config: pytest.Config) -> None:
        allowed = (entry.partition("=") for entry in config.getoption("allow_left_out"))
        self.account = Account(
            {part: reason for part, _, reason in allowed}, _earlier(config.getoption("only_from"))
        )
        self.kept_in: Path | None = config.getoption("left_out_to")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        expected = hasattr(report, "wasxfail")  # it ran, and failed as its author expects
        self.account.note(report.nodeid, "passed" if expected else report.outcome, _reason(report))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.account.note(report.nodeid, "skipped", _reason(report))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        result = yield
        if self.account.missing() and self.account.earlier:
            session.testsfailed += 1
        if self.kept_in:
            self.kept_in.write_text(json.dumps(asdict(self.account.result()), indent=1))
        return result

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("left out")
        for line in self.account.table():
            terminalreporter.line(line)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("left out", "tests whose part is missing")
    group.addoption(
        "--left-out-to", type=Path, metavar="FILE", help="keep which tests were left out, and why"
    )
    group.addoption(
        "--only-from",
        type=Path,
        metavar="FILE",
        help="run exactly what was left out; fail where a part is still missing",
    )
    group.addoption(
        "--allow-left-out",
        action="append",
        default=[],
        metavar="PART=REASON",
        help="a part that this machine can never have",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"needs(*parts): left out without: {', '.join(PARTS)}")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(LeftOut(config), "left-out")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if earlier := _earlier(config.getoption("only_from")):
        config.hook.pytest_deselected(
            items=[item for item in items if not earlier.asks_for(item.nodeid)]
        )
        items[:] = [item for item in items if earlier.asks_for(item.nodeid)]


@pytest.hookimpl(tryfirst=True)  # before its fixtures
def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for part in marker.args:
            need(part)


def _earlier(path: Path | None) -> Earlier | None:
    return Earlier(**json.loads(path.read_text(encoding="utf-8"))) if path else None


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why it was skipped, as its author wrote it."""
    where = report.longrepr
    return where[2] if report.skipped and isinstance(where, tuple) else ""
