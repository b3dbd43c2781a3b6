"""Addresses, volumes and target groups that hang on nothing. Only those with our tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.aws.leftovers.premises import Premises, chunks, tags_of
from shipway.core.cost.line import HOURS
from shipway.core.leftovers import Leftover

_FREE = "nothing uses it, and no stack has it"
_TAGS = 20  # resources in one question (DescribeTags)


@dataclass(frozen=True)
class Addresses:
    """Public addresses."""

    premises: Premises
    name: str = "address"

    def find(self) -> Iterator[Leftover]:
        """Those that can go."""
        asked = self.premises.clients.client("ec2").describe_addresses(Filters=_own(self.premises))
        for one in asked["Addresses"]:
            used = one.get("AssociationId") or one.get("NetworkInterfaceId")
            if not used and _idle(self.premises, tags_of(one.get("Tags"))):
                why = f"{one.get('PublicIp', '')}: {_FREE}"
                yield Leftover(self.name, one["AllocationId"], why, price="public-ip",
                               quantity=HOURS)  # fmt: skip

    def remove(self, one: Leftover) -> bool:
        """Give it back."""
        self.premises.clients.client("ec2").release_address(AllocationId=one.id)
        return True


@dataclass(frozen=True)
class Volumes:
    """Disks."""

    premises: Premises
    name: str = "volume"

    def find(self) -> Iterator[Leftover]:
        """Those that can go."""
        free = {"Name": "status", "Values": ["available"]}
        pages = self.premises.clients.client("ec2").get_paginator("describe_volumes")
        for page in pages.paginate(Filters=[free, *_own(self.premises)]):
            for one in page["Volumes"]:
                young = self.premises.young(one.get("CreateTime"))
                if not young and _idle(self.premises, tags_of(one.get("Tags"))):
                    yield Leftover(self.name, one["VolumeId"], _FREE, price="volume",
                                   quantity=float(one["Size"]))  # fmt: skip

    def remove(self, one: Leftover) -> bool:
        """Delete it."""
        self.premises.clients.client("ec2").delete_volume(VolumeId=one.id)
        return True


@dataclass(frozen=True)
class TargetGroups:
    """Target groups, which cost nothing."""

    premises: Premises
    name: str = "target group"

    def find(self) -> Iterator[Leftover]:
        """Those that can go."""
        client = self.premises.clients.client("elbv2")
        pages = client.get_paginator("describe_target_groups").paginate()
        free = [one["TargetGroupArn"] for page in pages for one in page["TargetGroups"]
                if not one.get("LoadBalancerArns")]  # fmt: skip
        for some in chunks(free, _TAGS):
            for row in client.describe_tags(ResourceArns=some)["TagDescriptions"]:
                if _idle(self.premises, tags_of(row.get("Tags"))):
                    yield Leftover(self.name, row["ResourceArn"], _FREE)

    def remove(self, one: Leftover) -> bool:
        """Delete it."""
        self.premises.clients.client("elbv2").delete_target_group(TargetGroupArn=one.id)
        return True


def _own(premises: Premises) -> list[dict[str, Any]]:
    return [{"Name": "tag:application", "Values": [premises.application]}]


def _idle(premises: Premises, tags: Mapping[str, str]) -> bool:
    return premises.ours(tags) and not premises.stays_with_stack(tags)
