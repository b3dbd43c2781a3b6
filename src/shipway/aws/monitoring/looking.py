"""What only the account knows: how metrics name the load balancer and its target groups."""

from __future__ import annotations

from typing import Any

from shipway.core.errors import ShipwayError
from shipway.core.naming import Names
from shipway.core.ports import Clients


class NotThere(ShipwayError):
    """What is to be watched does not exist yet."""


def parameters(clients: Clients, names: Names, *, database: str = "") -> dict[str, str]:
    """The stack's parameters; without a database where the environment has none.

    database: its identifier; empty to look for the environment's own. Raises NotThere.
    """
    balancing = clients.client("elbv2")
    balancer = _found(
        balancing, "describe_load_balancers", "LoadBalancers", "LoadBalancerArn",
        names.load_balancer,
    )  # fmt: skip
    known = {"LoadBalancer": balancer.partition(":loadbalancer/")[2]}
    for parameter, name in (("Blue", names.blue), ("Green", names.green)):
        arn = _found(balancing, "describe_target_groups", "TargetGroups", "TargetGroupArn", name)
        known[parameter] = arn[arn.index("targetgroup/") :]
    identifier = _database(clients, database, names.prefix)
    return {**known, "Database": identifier} if identifier else known


def _found(client: Any, operation: str, kind: str, key: str, name: str) -> str:
    from botocore.exceptions import ClientError

    try:
        (one,) = getattr(client, operation)(Names=[name])[kind]
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("LoadBalancerNotFound", "TargetGroupNotFound"):
            raise
        raise NotThere(
            f"there is no {name} in this account and region",
            "Create the environment first: shipway infra apply ENV.",
        ) from None
    return str(one[key])


def _database(clients: Clients, wanted: str, usual: str) -> str:
    """The identifier, or "" where the environment has no database of its own."""
    from botocore.exceptions import ClientError

    databases = clients.client("rds")
    try:
        databases.describe_db_instances(DBInstanceIdentifier=wanted or usual)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("DBInstanceNotFound", "DBInstanceNotFoundFault"):
            raise
        if wanted:
            raise NotThere(
                f"there is no database {wanted}",
                "Correct monitoring.database in shipway.toml, or leave it out.",
            ) from None
        return ""
    return wanted or usual
