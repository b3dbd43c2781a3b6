"""The metrics of the last hours, as the alarms would have seen them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from shipway.core.alarms.evaluation import Series
from shipway.core.alarms.rule import Metric, Rule
from shipway.core.ports import Clients

_QUERIES = 500  # in one call of GetMetricData


def recorded(
    clients: Clients, rules: Sequence[Rule], parameters: Mapping[str, str], begin: int, end: float
) -> dict[str, Series]:
    """Rule's name → the series of its metrics, a value for each of its periods.

    parameters: the stack's. begin, end: seconds since the epoch; begin has to be a full hour. A
    period that has not ended is left out.
    """
    found: dict[str, Series] = {}
    for period in sorted({rule.period for rule in rules}):
        mine = [rule for rule in rules if rule.period == period]
        times = range(begin, begin + (int(end) - begin) // period * period, period)
        values = _values(clients, mine, parameters, times)
        for number, rule in enumerate(mine):
            found[rule.name] = {
                metric.id: [values[f"r{number}_{metric.id}"].get(at) for at in times]
                for metric in rule.metrics
            }
    return found


def _values(
    clients: Clients, rules: Sequence[Rule], parameters: Mapping[str, str], times: range
) -> dict[str, dict[int, float]]:
    """Query's id → time → value."""
    queries = [
        _query(f"r{number}_{metric.id}", metric, parameters, times.step)
        for number, rule in enumerate(rules)
        for metric in rule.metrics
    ]
    values: dict[str, dict[int, float]] = {query["Id"]: {} for query in queries}
    pages = clients.client("cloudwatch").get_paginator("get_metric_data")
    for first in range(0, len(queries), _QUERIES):
        for page in pages.paginate(
            MetricDataQueries=queries[first : first + _QUERIES],
            StartTime=datetime.fromtimestamp(times.start, UTC),
            EndTime=datetime.fromtimestamp(times.stop, UTC),
        ):
            for result in page["MetricDataResults"]:
                for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                    values[result["Id"]][int(at.timestamp())] = float(value)
    return values


def _query(id: str, metric: Metric, parameters: Mapping[str, str], period: int) -> dict[str, Any]:
    dimensions = [
        {"Name": name, "Value": parameters.get(value.strip("${}"), value)}
        for name, value in metric.dimensions
    ]
    named = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
    return {
        "Id": id, "MetricStat": {"Metric": named, "Period": period, "Stat": metric.statistic},
    }  # fmt: skip
