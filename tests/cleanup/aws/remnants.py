"""What environments that are gone leave in an account."""

from __future__ import annotations

from typing import Any

import boto3
from tests.cleanup.aws.account import OURS, REGION


def groups(*names: str, days: int = 0, own: bool = True) -> Any:
    logs = boto3.client("logs", REGION)
    for name in names:
        logs.create_log_group(logGroupName=name, tags=OURS if own else {})
        if days:
            logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    return logs


def database(name: str, *snapshots: str, more: list[dict[str, str]] | None = None) -> Any:
    rds = boto3.client("rds", REGION)
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="shipway",
        MasterUserPassword="made-for-moto",
    )
    for snapshot in snapshots:
        rds.create_db_snapshot(
            DBInstanceIdentifier=name, DBSnapshotIdentifier=snapshot, Tags=more or []
        )
    return rds


def gone(name: str, *snapshots: str, more: list[dict[str, str]] | None = None) -> None:
    database(name, *snapshots, more=more).delete_db_instance(
        DBInstanceIdentifier=name, SkipFinalSnapshot=True
    )
