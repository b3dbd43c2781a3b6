"""docs/checks.md and the registry say the same."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from shipway.checks.registry import CHECKS, enabled_checks
from shipway.config.schema import Application, Config, EndpointGate, Gates
from shipway.config.validation import validate
from shipway.findings.waivers import quarantined_tests
from shipway.pipeline.check import Check, ToolSource
from shipway.pipeline.gates import Bound

PAGE = (Path(__file__).parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.replace("`", "").strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("| `")
]
ROW = {
    row[0]: dict(zip(("name", "stage", "tool", "reads", "limits", "where"), row, strict=True))
    for row in ROWS
}
EVERYTHING = Config(
    application=Application(
        packages=("town",),
        unit_tests="tests/unit",
        integration_tests="tests/integration",
        browser_tests="tests/browser",
        lock="uv.lock",
        serve="serve",
        dockerfile="Dockerfile",
        workflows=".github/workflows",
        templates=("infrastructure/stack.yaml",),
    ),
    gates=Gates(endpoints={"ward page": EndpointGate()}),
)
by_name = pytest.mark.parametrize("check", CHECKS, ids=[check.name for check in CHECKS])


def test_every_check_has_a_row_in_the_order_of_the_registry() -> None:
    assert [row[0] for row in ROWS] == [check.name for check in CHECKS]


@by_name
def test_stage_tool_and_version_are_right(check: Check) -> None:
    row = ROW[check.name]
    tool = check.tool
    assert row["stage"] == check.stage
    if tool.package:
        assert row["tool"] == f"{tool.package} {tool.version}"
    elif tool.how:
        assert row["tool"].startswith("the system's own ")
    elif tool.home is ToolSource.OWN:
        assert row["tool"] == "Shipway's own"
    else:
        assert row["tool"].startswith("the application's own ")


@by_name
def test_its_limits_are_named_with_their_defaults(check: Check) -> None:
    limits = ROW[check.name]["limits"]
    for gate in check.gates(EVERYTHING):
        words = {
            "findings": "no finding",
            "coverage": f"gates.coverage ({gate.limit:g} %) or more",
            "p95": f"p95_ms ({gate.limit:g} ms)",
            "error-rate": f"error_rate ({gate.limit:g} %)",
        }[gate.measure]
        assert words in limits
        assert ("or more" in limits) == (gate.bound is Bound.AT_LEAST)
    assert bool(check.gates(EVERYTHING)) != (limits in ("no failed test", "gates.findings"))
    assert (check.stage == "security") == (limits == "gates.findings")


@by_name
def test_what_it_reads_is_said(check: Check) -> None:
    reads = ROW[check.name]["reads"]
    inputs = check.inputs(EVERYTHING)
    assert ("all files" in reads) == ("**" in inputs)
    assert ("Python files" in reads) == ("*.py" in inputs)
    assert ("notebooks" in reads) == ("*.ipynb" in inputs)
    assert ("lock file" in reads) == ("uv.lock" in inputs)


@by_name
def test_where_it_applies_is_said(check: Check) -> None:
    """What a row asks for is enough, and no part of it can be left out."""
    application = Application()
    gates = Gates()
    for words, given in {
        "Python code": {"packages": ("town",)},
        "package": {"packages": ("town",)},
        "lock file": {"lock": "uv.lock"},
        "unit tests": {"unit_tests": "tests/unit"},
        "integration tests": {"integration_tests": "tests/integration"},
        "browser tests": {"browser_tests": "tests/browser"},
        "tests that run": {"unit_tests": "tests/unit", "lock": "uv.lock"},
        "server": {"serve": "serve"},
        "Dockerfile": {"dockerfile": "Dockerfile"},
        "workflows": {"workflows": ".github/workflows"},
        "templates": {"templates": ("infrastructure/stack.yaml",)},
    }.items():
        if words in ROW[check.name]["where"]:
            assert check.name not in _enabled(application, gates)
            application = replace(application, **given)  # type: ignore[arg-type]
    if "endpoint" in ROW[check.name]["where"]:
        assert check.name not in _enabled(application, gates)
        gates = EVERYTHING.gates
    assert (check.name in _enabled(application, gates)) == check.default
    assert check.name in _enabled(application, gates, {check.name: True})


@by_name
def test_that_it_must_be_named_is_said(check: Check) -> None:
    assert (f"{check.name} = true" in ROW[check.name]["where"]) == (not check.default)


def test_the_settings_that_it_shows_are_valid() -> None:
    shown = [tomllib.loads(text) for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)]
    gates, flaky, checks = (validate(settings, "docs/checks.md") for settings in shown)
    assert gates.gates.endpoints
    assert flaky.gates.flaky == "fail" and quarantined_tests(flaky.waivers, date(2027, 1, 31))
    off = [name for name, on in checks.checks.items() if not on]
    assert off and not set(off) & _enabled(EVERYTHING.application, EVERYTHING.gates, checks.checks)


def _enabled(
    application: Application, gates: Gates, checks: dict[str, bool] | None = None
) -> set[str]:
    return {
        check.name
        for check in enabled_checks(
            Config(application=application, checks=checks or {}, gates=gates)
        )
    }
