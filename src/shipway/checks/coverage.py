"""Coverage of all tests together."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import CheckDefaults, tool_crashed
from shipway.checks.pytest import TESTS
from shipway.checks.scripts import HERE
from shipway.config.schema import Config
from shipway.errors import CannotRun
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput
from shipway.pipeline.gates import Bound, Gate, Measure


@dataclass(frozen=True)
class Coverage(CheckDefaults):
    """coverage.py's JSON report over the data of all suites; the XML is for other programs.

    A suite that did not run takes nothing along but its own share: the figure is of the others,
    and says so. That share could only raise it, so the figure may keep the limit; whether it
    breaks it, nobody knows.
    """

    def applies(self, config: Config) -> bool:
        """Where tests of any kind run."""
        return bool(_suites(config) and (config.application.packages or config.application.serve))

    def inputs(self, config: Config) -> tuple[str, ...]:
        """The measured files and its settings; the data come from the steps that it needs."""
        packages = [f"{package}/**" for package in config.application.packages] or ["*.py"]
        return (*packages, ".coveragerc", "pyproject.toml", "setup.cfg", "tox.ini", "pytest.ini")

    def gates(self, config: Config) -> tuple[Gate, ...]:
        """The least coverage."""
        return (Gate("coverage", Bound.AT_LEAST, config.gates.coverage),)

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """The small program beside this file, with the data of every suite that ran."""
        suites = _suites(config)
        data = [
            f"{folder}/coverage.data"
            for name, folder in sorted(context.upstream.items())
            if name in suites
        ]
        if not data:
            raise CannotRun(
                f"no suite ran, so nothing is known of coverage: {', '.join(suites)}",
                "See why above; the coverage is that of the suites that run.",
                code="suite-not-run",
            )
        return (f"{HERE}/combine_coverage.py", context.out, *data)

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
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
            raise tool_crashed(output, "coverage") from None
        if output.code or not files:
            raise tool_crashed(output, "coverage")
        worst = sorted(files, key=lambda measure: measure.value)[:3]
        places = tuple(f"{measure.subject} {measure.value:.0f} %" for measure in worst)
        missing = [name for name in _suites(config) if name not in context.upstream]
        return CheckResult(measures=(total, *files), worst=places, partial=", ".join(missing))


def _suites(config: Config) -> list[str]:
    """The suites that an application has, and that are not switched off."""
    return [
        kind.name for kind in TESTS if kind.applies(config) and config.checks.get(kind.name, True)
    ]


COVERAGE = Coverage(
    name="coverage",
    summary="coverage of all tests together",
    tool=tools.APPLICATION_PYTHON,
    stage="test",
    needs=("install", *(kind.name for kind in TESTS)),
    expected=1.5,
    settings_in=(
        (".coveragerc", ""),
        ("setup.cfg", "[coverage:"),
        ("tox.ini", "[coverage:"),
        ("pyproject.toml", "[tool.coverage"),
    ),
    reports=("coverage.json", "coverage.xml"),
)
