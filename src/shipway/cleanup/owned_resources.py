"""What in an account is an application's own.

By exact name where an environment is configured, else by the tag `application` that everything in a
stack has: another application may begin with the same word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from shipway.aws.errors import error_code
from shipway.aws.names import AwsResourceNames
from shipway.cleanup.retention import GRACE, Orphan
from shipway.config.schema import Config
from shipway.ports import Clients

Item = TypeVar("Item")


@dataclass(frozen=True)
class OwnedResources:
    """now: seconds since the epoch."""

    clients: Clients
    config: Config
    now: float

    @property
    def application(self) -> str:
        """Its name."""
        return self.config.application.name

    @property
    def environments(self) -> tuple[str, ...]:
        """Those on AWS in shipway.toml."""
        environments = self.config.environments
        return tuple(
            name for name, environment in environments.items() if environment.platform == "ecs"
        )

    def names(self, environment: str) -> AwsResourceNames:
        """What things in an environment are called."""
        return AwsResourceNames(self.application, environment)

    def database(self, environment: str) -> str:
        """The database's identifier."""
        own = self.config.environments[environment].infrastructure.database.identifier
        return own or self.names(environment).database

    def gone(self, environment: str) -> bool:
        """Whether nobody has it: neither shipway.toml nor a stack."""
        if not environment or environment in self.config.environments:
            return False
        return not self.stacked(self.names(environment).stack)

    def stacked(self, name: str) -> bool:
        """Whether there is a stack of this name."""
        from botocore.exceptions import ClientError

        try:
            stacks = self.clients.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error_code(error) == "ValidationError":  # there is none
                return False
            raise
        return any(stack["StackStatus"] != "DELETE_COMPLETE" for stack in stacks)

    def ours(self, tags: Mapping[str, str]) -> bool:
        """Whether a stack of this application made it, or Shipway did."""
        return tags.get("application") == self.application and tags.get("managed-by") == "shipway"

    def stays_with_stack(self, tags: Mapping[str, str]) -> bool:
        """Whether a stack that exists has it: then it goes with that."""
        stack = tags.get("aws:cloudformation:stack-name", "")
        return bool(stack) and self.stacked(stack)

    def young(self, moment: datetime | None) -> bool:
        """Whether it may be about to be used. moment: since when it is there; None is young."""
        return moment is None or self.now - moment.timestamp() < GRACE


class OrphanKind(Protocol):
    """One kind of leftovers. Both raise botocore's errors."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    def find(self) -> Iterable[Orphan]:
        """What can go, found without touching it."""
        ...

    def remove(self, resource: Orphan) -> bool:
        """Do what is to be done; whether it was."""
        ...


def tags_of(rows: Iterable[Mapping[str, object]] | None) -> dict[str, str]:
    """`[{"Key", "Value"}]`, as any service answers them, as a mapping."""
    return {str(row.get("Key", "")): str(row.get("Value", "")) for row in rows or ()}


def chunks(items: Iterable[Item], size: int) -> list[list[Item]]:
    """Lists of `size` at most."""
    rows = list(items)
    return [rows[at : at + size] for at in range(0, len(rows), size)]
