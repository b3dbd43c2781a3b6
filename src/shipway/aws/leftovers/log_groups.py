"""Log groups that keep everything for ever, and those of environments that are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.aws.leftovers.premises import Premises
from shipway.core.leftovers import Leftover

LIMITED = "limited to 30 days"
_DAYS = 30
_SHARED = ("/aws/events/", "/aws/rds/instance/", "/aws/ecs/containerinsights/")


@dataclass(frozen=True)
class LogGroups:
    """Those of an application: `/APPLICATION/ENVIRONMENT/…`, and AWS's own for its things."""

    premises: Premises
    name: str = "log group"

    @property
    def _client(self) -> Any:
        return self.premises.clients.client("logs")

    def find(self) -> Iterator[Leftover]:
        """Those that can go, or should forget something."""
        own = [(str(one["logGroupName"]).split("/")[2], one)
               for one in self._groups(f"/{self.premises.application}/")]  # fmt: skip
        known = self.premises.environments
        # Somebody's own group may begin with the same word: of others the tags decide.
        ours = [(name, one) for name, one in own if name in known or self._tagged(one)]
        gone = {name for name in {name for name, _ in ours} if self.premises.gone(name)}
        for environment, group in ours:
            yield from self._judged(group, environment, gone)
        for start in _SHARED:
            for group in self._groups(f"{start}{self.premises.application}-"):
                environment = self._whose(str(group["logGroupName"]).removeprefix(start), gone)
                yield from self._judged(group, environment, gone)

    def remove(self, one: Leftover) -> bool:
        """Delete it, or let it forget what is older than 30 days."""
        if one.done == LIMITED:
            self._client.put_retention_policy(logGroupName=one.id, retentionInDays=_DAYS)
        else:
            self._client.delete_log_group(logGroupName=one.id)
        return True

    def _groups(self, start: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("describe_log_groups")
        for page in pages.paginate(logGroupNamePrefix=start):
            yield from page["logGroups"]

    def _tagged(self, group: Mapping[str, Any]) -> bool:
        arn = str(group["arn"]).removesuffix(":*")
        found: dict[str, str] = self._client.list_tags_for_resource(resourceArn=arn)["tags"]
        return self.premises.ours(found)

    def _whose(self, rest: str, gone: set[str]) -> str:
        """The environment, by its exact prefix; "" where it may be another application's."""
        first = rest.partition("/")[0]
        known = (*self.premises.environments, *gone)
        return next((name for name in known if self.premises.names(name).prefix == first), "")

    def _judged(
        self, group: Mapping[str, Any], environment: str, gone: set[str]
    ) -> Iterator[Leftover]:
        name, stored = str(group["logGroupName"]), float(group.get("storedBytes", 0)) / 1e9
        if environment in gone:
            why = f"{environment} is in no shipway.toml and has no stack"
            yield Leftover(self.name, name, why, price="logs-kept", quantity=stored)
        elif environment in self.premises.environments and not group.get("retentionInDays"):
            why = "it keeps every line for ever"
            yield Leftover(self.name, name, why, LIMITED, "logs-kept", stored)
