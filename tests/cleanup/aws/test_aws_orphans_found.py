"""Log groups, snapshots, and what hangs on nothing."""

from __future__ import annotations

import boto3
from tests.cleanup.aws.account import OURS, REGION, config, premises, stack, tags
from tests.cleanup.aws.remnants import database, gone, groups

from shipway.cleanup.aws_orphans import (
    LIMITED,
    OrphanAddresses,
    OrphanLogGroups,
    OrphanSnapshots,
    OrphanTargetGroups,
    OrphanVolumes,
)
from shipway.cleanup.owned_resources import OrphanKind
from shipway.config.aws import Database


def found(kind: OrphanKind) -> dict[str, str]:
    return {one.id: one.done for one in kind.find()}


def test_a_log_group_that_keeps_everything_is_limited() -> None:
    logs = groups("/web/staging/web", "/aws/rds/instance/web-staging/postgresql")
    groups("/web/staging/other", days=7)
    kind = OrphanLogGroups(premises())
    assert found(kind) == {
        "/web/staging/web": LIMITED,
        "/aws/rds/instance/web-staging/postgresql": LIMITED,
    }
    for one in list(kind.find()):
        assert kind.remove(one)
    assert found(kind) == {}
    days = {
        one["logGroupName"]: one["retentionInDays"]
        for one in logs.describe_log_groups()["logGroups"]
    }
    assert days["/web/staging/web"] == 30


def test_log_groups_of_an_environment_that_is_gone_are_deleted() -> None:
    stack("web-production")  # in no shipway.toml here, and there
    logs = groups(
        "/web/old/web",
        "/aws/events/web-old",
        "/web/production/web",
        "/web/local/x",
        "/aws/events/web-shop-old",
        "/other/old/web",
        days=30,
    )
    groups("/web/archive/notes", "/web/old/notes", own=False)  # somebody's own
    kind = OrphanLogGroups(premises())
    assert found(kind) == {"/web/old/web": "removed", "/aws/events/web-old": "removed"}
    for one in list(kind.find()):
        assert kind.remove(one)
    left = {one["logGroupName"] for one in logs.describe_log_groups()["logGroups"]}
    assert left == {
        "/web/production/web",
        "/web/local/x",
        "/aws/events/web-shop-old",
        "/other/old/web",
        "/web/archive/notes",
        "/web/old/notes",
    }


def test_snapshots_of_a_database_that_is_gone_go_but_for_the_newest() -> None:
    gone("web-old", "first", "second", "last", more=tags(environment="old"))
    gone("web-shop", "not-ours", "not-ours-either")
    kind = OrphanSnapshots(premises())
    assert found(kind) == {"first": "removed", "second": "removed"}
    one = next(iter(kind.find()))
    assert (one.price, one.quantity) == ("rds-snapshot", 20)
    assert kind.remove(one)
    assert found(kind) == {"second": "removed"}


def test_snapshots_of_a_living_database_and_one_that_it_starts_from_stay() -> None:
    database("web-staging", "one", "two")
    assert found(OrphanSnapshots(premises())) == {}
    gone("elsewhere", "before", "after", more=tags())
    assert found(OrphanSnapshots(premises(config(Database(snapshot="before"))))) == {}
    assert found(OrphanSnapshots(premises())) == {"before": "removed"}


def test_young_snapshots_stay() -> None:
    gone("web-old", "first", "last", more=tags())
    assert found(OrphanSnapshots(premises(after=0))) == {}


def test_an_address_that_hangs_on_nothing_goes_and_only_with_our_tags() -> None:
    ec2 = boto3.client("ec2", REGION)

    def address(*own: dict[str, str]) -> str:
        given = [{"ResourceType": "elastic-ip", "Tags": list(own)}] if own else []
        made = ec2.allocate_address(Domain="vpc", TagSpecifications=given)
        return str(made["AllocationId"])

    ours, _, foreign = address(*tags()), address(), address({"Key": "application", "Value": "web"})
    used = address(*tags())
    image = ec2.register_image(Name="town")["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)
    ec2.associate_address(AllocationId=used, InstanceId=made["Instances"][0]["InstanceId"])
    kind = OrphanAddresses(premises())
    assert found(kind) == {ours: "removed"}
    (one,) = kind.find()
    assert (one.price, one.quantity) == ("public-ip", 730)
    assert kind.remove(one)
    assert found(kind) == {}
    left = {row["AllocationId"] for row in ec2.describe_addresses()["Addresses"]}
    assert {foreign, used} <= left


def test_a_volume_that_hangs_on_nothing_goes() -> None:
    ec2 = boto3.client("ec2", REGION)

    def volume(own: list[dict[str, str]]) -> str:
        made = ec2.create_volume(
            AvailabilityZone=f"{REGION}a",
            Size=8,
            TagSpecifications=[{"ResourceType": "volume", "Tags": own}],
        )
        return str(made["VolumeId"])

    ours = volume(tags())
    volume([{"Key": "application", "Value": "shop"}])
    kind = OrphanVolumes(premises())
    assert found(kind) == {ours: "removed"}
    (one,) = kind.find()
    assert (one.price, one.quantity) == ("volume", 8)
    assert not list(OrphanVolumes(premises(after=0)).find())
    assert kind.remove(one)
    assert found(kind) == {}


def test_a_target_group_of_no_load_balancer_goes_unless_a_stack_has_it() -> None:
    elb, ec2 = boto3.client("elbv2", REGION), boto3.client("ec2", REGION)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

    def group(name: str, own: list[dict[str, str]]) -> str:
        made = elb.create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip", Tags=own
        )
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    stack("web-staging")
    ours = group("web-old-blue", tags())
    group("web-staging-blue", [{"Key": "application", "Value": "web"}])
    assert found(OrphanTargetGroups(premises())) == {ours: "removed"}
    kind = OrphanTargetGroups(premises())
    assert all(kind.remove(one) for one in list(kind.find()))
    assert found(kind) == {}


def test_what_a_stack_that_exists_has_stays_with_it() -> None:
    stack("web-staging")
    here = premises()
    assert here.stays_with_stack({**OURS, "aws:cloudformation:stack-name": "web-staging"})
    assert not here.stays_with_stack({**OURS, "aws:cloudformation:stack-name": "web-old"})
    assert not here.stays_with_stack(OURS)
