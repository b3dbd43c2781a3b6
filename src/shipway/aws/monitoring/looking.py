"""What only the account knows: how metrics name the load balancer and its target groups."""

from __future__ import annotations

from shipway.core.errors import ConfigError
from shipway.core.naming import Names
from shipway.core.ports import Clients
from shipway.effects.aws_errors import code_of, in_words


class NotThere(ConfigError):
    """What is to be watched does not exist yet."""


def parameters(
    clients: Clients, names: Names, home: Names, *, database: str = ""
) -> dict[str, str]:
    """The stack's parameters; without a database where there is none.

    home: the environment whose load balancer and database it uses, its own or another's.
    database: the identifier where it has one of its own choice. Raises NotThere and Refused.
    """
    with in_words():
        balancer = _balanced(clients, "load_balancers", "LoadBalancer", home.load_balancer)
        known = {"LoadBalancer": balancer.partition(":loadbalancer/")[2]}
        for parameter, name in (("Blue", names.blue), ("Green", names.green)):
            arn = _balanced(clients, "target_groups", "TargetGroup", name)
            known[parameter] = arn[arn.index("targetgroup/") :]
        identifier = _database(clients, database, home.database)
    return {**known, "Database": identifier} if identifier else known


def _balanced(clients: Clients, operation: str, kind: str, name: str) -> str:
    """The ARN of a load balancer or a target group."""
    from botocore.exceptions import ClientError

    ask = getattr(clients.client("elbv2"), f"describe_{operation}")
    try:
        (one,) = ask(Names=[name])[f"{kind}s"]
    except ClientError as error:
        if code_of(error) != f"{kind}NotFound":
            raise
        raise NotThere(
            f"there is no {name} in this account and region",
            "Create the environment first: shipway infra apply ENV.",
        ) from None
    return str(one[f"{kind}Arn"])


def _database(clients: Clients, wanted: str, usual: str) -> str:
    """The identifier, or "" where there is no database."""
    from botocore.exceptions import ClientError

    try:
        clients.client("rds").describe_db_instances(DBInstanceIdentifier=wanted or usual)
    except ClientError as error:
        if code_of(error) not in ("DBInstanceNotFound", "DBInstanceNotFoundFault"):
            raise
        if wanted:
            raise NotThere(
                f"there is no database {wanted}",
                "Correct infrastructure.database.identifier in shipway.toml, or leave it out.",
            ) from None
        return ""
    return wanted or usual
