"""Data before it goes: a last snapshot, and the protection taken off."""

from __future__ import annotations

from datetime import UTC, datetime

from shipway.aws.stack import Say, Stack
from shipway.core.errors import StackFailed
from shipway.core.naming import Names
from shipway.core.ports import Clients, Clock
from shipway.effects.aws_errors import in_words

_EVERY = 10.0  # seconds between two looks at a snapshot
_PATIENCE = 7200.0


def last_snapshot(clients: Clients, stack: Stack, names: Names, clock: Clock, say: Say) -> str:
    """Take a snapshot of the stack's database and wait for it; its name, "" without a database.

    CloudFormation takes one as well. This one has a name that says what it is, and nothing is
    deleted before it is there. Raises StackFailed where it cannot be had.
    """
    database = stack.physical("Database")
    if not database:
        return ""
    rds = clients.client("rds")
    when = datetime.fromtimestamp(clock.now(), UTC)
    snapshot = f"{names.prefix}-last-{when:%Y%m%d-%H%M%S}"
    with in_words():
        rds.create_db_snapshot(DBInstanceIdentifier=database, DBSnapshotIdentifier=snapshot)
        until = clock.monotonic() + _PATIENCE
        while clock.monotonic() < until:
            found = rds.describe_db_snapshots(DBSnapshotIdentifier=snapshot)["DBSnapshots"][0]
            if found["Status"] == "available":
                say(f"snapshot of database {database}: {snapshot}")
                return snapshot
            if found["Status"] == "failed":
                break
            clock.sleep(_EVERY)
    raise StackFailed(
        f"there is no snapshot of database {database}: {snapshot} is {found['Status']}",
        "Nothing was deleted. Look at it in RDS, then ask again.",
    )


def unprotect(clients: Clients, stack: Stack) -> None:
    """Take the protection off what refuses to be deleted. What is gone already is fine."""
    database, balancer = stack.physical("Database"), stack.physical("Balancer")
    with in_words():
        if database:
            clients.client("rds").modify_db_instance(
                DBInstanceIdentifier=database, DeletionProtection=False, ApplyImmediately=True
            )
        if balancer:
            clients.client("elbv2").modify_load_balancer_attributes(
                LoadBalancerArn=balancer,
                Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}],
            )
