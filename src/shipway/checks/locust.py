"""Locust: load on the critical endpoints."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import Linter, crashed
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.errors import CannotRun
from shipway.core.gate import Bound, Gate, Measure
from shipway.core.step import ALL_CORES

DAY = 24 * 3600.0
_PERCENTILES = {"p50": "50%", "p95": "95%", "p99": "99%"}


@dataclass(frozen=True)
class Locust(Linter):
    """Load on the application as it is served, judged by endpoint.

    Read from Locust's `--csv` statistics (docs.locust.io, "Retrieve test statistics in CSV").
    """

    def inputs(self, config: Config) -> tuple[str, ...]:
        """Everything but tests and prose: anything else may make it slower."""
        return ("**", "!*.md", "!docs/**", "!tests/**")

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

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """All users at once, no web page; failed requests are for the gates to judge."""
        performance = config.performance
        return (
            "--headless", "--only-summary", "--locustfile", performance.locustfile,
            "--host", site.url, "--users", str(performance.users),
            "--spawn-rate", str(performance.users), "--run-time", f"{performance.seconds:g}s",
            "--csv", f"{site.out}/load", "--exit-code-on-error", "0", "--stop-timeout", "5",
        )  # fmt: skip

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """Percentiles, requests a second and errors of each endpoint."""
        text = output.reports.get("load_stats.csv", b"").decode("utf-8", "replace")
        rows = {row["Name"]: row for row in csv.DictReader(io.StringIO(text)) if row.get("Name")}
        if output.code or not rows:
            raise crashed(output, "locust")
        measures: list[Measure] = []
        for name in config.gates.endpoints:
            row = rows.get(name)
            if row is None or not int(row["Request Count"]):
                raise CannotRun(
                    f"the load test made no request named {name!r}",
                    f"Name it so in {config.performance.locustfile}, or correct gates.endpoints.",
                )
            measures += _measures(name, row)
        return Reading(measures=tuple(measures))


def _measures(name: str, row: dict[str, str]) -> list[Measure]:
    count = int(row["Request Count"])
    return [
        *(Measure(key, float(row[column]), "ms", name) for key, column in _PERCENTILES.items()),
        Measure("error-rate", 100 * int(row["Failure Count"]) / count, "%", name),
        Measure("requests", count, "", name),
        Measure("rps", float(row["Requests/s"]), "/s", name),
    ]


PERFORMANCE = Locust(
    "performance", "load on the critical endpoints, by Locust", tools.LOCUST, stage="test",
    needs=("install", "unit"), expected=18.0, cores=ALL_CORES, max_age=DAY, served=True,
    reports=("load_stats.csv",),
)  # fmt: skip
