"""Task definitions that nothing runs and no rollback goes back to. They cost nothing: clutter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shipway.aws.leftovers.premises import Premises
from shipway.core.leftovers import Leftover, Needed

RETIRED = "deregistered"  # no longer offered; it can still be read, and is deleted next time


@dataclass(frozen=True)
class Definitions:
    """needed: what stays. The newest of a family always does."""

    premises: Premises
    needed: Needed
    name: str = "task definition"

    @property
    def _client(self) -> Any:
        return self.premises.clients.client("ecs")

    def find(self) -> Iterator[Leftover]:
        """Of the families of the configured environments."""
        for environment in self.premises.environments:
            settings = self.premises.config.environments[environment].ecs
            family = settings.family or self.premises.names(environment).family
            active = self._of(family, "ACTIVE")
            for arn in active[:-1]:
                if arn not in self.needed.definitions and not self._young(arn):
                    yield Leftover(self.name, arn, "nothing runs it", RETIRED)
            for arn in self._of(family, "INACTIVE"):
                if arn not in self.needed.definitions:
                    yield Leftover(self.name, arn, "deregistered, and nothing runs it")

    def remove(self, one: Leftover) -> bool:
        """Deregister, or delete what was."""
        if one.done == RETIRED:
            self._client.deregister_task_definition(taskDefinition=one.id)
            return True
        return not self._client.delete_task_definitions(taskDefinitions=[one.id]).get("failures")

    def _of(self, family: str, status: str) -> list[str]:
        """Of exactly this family, by revision."""
        pages = self._client.get_paginator("list_task_definitions").paginate(
            familyPrefix=family, status=status
        )
        arns = [str(arn) for page in pages for arn in page["taskDefinitionArns"]]
        own = [arn for arn in arns if arn.rpartition("/")[2].rpartition(":")[0] == family]
        return sorted(own, key=lambda arn: int(arn.rpartition(":")[2]))

    def _young(self, arn: str) -> bool:
        found = self._client.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        return self.premises.young(found.get("registeredAt"))
