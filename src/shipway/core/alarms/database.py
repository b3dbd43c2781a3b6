"""The database: how much of it is left."""

from __future__ import annotations

from shipway.core.alarms.place import DATABASE
from shipway.core.alarms.rule import Comparison, Group, Metric, Missing, Rule, Severity

_GIB = 1024**3
_MIB = 1024**2


def database(*, always_on: bool) -> tuple[Rule, ...]:
    """The rules. Their thresholds suit db.t4g.micro with 20 GiB."""
    rules = [
        _strain(
            "database-cpu", "The database has hardly any processor left: queries queue.",
            "%", _metric("CPUUtilization", "Average"), 90.0, datapoints=10, of=15,
        ),
        # PostgreSQL on RDS allows LEAST(memory in bytes / 9531392, 5000): about 110 for 1 GiB.
        _strain(
            "database-connections", "Soon nobody gets a connection to the database any more.",
            "connections", _metric("DatabaseConnections", "Maximum"), 80.0,
        ),
        _strain(
            "database-storage", "The disk is nearly full; a full one stops the database.",
            "GiB", _metric("FreeStorageSpace", "Minimum"), 2.0, Comparison.BELOW,
            expression=f"left/{_GIB}", period=300, datapoints=2, of=2,
        ),
        _strain(
            "database-memory", "The database has hardly any memory left: it swaps next.",
            "MiB", _metric("FreeableMemory", "Minimum"), 64.0, Comparison.BELOW,
            expression=f"left/{_MIB}",
        ),
    ]  # fmt: skip
    if always_on:
        rules.append(_silence())
    return tuple(rules)


def _metric(name: str, statistic: str) -> Metric:
    return Metric("left", "AWS/RDS", name, (("DBInstanceIdentifier", DATABASE),), statistic)


def _strain(
    name: str, meaning: str, unit: str, metric: Metric, threshold: float,
    comparison: Comparison = Comparison.AT_LEAST, **more: int | str,
) -> Rule:  # fmt: skip
    return Rule(
        name, Severity.WARNING, Group.STRAIN, meaning, unit, (metric,), threshold, comparison,
        missing=Missing.MISSING, **more,  # type: ignore[arg-type]  # each is a field of Rule
    )  # fmt: skip


def _silence() -> Rule:
    return Rule(
        "no-database-data", Severity.CRITICAL, Group.OUTAGE,
        "The database says nothing: it is stopped, or gone.",
        "samples", (_metric("CPUUtilization", "SampleCount"),), 1.0, Comparison.BELOW,
        datapoints=5, of=5, missing=Missing.BREACHING,
    )  # fmt: skip
