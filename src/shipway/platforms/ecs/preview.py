"""What a deploy would change, before anything changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipway.core.account import Account
from shipway.core.config import Environment
from shipway.core.naming import Names
from shipway.core.ports import Clients
from shipway.core.release import Release
from shipway.platforms.ecs.configuration import deploying
from shipway.platforms.ecs.difference import Change, difference
from shipway.platforms.ecs.oneoff import serving
from shipway.platforms.ecs.taskdef import render


@dataclass(frozen=True)
class Preview:
    """running: the revision that runs, `family:7`. definition, deployment: what would change in
    the task definition, and in how ECS deploys it."""

    running: str
    definition: tuple[Change, ...]
    deployment: tuple[Change, ...]


def preview(
    clients: Clients, settings: Environment, names: Names, release: Release,
    template: Mapping[str, Any] | None, *, account: Account, health: str,
) -> Preview:  # fmt: skip
    """Look at what runs and compare it with what would. Nothing is changed.

    template: what the definition starts from instead of the running one. Raises ConfigError;
    botocore's errors pass.
    """
    service = serving(clients, settings, names)
    arn = str(service["taskDefinition"])
    running = clients.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
    wanted = render(settings, names, release, template or running, account=account, health=health)
    configured = deploying(settings, int(service.get("desiredCount", 0)))
    now = service.get("deploymentConfiguration", {})
    before = {key: now[key] for key in configured.keys() & now.keys()}
    return Preview(
        arn.rpartition("/")[2], difference(running, wanted), difference(before, configured)
    )
