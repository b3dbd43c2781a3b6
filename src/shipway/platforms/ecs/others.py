"""Deployments that are in progress, whoever began them: on ECS, that is the lease."""

from __future__ import annotations

from shipway.core.command_line import command_line
from shipway.core.errors import Busy
from shipway.platforms.ecs.deployment import Deployment
from shipway.platforms.ecs.service import Service
from shipway.platforms.ecs.taskdef import release_in


class Others:
    """Of one service. Raises Refused and Lost (calls.py) in every method."""

    def __init__(self, service: Service, environment: str) -> None:
        self._service = service
        self._environment = environment

    def going(self) -> Deployment | None:
        """The one that is in progress."""
        found = self._service.deployments(self._service.under_way())
        return found[0] if found else None

    def refuse(self) -> None:
        """Raises Busy where one is."""
        if found := self.going():
            raise self.busy(self.release_in(found), found.arn)

    def busy(self, release: str, deployment: str) -> Busy:
        """What another command is told."""
        name = self._environment
        return Busy(
            f"another rollout goes on in {name}: of {release} ({deployment.rsplit('/', 1)[-1]})",
            f"Wait for it; or {command_line('resume', name)}, {command_line('cancel', name)}.",
        )

    def release_in(self, deployment: Deployment) -> str:
        """The release that it brings, as the task definition's RELEASE tells; else that one's
        name."""
        target = deployment.target
        found = self._service.revisions([target] if target else [])
        arn = str(found.get(target, {}).get("taskDefinition", ""))
        if not arn:
            return "a release"
        return release_in(self._service.task_definition(arn)) or arn.rsplit("/", 1)[-1]
