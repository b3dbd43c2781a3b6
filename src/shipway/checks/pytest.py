"""pytest, once for the unit tests and once for the integration tests."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, fromstring  # nosec B405 B314

from shipway.checks import tools
from shipway.checks.base import Linter, crashed
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.errors import CannotRun
from shipway.core.gate import Gate
from shipway.core.result import TestTally

NO_TESTS = 5  # pytest's exit code for "no tests collected"


@dataclass(frozen=True)
class Pytest(Linter):
    """Tests in the application's own environment, with JUnit XML and coverage data."""

    def inputs(self, config: Config) -> tuple[str, ...]:
        """Everything but what can only be prose: tests may read any file."""
        return ("**", "!*.md", "!docs/**")

    def gates(self, config: Config) -> tuple[Gate, ...]:
        """A failing test fails by itself."""
        return ()

    def folder(self, config: Config) -> str:
        """Where this half of the tests is."""
        application = config.application
        return application.unit_tests if self.name == "unit" else application.integration_tests

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """coverage runs pytest, so that its data land in the step's own folder."""
        sources = ",".join(config.application.packages) or "."
        return (
            "-m", "coverage", "run", "--branch", f"--source={sources}",
            f"--data-file={site.out}/coverage.data",
            "-m", "pytest", self.folder(config), f"--junitxml={site.out}/junit.xml",
            "-p", "no:cacheprovider",
        )  # fmt: skip

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: passed, 1: failures, 5: no tests; anything else: it did not run."""
        if output.code == NO_TESTS:
            raise CannotRun(
                f"there are no tests in {self.folder(config)}",
                f"Write one, or switch it off: [checks] {self.name} = false.",
            )
        try:
            suite = fromstring(output.reports.get("junit.xml", b""))  # our own file
        except ParseError:
            raise crashed(output, "pytest") from None
        if output.code not in (0, 1):
            raise crashed(output, "pytest")
        return _read(suite, output)


def _read(suite: Element, output: Output) -> Reading:
    cases = list(suite.iter("testcase"))
    broken = [case for case in cases if _child(case, "failure", "error") is not None]
    skipped = [case for case in cases if case.find("skipped") is not None]
    tally = TestTally(
        len(cases) - len(broken) - len(skipped), len(broken), len(skipped),
        tuple(f"{_name(case)}: {_message(case, 'skipped')}" for case in skipped),
    )  # fmt: skip
    if not tally.executed:
        raise CannotRun("every test was skipped", "See why above; nothing was tested.")
    if bool(broken) != bool(output.code):
        raise crashed(output, "pytest")
    first = "; ".join(f"{_name(c)}: {_message(c, 'failure', 'error')}" for c in broken[:3])
    failed = f"{len(broken)} of {tally.executed} tests failed: {first}" if broken else ""
    return Reading(tests=tally, failed=failed)


def _child(case: Element, *kinds: str) -> Element | None:
    return next((child for kind in kinds if (child := case.find(kind)) is not None), None)


def _name(case: Element) -> str:
    return f"{case.get('classname', '')}::{case.get('name', '')}".removeprefix("::")


def _message(case: Element, *kinds: str) -> str:
    child = _child(case, *kinds)
    lines = (child.get("message") or "").strip().splitlines() if child is not None else []
    return lines[0] if lines else "no reason given"


def _half(name: str, summary: str, expected: float) -> Pytest:
    return Pytest(
        name, summary, tools.APPLICATION_PYTHON, stage="test", needs=("install",),
        expected=expected, reports=("junit.xml", "coverage.data"),
    )  # fmt: skip


UNIT = _half("unit", "unit tests, by pytest", 20.0)
INTEGRATION = _half("integration", "integration tests, by pytest", 25.0)
