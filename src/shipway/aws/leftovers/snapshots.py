"""Snapshots whose database is gone. The newest of each stays: it may be all that is left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.aws.leftovers.premises import Premises, tags_of
from shipway.core.leftovers import Leftover


@dataclass(frozen=True)
class Snapshots:
    """Those that somebody took by hand, or CloudFormation and `infra destroy` before deleting."""

    premises: Premises
    name: str = "snapshot"

    @property
    def _client(self) -> Any:
        return self.premises.clients.client("rds")

    def find(self) -> Iterator[Leftover]:
        """Those that can go."""
        pages = self._client.get_paginator("describe_db_instances").paginate()
        living = {one["DBInstanceIdentifier"] for page in pages for one in page["DBInstances"]}
        used = {one.infrastructure.database.snapshot
                for one in self.premises.config.environments.values()}  # fmt: skip
        for database, snapshots in self._ours().items():
            ordered = sorted(snapshots, key=lambda one: one["SnapshotCreateTime"])
            for one in ordered[:-1] if database not in living else ():
                name = str(one["DBSnapshotIdentifier"])
                if name not in used and not self.premises.young(one["SnapshotCreateTime"]):
                    why = f"database {database} is gone, and there is a newer one"
                    size = float(one.get("AllocatedStorage", 0))
                    yield Leftover(self.name, name, why, price="rds-snapshot", quantity=size)

    def remove(self, one: Leftover) -> bool:
        """Delete it."""
        self._client.delete_db_snapshot(DBSnapshotIdentifier=one.id)
        return True

    def _ours(self) -> dict[str, list[Mapping[str, Any]]]:
        """By database."""
        own = {self.premises.database(name) for name in self.premises.environments}
        found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        pages = self._client.get_paginator("describe_db_snapshots")
        for page in pages.paginate(SnapshotType="manual"):
            for one in page["DBSnapshots"]:
                database = str(one["DBInstanceIdentifier"])
                if one.get("Status") == "available" and (
                    database in own or self.premises.ours(tags_of(one.get("TagList")))
                ):
                    found[database].append(one)
        return found
