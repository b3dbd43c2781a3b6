"""An account for the monitoring stack to go to, by moto.

moto knows neither saved queries nor Slack channels (it says so and goes on), and fails on a key
with tags: settings here have no key. It has no change set without changes: `FakeFormation` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
from moto import mock_aws

REGION = "eu-west-1"


@contextmanager
def account(*, balancer: bool = True, database: bool = True) -> Iterator[None]:
    """An account with the environment web/production, or parts of it."""
    with mock_aws():
        if balancer:
            _balancer()
        if database:
            boto3.client("rds", REGION).create_db_instance(
                DBInstanceIdentifier="web-production", DBInstanceClass="db.t4g.micro",
                Engine="postgres",
            )  # fmt: skip
        boto3.client("logs", REGION).create_log_group(logGroupName="/web/production/web")
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


class FakeFormation:
    """CloudFormation as its documentation has it, for one stack: enough to fail and to be empty.

    reason: why the change set fails, "" where it does not. ends: the stack's statuses, one a look.
    """

    def __init__(self, *, reason: str = "", ends: tuple[str, ...] = ()) -> None:
        self.reason = reason
        self.ends = list(ends)
        self.deleted = False
        self.executed = False

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        status = "UPDATE_COMPLETE"
        if self.executed:
            status = self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]
        return {"Stacks": [{"StackStatus": status}]}

    def create_change_set(self, **_: Any) -> dict[str, Any]:
        return {"Id": "arn:change-set"}

    def describe_change_set(self, **_: Any) -> dict[str, Any]:
        return {
            "Status": "FAILED" if self.reason else "CREATE_COMPLETE",
            "StatusReason": self.reason,
        }

    def delete_change_set(self, **_: Any) -> None:
        self.deleted = True

    def execute_change_set(self, **_: Any) -> None:
        self.executed = True

    def describe_stack_events(self, **_: Any) -> dict[str, Any]:
        def event(number: int, status: str, name: str, why: str) -> dict[str, Any]:
            return {
                "EventId": str(number), "Timestamp": datetime(2030, 1, 1, tzinfo=UTC),
                "ResourceStatus": status, "LogicalResourceId": name, "ResourceStatusReason": why,
            }  # fmt: skip

        newest_first = [
            event(3, "UPDATE_FAILED", "Dashboard", "Resource update cancelled"),
            event(2, "UPDATE_FAILED", "AlarmCpu", "Period must be a multiple of 60"),
            event(1, "UPDATE_IN_PROGRESS", "AlarmCpu", ""),
        ]
        return {"StackEvents": newest_first}


class FakeClients:
    """Hands the fake out, whatever is asked for."""

    region = REGION

    def __init__(self, formation: FakeFormation) -> None:
        self.formation = formation

    def client(self, service: str) -> Any:
        assert service == "cloudformation"
        return self.formation
