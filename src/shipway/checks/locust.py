"""Locust: load on the critical endpoints."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import CheckDefaults, tool_crashed
from shipway.checks.pytest import TESTS
from shipway.checks.scripts import HERE
from shipway.config.schema import Config
from shipway.errors import CannotRun
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput
from shipway.pipeline.gates import Bound, Gate, Measure
from shipway.pipeline.step import ALL_CORES

DAY = 24 * 3600.0
_ALL = "Aggregated"
_PERCENTILES = {"p50": "50%", "p95": "95%", "p99": "99%"}


@dataclass(frozen=True)
class Locust(CheckDefaults):
    """Load on the application as it is served, judged by endpoint.

    Read from statistics in the form of Locust's `--csv` (docs.locust.io, "Retrieve test
    statistics in CSV"), which the small locustfile beside this file writes at the end.
    """

    def applies(self, config: Config) -> bool:
        """Where it can be served and somebody wants to know how fast."""
        enabled = bool(config.gates.endpoints) or self.name in config.checks
        return bool(config.application.serve and config.application.lock) and enabled

    def inputs(self, config: Config) -> tuple[str, ...]:
        """Everything but tests and the root's prose: anything else may make it slower."""
        tests = [kind.folder(config) for kind in TESTS]
        script = config.performance.locustfile
        beside = f"{os.path.dirname(script)}/**" if os.path.dirname(script) else script
        without = (f"!/{folder.rstrip('/')}/**" for folder in tests if folder)
        return ("**", "!/*.md", "!/docs/**", *without, beside)

    def gates(self, config: Config) -> tuple[Gate, ...]:
        """Limits for each endpoint that the configuration names."""
        return tuple(
            gate
            for name, limits in config.gates.endpoints.items()
            for gate in (
                Gate("p95", Bound.AT_MOST, limits.p95_ms, name),
                Gate("error-rate", Bound.AT_MOST, limits.error_rate, name),
            )
        )

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """All users at once, no web page; failed requests are for the gates to judge."""
        performance = config.performance
        scripts = f"{performance.locustfile},{HERE}/load_statistics.py"
        return (
            "--headless",
            "--only-summary",
            "--locustfile",
            scripts,
            "--host",
            context.url,
            "--users",
            str(performance.users),
            "--spawn-rate",
            str(performance.users),
            "--run-time",
            f"{performance.seconds:g}s",
            "--statistics",
            f"{context.out}/load.csv",
            "--exit-code-on-error",
            "0",
            "--stop-timeout",
            "5",
        )

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """Percentiles, requests a second and errors of each critical endpoint; of every one
        where none is named."""
        rows = _rows(output)
        if output.code or not rows:
            raise tool_crashed(output, "locust")
        measures: list[Measure] = []
        for name in config.gates.endpoints or rows:
            row = rows.get(name)
            if row is None or not row.requests:
                raise CannotRun(
                    f"the load test made no request named {name!r}",
                    f"Name it so in {config.performance.locustfile}, or correct gates.endpoints.",
                    code="no-tests",
                )
            measures += row.measures(name)
        return CheckResult(measures=tuple(measures))


@dataclass(frozen=True)
class _Row:
    """What Locust says of an endpoint; of its worst method where it has several."""

    requests: int
    failures: int
    rate: float
    percentiles: tuple[float, ...]

    def with_method(self, other: _Row) -> _Row:
        return _Row(
            self.requests + other.requests,
            self.failures + other.failures,
            self.rate + other.rate,
            tuple(map(max, zip(self.percentiles, other.percentiles, strict=True))),
        )

    def measures(self, name: str) -> list[Measure]:
        times = zip(_PERCENTILES, self.percentiles, strict=True)
        return [
            *(Measure(percentile, value, "ms", name) for percentile, value in times),
            Measure("error-rate", 100 * self.failures / self.requests, "%", name),
            Measure("requests", self.requests, "", name),
            Measure("rps", self.rate, "/s", name),
        ]


def _rows(output: ToolOutput) -> dict[str, _Row]:
    """The endpoints by name. Locust's last row sums up all and is left out."""
    text = output.reports.get("load.csv", b"").decode("utf-8", "replace")
    rows: dict[str, _Row] = {}
    try:
        for line in csv.DictReader(io.StringIO(text)):
            if line["Name"] == _ALL and not line["Type"]:
                continue
            row = _row(line)
            rows[line["Name"]] = (
                rows[line["Name"]].with_method(row) if line["Name"] in rows else row
            )
    except (ValueError, KeyError, TypeError, csv.Error):
        raise tool_crashed(output, "locust") from None
    return rows


def _row(line: dict[str, str]) -> _Row:
    requests = int(line["Request Count"])
    times = (line[column] if requests else "0" for column in _PERCENTILES.values())
    return _Row(
        requests,
        int(line["Failure Count"]),
        float(line["Requests/s"]),
        tuple(float(time) for time in times),
    )


PERFORMANCE = Locust(
    name="performance",
    summary="load on the critical endpoints, by Locust",
    tool=tools.LOCUST,
    stage="test",
    needs=("install", "unit"),
    expected=18.0,
    cores=ALL_CORES,
    max_age=DAY,
    served=True,
    reports=("load.csv",),
)
