"""Coverage of all tests together."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import Linter, crashed
from shipway.checks.inside import HERE
from shipway.checks.pytest import TESTS
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.gate import Bound, Gate, Measure


@dataclass(frozen=True)
class Coverage(Linter):
    """coverage.py's JSON report over the data of all tests; the XML is for other programs."""

    def applies(self, config: Config) -> bool:
        """Where tests of any kind run."""
        tested = any(kind.applies(config) and config.checks.get(kind.name, True) for kind in TESTS)
        return tested and bool(config.application.packages or config.application.serve)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """The measured files and its settings; the data come from the steps that it needs."""
        packages = [f"{package}/**" for package in config.application.packages] or ["*.py"]
        return (*packages, ".coveragerc", "pyproject.toml", "setup.cfg", "tox.ini")

    def gates(self, config: Config) -> tuple[Gate, ...]:
        """The least coverage."""
        return (Gate("coverage", Bound.AT_LEAST, config.gates.coverage),)

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """The small program beside this file, with the data of every kind of tests."""
        names = {kind.name for kind in TESTS}
        data = [
            f"{folder}/coverage.data"
            for name, folder in sorted(site.upstream.items())
            if name in names
        ]
        return (f"{HERE}/combine_coverage.py", site.out, *data)

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """The total, and each file's share; the worst files are named."""
        try:
            report = json.loads(output.reports["coverage.json"])
            total = Measure("coverage", float(report["totals"]["percent_covered"]), "%")
            files = [
                Measure("coverage", float(file["summary"]["percent_covered"]), "%", path)
                for path, file in report["files"].items()
                if file["summary"]["num_statements"]
            ]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise crashed(output, "coverage") from None
        if output.code or not files:
            raise crashed(output, "coverage")
        worst = sorted(files, key=lambda one: one.value)[:3]
        places = tuple(f"{one.subject} {one.value:.0f} %" for one in worst)
        return Reading(measures=(total, *files), worst=places)


COVERAGE = Coverage(
    "coverage", "coverage of all tests together", tools.APPLICATION_PYTHON,
    stage="test", needs=("install", *(kind.name for kind in TESTS)), expected=1.5,
    reports=("coverage.json", "coverage.xml"),
)  # fmt: skip
