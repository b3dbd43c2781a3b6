"""A change set in words: every kind of change that the stacks can have."""

from __future__ import annotations

from typing import Any

import pytest
from tests.infrastructure.change_set_rows import depends, detail, page, row

from shipway.infrastructure.change import ResourceChange, change_sentence, plan_lines, read_changes


def read(*rows: dict[str, Any]) -> tuple[ResourceChange, ...]:
    return read_changes([page(*rows)])


REPLACED_DATABASE = row(
    "Modify",
    "Database",
    "RDS::DBInstance",
    Replacement="True",
    PolicyAction="ReplaceAndSnapshot",
    Details=[
        detail("DBSnapshotIdentifier", "", "before-the-fault", "Always"),
        detail("DBInstanceIdentifier", "web-staging", "web-staging-2", "Always"),
        detail("BackupRetentionPeriod", "7", "14"),
    ],
)

WORDS = [
    (row("Add", "Database", "RDS::DBInstance"), "+ database Database is created"),
    (row("Import", "Images", "ECR::Repository"), "+ image repository Images is imported"),
    (
        REPLACED_DATABASE,
        "! database Database is replaced: DBSnapshotIdentifier before-the-fault, which was not "
        "set, DBInstanceIdentifier web-staging → web-staging-2 - the application has no database "
        "until the new one is filled - a snapshot is taken of it first",
    ),
    (
        row("Remove", "Database", "RDS::DBInstance", PolicyAction="Snapshot"),
        "- database Database is deleted - the application has no database until the new one is "
        "filled - a snapshot is taken of it first",
    ),
    (
        row(
            "Modify",
            "Database",
            "RDS::DBInstance",
            Replacement="False",
            Details=[detail("DBInstanceClass", "db.t4g.micro", "db.t4g.small")],
        ),
        "~ database Database is changed: DBInstanceClass db.t4g.micro → db.t4g.small - the "
        "database is out of reach for some minutes",
    ),
    (
        row(
            "Modify",
            "Database",
            "RDS::DBInstance",
            Replacement="False",
            Details=[detail("BackupRetentionPeriod", "7", "14")],
        ),
        "~ database Database is changed: BackupRetentionPeriod 7 → 14",
    ),
    (
        row(
            "Modify",
            "Database",
            "RDS::DBInstance",
            Replacement="Conditional",
            Details=[detail("EngineVersion", "16", "17", "Conditionally")],
        ),
        "~ database Database is changed: EngineVersion 16 → 17 - the database is out of reach "
        "while it is upgraded - it may be replaced: CloudFormation finds out only while it works",
    ),
    (
        row("Remove", "Logs", "Logs::LogGroup", PolicyAction="Retain"),
        "- log Logs is released: it stays, and is no longer part of the stack",
    ),
    (
        row(
            "Modify",
            "Logs",
            "Logs::LogGroup",
            Replacement="True",
            PolicyAction="ReplaceAndRetain",
            Details=[detail("LogGroupName", "/a", "/b", "Always")],
        ),
        "! log Logs is replaced: LogGroupName /a → /b - older lines are gone - the old one "
        "stays, outside the stack",
    ),
    (
        row(
            "Modify",
            "Service",
            "ECS::Service",
            Replacement="False",
            Details=[detail("CapacityProviderStrategy"), detail("NetworkConfiguration")],
        ),
        "~ service Service is changed: CapacityProviderStrategy, NetworkConfiguration - ECS "
        "deploys the running release once more, blue-green",
    ),
    (
        row(
            "Modify",
            "Service",
            "ECS::Service",
            Replacement="False",
            Details=[detail("TaskDefinition", "web-first:1", "web-staging:7")],
        ),
        "~ service Service is changed: TaskDefinition web-first:1 → web-staging:7",
    ),
    (
        row(
            "Modify",
            "Listener",
            "ElasticLoadBalancingV2::Listener",
            Replacement="False",
            Details=[detail("Port", "80", "443"), detail("Protocol", "HTTP", "HTTPS")],
        ),
        "~ listener Listener is changed: Port 80 → 443, Protocol HTTP → HTTPS - the old port no "
        "longer answers; who asks as before is answered otherwise",
    ),
    (
        row(
            "Modify",
            "Balancer",
            "ElasticLoadBalancingV2::LoadBalancer",
            Replacement="True",
            PolicyAction="ReplaceAndDelete",
            Details=[detail("Name", "web-a", "web-b", "Always")],
        ),
        "! load balancer Balancer is replaced: Name web-a → web-b - nobody is answered; the "
        "address becomes another",
    ),
    (
        row("Remove", "NatA", "EC2::NatGateway", PolicyAction="Delete"),
        "- NAT gateway NatA is deleted - tasks cannot reach the internet meanwhile",
    ),
    (
        row(
            "Modify",
            "RedisStore",
            "ElastiCache::ReplicationGroup",
            Replacement="False",
            Details=[detail("CacheNodeType", "cache.t4g.micro", "cache.t4g.small")],
        ),
        "~ Redis RedisStore is changed: CacheNodeType cache.t4g.micro → cache.t4g.small - "
        "connections to Redis are cut once",
    ),
    (
        row(
            "Modify",
            "ScalingByCpu",
            "ApplicationAutoScaling::ScalingPolicy",
            Replacement="False",
            Details=[detail("TargetTrackingScalingPolicyConfiguration")],
        ),
        "~ rule of scaling ScalingByCpu is changed: TargetTrackingScalingPolicyConfiguration",
    ),
    (
        row(
            "Modify",
            "Vpc",
            "EC2::VPC",
            Replacement="False",
            Details=[
                {
                    "Target": {"Attribute": "Tags", "RequiresRecreation": "Never"},
                    "Evaluation": "Static",
                    "ChangeSource": "DirectModification",
                }
            ],
        ),
        "~ network Vpc is changed: Tags",
    ),
    (
        row(
            "Modify",
            "TaskRole",
            "IAM::Role",
            Replacement="True",
            PolicyAction="ReplaceAndDelete",
            Details=[detail("RoleName", "web-task", "web-other", "Always")],
        ),
        "! role TaskRole is replaced: RoleName web-task → web-other - who had it has to be "
        "given the new one",
    ),
    (row("Add", "Own", "Kinesis::Stream"), "+ Kinesis::Stream Own is created"),
]


