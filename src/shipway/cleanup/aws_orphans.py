"""Log groups that keep everything for ever, and those of environments that are gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shipway.aws.errors import translate_aws_errors
from shipway.cleanup.ecs_orphans import OrphanImages, OrphanTaskDefinitions
from shipway.cleanup.owned_resources import OrphanKind, OwnedResources, chunks, tags_of
from shipway.cleanup.retention import Orphan, ResourcesInUse
from shipway.cost.line_items import HOURS
from shipway.errors import ShipwayError

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import FilterTypeDef
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_logs.type_defs import LogGroupTypeDef
    from types_boto3_rds import RDSClient
    from types_boto3_rds.type_defs import DBSnapshotTypeDef

LIMITED = "limited to 30 days"
_DAYS = 30
_SHARED = ("/aws/events/", "/aws/rds/instance/", "/aws/ecs/containerinsights/")


@dataclass(frozen=True)
class OrphanLogGroups:
    """Those of an application: `/APPLICATION/ENVIRONMENT/…`, and AWS's own for its things."""

    premises: OwnedResources
    name: str = "log group"

    @property
    def _client(self) -> CloudWatchLogsClient:
        return self.premises.clients.client("logs")

    def find(self) -> Iterator[Orphan]:
        """Those that can go, or should forget something."""
        own = [
            (str(row["logGroupName"]).split("/")[2], row)
            for row in self._groups(f"/{self.premises.application}/")
        ]
        environments = self.premises.environments
        # Somebody's own group may begin with the same word: of others the tags decide.
        ours = [(name, row) for name, row in own if name in environments or self._tagged(row)]
        gone = {name for name in {name for name, _ in ours} if self.premises.gone(name)}
        for environment, group in ours:
            yield from self._judged(group, environment, gone)
        for start in _SHARED:
            for group in self._groups(f"{start}{self.premises.application}-"):
                environment = self._whose(str(group["logGroupName"]).removeprefix(start), gone)
                yield from self._judged(group, environment, gone)

    def remove(self, resource: Orphan) -> bool:
        """Delete it, or let it forget what is older than 30 days."""
        if resource.done == LIMITED:
            self._client.put_retention_policy(logGroupName=resource.id, retentionInDays=_DAYS)
        else:
            self._client.delete_log_group(logGroupName=resource.id)
        return True

    def _groups(self, start: str) -> Iterator[LogGroupTypeDef]:
        pages = self._client.get_paginator("describe_log_groups")
        for page in pages.paginate(logGroupNamePrefix=start):
            yield from page["logGroups"]

    def _tagged(self, group: LogGroupTypeDef) -> bool:
        arn = str(group["arn"]).removesuffix(":*")
        return self.premises.ours(self._client.list_tags_for_resource(resourceArn=arn)["tags"])

    def _whose(self, rest: str, gone: set[str]) -> str:
        """The environment, by its exact prefix; "" where it may be another application's."""
        first = rest.partition("/")[0]
        names = (*self.premises.environments, *gone)
        return next((name for name in names if self.premises.names(name).prefix == first), "")

    def _judged(self, group: LogGroupTypeDef, environment: str, gone: set[str]) -> Iterator[Orphan]:
        name, stored = str(group["logGroupName"]), float(group.get("storedBytes", 0)) / 1e9
        if environment in gone:
            why = f"{environment} is in no shipway.toml and has no stack"
            yield Orphan(self.name, name, why, price="logs-kept", quantity=stored)
        elif environment in self.premises.environments and not group.get("retentionInDays"):
            why = "it keeps every line for ever"
            yield Orphan(self.name, name, why, LIMITED, "logs-kept", stored)


# Snapshots whose database is gone. The newest of each stays: it may be all that is left.


@dataclass(frozen=True)
class OrphanSnapshots:
    """Those that somebody took by hand, or CloudFormation and `infra destroy` before deleting."""

    premises: OwnedResources
    name: str = "snapshot"

    @property
    def _client(self) -> RDSClient:
        return self.premises.clients.client("rds")

    def find(self) -> Iterator[Orphan]:
        """Those that can go."""
        pages = self._client.get_paginator("describe_db_instances").paginate()
        living = {
            instance["DBInstanceIdentifier"] for page in pages for instance in page["DBInstances"]
        }
        used = {
            environment.infrastructure.database.snapshot
            for environment in self.premises.config.environments.values()
        }
        for database, snapshots in self._ours().items():
            ordered = sorted(snapshots, key=lambda snapshot: snapshot["SnapshotCreateTime"])
            for snapshot in ordered[:-1] if database not in living else ():
                name = str(snapshot["DBSnapshotIdentifier"])
                if name not in used and not self.premises.young(snapshot["SnapshotCreateTime"]):
                    why = f"database {database} is gone, and there is a newer one"
                    size = float(snapshot.get("AllocatedStorage", 0))
                    yield Orphan(self.name, name, why, price="rds-snapshot", quantity=size)

    def remove(self, resource: Orphan) -> bool:
        """Delete it."""
        self._client.delete_db_snapshot(DBSnapshotIdentifier=resource.id)
        return True

    def _ours(self) -> dict[str, list[DBSnapshotTypeDef]]:
        """By database."""
        own = {self.premises.database(name) for name in self.premises.environments}
        by_database: dict[str, list[DBSnapshotTypeDef]] = defaultdict(list)
        pages = self._client.get_paginator("describe_db_snapshots")
        for page in pages.paginate(SnapshotType="manual"):
            for snapshot in page["DBSnapshots"]:
                database = str(snapshot["DBInstanceIdentifier"])
                if snapshot.get("Status") == "available" and (
                    database in own or self.premises.ours(tags_of(snapshot.get("TagList")))
                ):
                    by_database[database].append(snapshot)
        return by_database


