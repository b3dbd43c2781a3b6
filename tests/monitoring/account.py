"""An account with the environment web/production, or parts of it, by moto."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from moto import mock_aws

REGION = "eu-west-1"


@contextmanager
def account(*, balancer: bool = True, database: bool = True) -> Iterator[None]:
    """As long as it is entered, boto3 speaks to it."""
    with mock_aws():
        if balancer:
            _balancer()
        if database:
            boto3.client("rds", REGION).create_db_instance(
                DBInstanceIdentifier="web-production",
                DBInstanceClass="db.t4g.micro",
                Engine="postgres",
            )
        yield


def _balancer() -> None:
    ec2, balancing = boto3.client("ec2", REGION), boto3.client("elbv2", REGION)
    network = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"][:2]]
    balancing.create_load_balancer(Name="web-production", Subnets=subnets)
    for color in ("blue", "green"):
        balancing.create_target_group(
            Name=f"web-production-{color}", Protocol="HTTP", Port=80, VpcId=network
        )
