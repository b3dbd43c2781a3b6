"""docs/recovery.md, rehearsed as far as MiniStack goes.

MiniStack keeps an instance's description and no rows: that data come back is not shown here, only
that every step of the runbook is accepted, in its order, and leads where it says.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from tests.infrastructure.levers import config
from tests.infrastructure.ministack import REGION, Here, ministack, without_unknown
from tests.infrastructure.ministack_proxy import mended

from shipway.aws.names import Account
from shipway.cli.infra import StackContext, apply_stack
from shipway.cli.terminal import Prompt
from shipway.config.aws import Database, Infrastructure
from shipway.config.schema import Environment
from shipway.infrastructure.template import load_template

pytestmark = pytest.mark.e2e
ELSEWHERE = "eu-central-1"


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Here]:
    """An account with nothing in it."""
    with ministack(tmp_path) as bare, mended(bare, list) as address:
        yield Here(address)


def site(aws: Here, where: str, database: Database, typed: str = "") -> StackContext:
    here = Environment(platform="ecs", infrastructure=Infrastructure(database=database))
    given = replace(config(), environments={where: here})
    return StackContext(
        config=given,
        where=where,
        clients=aws,
        account=Account("000000000000", aws.region),
        template=without_unknown(load_template("environment")),
        every=0.05,
        person=Prompt(io.StringIO(typed)),
    )


def identifiers(aws: Here) -> set[str]:
    found = aws.client("rds").describe_db_instances()["DBInstances"]
    return {one["DBInstanceIdentifier"] for one in found}


def test_a_database_is_restored_from_a_snapshot_beside_the_one_that_is_broken(aws: Here) -> None:
    apply_stack(site(aws, "staging", Database()), yes=True, allow_destroy=False, json=False)
    rds = aws.client("rds")
    rds.create_db_snapshot(
        DBInstanceIdentifier="web-staging", DBSnapshotIdentifier="before-the-fault"
    )
    restored = Database(identifier="web-staging-2", snapshot="before-the-fault")
    later = site(aws, "staging", restored, "staging\n")
    apply_stack(later, yes=False, allow_destroy=True, json=False)
    assert later.stack.physical("Database") == "web-staging-2"
    assert "web-staging-2" in identifiers(aws)
    assert later.stack.parameters()["DatabaseSnapshot"] == "before-the-fault"


def test_a_point_in_time_comes_back_as_an_instance_whose_snapshot_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Against moto: MiniStack knows neither this nor a copy of a snapshot."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        rds = boto3.client("rds", REGION)
        rds.create_db_instance(
            DBInstanceIdentifier="web-staging",
            DBInstanceClass="db.t4g.micro",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername="shipway",
            ManageMasterUserPassword=True,
            StorageEncrypted=True,
        )
        rds.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier="web-staging",
            TargetDBInstanceIdentifier="web-staging-then",
            UseLatestRestorableTime=True,
        )
        taken = rds.create_db_snapshot(
            DBInstanceIdentifier="web-staging-then", DBSnapshotIdentifier="web-staging-then"
        )["DBSnapshot"]
        there = boto3.client("rds", ELSEWHERE)
        there.copy_db_snapshot(
            SourceDBSnapshotIdentifier=taken["DBSnapshotArn"],
            SourceRegion=REGION,
            TargetDBSnapshotIdentifier="web-staging-then",
            KmsKeyId="alias/aws/rds",
        )
        (copied,) = there.describe_db_snapshots(DBSnapshotIdentifier="web-staging-then")[
            "DBSnapshots"
        ]
        assert copied["Status"] == "available"


def test_another_region_gets_the_environment_under_a_new_name(aws: Here) -> None:
    """The roles' names are the account's, not the region's: the old ones may still be there."""
    apply_stack(site(aws, "staging", Database()), yes=True, allow_destroy=False, json=False)
    there = Here(aws.address, ELSEWHERE)
    moved = site(there, "staging-b", Database(snapshot="web-staging-last"))
    apply_stack(moved, yes=True, allow_destroy=False, json=False)
    assert moved.stack.status() == "CREATE_COMPLETE"
    assert identifiers(there) == {"web-staging-b"}
    assert "staging-b" in moved.stack.outputs()["Address"]
    assert identifiers(aws) == {"web-staging"}