@pytest.mark.parametrize(("given", "line"), WORDS, ids=[one[1][:40] for one in WORDS])
def test_a_change_is_told_in_a_sentence(given: dict[str, Any], line: str) -> None:
    first, count = plan_lines(read(given))
    assert first == line
    assert count.startswith("1 ")


def test_the_worst_comes_first_and_all_are_counted() -> None:
    lines = plan_lines(read(*(one[0] for one in WORDS)))
    assert [line[0] for line in lines[:-1]] == list("--!!!!-~~~~~~~~~+++")
    assert lines[-1] == "2 deleted, 4 replaced, 1 released, 9 changed, 1 imported, 2 created"


def test_what_is_new_takes_a_line_a_sort() -> None:
    subnets = [row("Add", name, "EC2::Subnet") for name in ("DataA", "DataB", "PublicA")]
    assert plan_lines(read(*subnets, row("Add", "Vpc", "EC2::VPC"))) == [
        "+ subnet DataA, DataB, PublicA are created",
        "+ network Vpc is created",
        "4 created",
    ]


def test_nothing_is_said_to_be_nothing() -> None:
    assert plan_lines(()) == ["nothing would change"]


def test_what_a_month_costs_stands_at_the_end_where_it_is_known() -> None:
    (_, _, more) = plan_lines(read(WORDS[0][0]), (67.2, 100.4))
    assert more == "a month costs about $100, $33 more than before"
    (_, _, less) = plan_lines(read(WORDS[0][0]), (100.4, 67.2))
    assert less == "a month costs about $67, $33 less than before"


def test_what_refers_to_something_that_stays_does_not_change() -> None:
    group = row(
        "Modify",
        "Blue",
        "ElasticLoadBalancingV2::TargetGroup",
        Replacement="False",
        Details=[detail("HealthCheckPath", "/a", "/b")],
    )
    rule = row(
        "Modify",
        "ProductionRule",
        "ElasticLoadBalancingV2::ListenerRule",
        Replacement="Conditional",
        Details=[depends("Actions", "Blue", "Never")],
    )
    assert [one.name for one in read(group, rule)] == ["Blue"]


def test_what_refers_to_something_that_is_replaced_does() -> None:
    group = row(
        "Modify",
        "Blue",
        "ElasticLoadBalancingV2::TargetGroup",
        Replacement="True",
        Details=[detail("Port", "80", "8000", "Always")],
    )
    rule = row(
        "Modify",
        "ProductionRule",
        "ElasticLoadBalancingV2::ListenerRule",
        Replacement="False",
        Details=[depends("Actions", "Blue", "Never")],
    )
    assert [one.name for one in read(group, rule)] == ["Blue", "ProductionRule"]


def test_a_value_that_comes_out_the_same_is_no_change() -> None:
    same = row(
        "Modify",
        "Database",
        "RDS::DBInstance",
        Replacement="Conditional",
        Details=[detail("EngineVersion", "17", "17", "Conditionally")],
    )
    assert read(same) == ()


def test_a_property_is_told_once_although_it_has_two_causes() -> None:
    twice = row(
        "Modify",
        "Database",
        "RDS::DBInstance",
        Replacement="False",
        Details=[
            detail("DBInstanceClass", "a", "b"),
            detail(
                "DBInstanceClass",
                "a",
                "b",
                ChangeSource="ParameterReference",
                CausingEntity="DatabaseClass",
            ),
        ],
    )
    (change,) = read(twice)
    assert len(change.details) == 1


def test_long_values_are_not_repeated() -> None:
    long = row(
        "Modify",
        "Budget",
        "Budgets::Budget",
        Replacement="False",
        Details=[detail("Budget", "x" * 200, "y" * 200)],
    )
    (change,) = read(long)
    assert change_sentence(change) == "budget Budget is changed: Budget"


def test_without_details_the_worst_is_assumed_of_data() -> None:
    (change,) = read(row("Modify", "Database", "RDS::DBInstance", Replacement="Conditional"))
    assert change.maybe


def test_pages_and_other_kinds_of_changes_are_read() -> None:
    hook = {"Type": "Hook"}
    found = read_changes([page(WORDS[0][0]), {"Changes": [hook, WORDS[1][0]]}, {}])
    assert [one.name for one in found] == ["Database", "Images"]
