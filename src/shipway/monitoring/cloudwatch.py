"""The metrics of the last hours, as the alarms would have seen them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shipway.aws.errors import error_code, translate_aws_errors
from shipway.aws.names import AwsResourceNames
from shipway.errors import ConfigError
from shipway.monitoring.alarm import AlarmMetric, AlarmRule
from shipway.monitoring.replay import Series
from shipway.ports import Clients

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricDataQueryTypeDef

# What only the account knows: how metrics name the load balancer and its target groups.


class NotDeployed(ConfigError):
    """What is to be watched does not exist yet."""

    default_code = "no-stack"


def stack_parameters(
    clients: Clients, names: AwsResourceNames, home: AwsResourceNames, *, database: str = ""
) -> dict[str, str]:
    """The stack's parameters; without a database where there is none.

    home: the environment whose load balancer and database it uses, its own or another's.
    database: the identifier where it has one of its own choice. Raises NotDeployed and AwsApiError.
    """
    with translate_aws_errors():
        elb = clients.client("elbv2")
        with _deployed("LoadBalancer", home.load_balancer):
            (balancer,) = elb.describe_load_balancers(Names=[home.load_balancer])["LoadBalancers"]
        values = {"LoadBalancer": balancer["LoadBalancerArn"].partition(":loadbalancer/")[2]}
        for parameter, name in (("Blue", names.blue), ("Green", names.green)):
            with _deployed("TargetGroup", name):
                (group,) = elb.describe_target_groups(Names=[name])["TargetGroups"]
            arn = group["TargetGroupArn"]
            values[parameter] = arn[arn.index("targetgroup/") :]
        identifier = _database(clients, database, home.database)
    return {**values, "Database": identifier} if identifier else values


@contextmanager
def _deployed(kind: str, name: str) -> Iterator[None]:
    """Raises NotDeployed where AWS answers that there is no such load balancer or target group."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error_code(error) != f"{kind}NotFound":
            raise
        raise NotDeployed(
            f"there is no {name} in this account and region",
            "Create the environment first: shipway infra apply ENV.",
        ) from None


def _database(clients: Clients, requested: str, usual: str) -> str:
    """The identifier, or "" where there is no database."""
    from botocore.exceptions import ClientError

    try:
        clients.client("rds").describe_db_instances(DBInstanceIdentifier=requested or usual)
    except ClientError as error:
        if error_code(error) not in ("DBInstanceNotFound", "DBInstanceNotFoundFault"):
            raise
        if requested:
            raise NotDeployed(
                f"there is no database {requested}",
                "Correct infrastructure.database.identifier in shipway.toml, or leave it out.",
            ) from None
        return ""
    return requested or usual


_QUERIES = 500  # in one call of GetMetricData


def metric_history(
    clients: Clients,
    rules: Sequence[AlarmRule],
    parameters: Mapping[str, str],
    begin: int,
    end: float,
) -> dict[str, Series]:
    """Rule's name → the series of its metrics, a value for each of its periods.

    parameters: the stack's. begin, end: seconds since the epoch; begin has to be a full hour. A
    period that has not ended is left out.
    """
    recordings: dict[str, Series] = {}
    for period in sorted({rule.period for rule in rules}):
        mine = [rule for rule in rules if rule.period == period]
        times = range(begin, begin + (int(end) - begin) // period * period, period)
        values = _values(clients, mine, parameters, times)
        for number, rule in enumerate(mine):
            recordings[rule.name] = {
                metric.id: [values[f"r{number}_{metric.id}"].get(at) for at in times]
                for metric in rule.metrics
            }
    return recordings


def _values(
    clients: Clients, rules: Sequence[AlarmRule], parameters: Mapping[str, str], times: range
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


def _query(
    id: str, metric: AlarmMetric, parameters: Mapping[str, str], period: int
) -> MetricDataQueryTypeDef:
    dimensions: list[DimensionTypeDef] = [
        {"Name": name, "Value": parameters.get(value.strip("${}"), value)}
        for name, value in metric.dimensions
    ]
    return {
        "Id": id,
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": dimensions,
            },
            "Period": period,
            "Stat": metric.statistic,
        },
    }