# Addresses, volumes and target groups that hang on nothing. Only those with our tags.

_FREE = "nothing uses it, and no stack has it"
_TAGS = 20  # resources in one question (DescribeTags)


@dataclass(frozen=True)
class OrphanAddresses:
    """Public addresses."""

    premises: OwnedResources
    name: str = "address"

    def find(self) -> Iterator[Orphan]:
        """Those that can go."""
        answer = self.premises.clients.client("ec2").describe_addresses(Filters=_own(self.premises))
        for address in answer["Addresses"]:
            used = address.get("AssociationId") or address.get("NetworkInterfaceId")
            if not used and _idle(self.premises, tags_of(address.get("Tags"))):
                why = f"{address.get('PublicIp', '')}: {_FREE}"
                yield Orphan(
                    self.name, address["AllocationId"], why, price="public-ip", quantity=HOURS
                )

    def remove(self, resource: Orphan) -> bool:
        """Give it back."""
        self.premises.clients.client("ec2").release_address(AllocationId=resource.id)
        return True


@dataclass(frozen=True)
class OrphanVolumes:
    """Disks."""

    premises: OwnedResources
    name: str = "volume"

    def find(self) -> Iterator[Orphan]:
        """Those that can go."""
        free: FilterTypeDef = {"Name": "status", "Values": ["available"]}
        pages = self.premises.clients.client("ec2").get_paginator("describe_volumes")
        for page in pages.paginate(Filters=[free, *_own(self.premises)]):
            for volume in page["Volumes"]:
                young = self.premises.young(volume.get("CreateTime"))
                if not young and _idle(self.premises, tags_of(volume.get("Tags"))):
                    yield Orphan(
                        self.name,
                        volume["VolumeId"],
                        _FREE,
                        price="volume",
                        quantity=float(volume["Size"]),
                    )

    def remove(self, resource: Orphan) -> bool:
        """Delete it."""
        self.premises.clients.client("ec2").delete_volume(VolumeId=resource.id)
        return True


@dataclass(frozen=True)
class OrphanTargetGroups:
    """Target groups, which cost nothing."""

    premises: OwnedResources
    name: str = "target group"

    def find(self) -> Iterator[Orphan]:
        """Those that can go."""
        client = self.premises.clients.client("elbv2")
        pages = client.get_paginator("describe_target_groups").paginate()
        free = [
            group["TargetGroupArn"]
            for page in pages
            for group in page["TargetGroups"]
            if not group.get("LoadBalancerArns")
        ]
        for some in chunks(free, _TAGS):
            for row in client.describe_tags(ResourceArns=some)["TagDescriptions"]:
                if _idle(self.premises, tags_of(row.get("Tags"))):
                    yield Orphan(self.name, row["ResourceArn"], _FREE)

    def remove(self, resource: Orphan) -> bool:
        """Delete it."""
        self.premises.clients.client("elbv2").delete_target_group(TargetGroupArn=resource.id)
        return True


def _own(premises: OwnedResources) -> list[FilterTypeDef]:
    return [{"Name": "tag:application", "Values": [premises.application]}]


def _idle(premises: OwnedResources, tags: Mapping[str, str]) -> bool:
    return premises.ours(tags) and not premises.stays_with_stack(tags)


# Looks at every kind of leftovers, and removes what somebody agreed to.


@dataclass(frozen=True)
class OrphanScan:
    """found: what can go. unseen: kind → why it could not be looked at."""

    found: tuple[Orphan, ...]
    unseen: dict[str, str]


def orphan_kinds(premises: OwnedResources, needed: ResourcesInUse | None) -> tuple[OrphanKind, ...]:
    """Those that can be looked at. needed: None where it is not known what has to stay."""
    others: tuple[OrphanKind, ...] = (
        OrphanLogGroups(premises),
        OrphanSnapshots(premises),
        OrphanAddresses(premises),
        OrphanVolumes(premises),
        OrphanTargetGroups(premises),
    )
    if needed is None:
        return others
    return (OrphanImages(premises, needed), OrphanTaskDefinitions(premises, needed), *others)


def scan_orphans(looked_at: Sequence[OrphanKind]) -> OrphanScan:
    """Find everything that can go; what AWS refuses to show is named."""
    resources: list[Orphan] = []
    unseen: dict[str, str] = {}
    for kind in looked_at:
        try:
            with translate_aws_errors():
                resources += kind.find()
        except ShipwayError as problem:
            unseen[kind.name] = problem.message
    return OrphanScan(tuple(resources), unseen)


def remove_orphans(
    looked_at: Sequence[OrphanKind], shown: Sequence[Orphan]
) -> tuple[list[Orphan], list[str]]:
    """Remove what was shown and can still go: what has gone, and why something has not."""
    agreed = {resource.key for resource in shown}
    gone: list[Orphan] = []
    problems: list[str] = []
    by_name = {kind.name: kind for kind in looked_at}
    for resource in scan_orphans(looked_at).found:
        if resource.key not in agreed:
            continue
        try:
            with translate_aws_errors():
                if by_name[resource.kind].remove(resource):
                    gone.append(resource)
        except ShipwayError as problem:
            problems.append(problem.message)
    return gone, problems
