"""One service on ECS: what runs, what is being deployed, and the few things that change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shipway.aws.client import RenewingClient
from shipway.aws.errors import AwsApiError
from shipway.aws.names import AwsResourceNames
from shipway.config.schema import Environment
from shipway.errors import ConfigError
from shipway.rollouts.ecs.deployment import GOING, Deployment, deployment_from

# What UpdateService and StopServiceDeployment say where the deployment has gone on by itself.
_PAST = {"ConflictException", "InvalidParameterException", "ServiceDeploymentNotFoundException"}


@dataclass(frozen=True)
class ServiceRef:
    """Where a service is: what the settings say, or the names that the stacks give."""

    cluster: str
    service: str
    container: str

    @classmethod
    def of(cls, settings: Environment, names: AwsResourceNames) -> ServiceRef:
        """Of an environment."""
        ecs = settings.ecs
        return cls(ecs.cluster or names.cluster, ecs.service or names.service, ecs.container)


class EcsService:
    """Raises AwsApiError and AwsUnreachable in every method."""

    def __init__(self, calls: RenewingClient, reference: ServiceRef) -> None:
        self._calls = calls
        self.place = reference

    def describe(self) -> dict[str, Any]:
        """DescribeServices of it. Raises ConfigError where there is no such service."""
        reference = self.place
        answer = self._calls(
            "ecs", "describe_services", cluster=reference.cluster, services=[reference.service]
        )
        active = [
            service for service in answer.get("services", []) if service.get("status") != "INACTIVE"
        ]
        if not active:
            raise ConfigError(
                f"there is no service {reference.service} in the cluster {reference.cluster}",
                "Create the environment: shipway infra apply ENV; or correct ecs.cluster and "
                "ecs.service in shipway.toml.",
                code="no-stack",
            )
        first: dict[str, Any] = active[0]
        return first

    def task_definition(self, arn: str) -> dict[str, Any]:
        """DescribeTaskDefinition."""
        answer = self._calls("ecs", "describe_task_definition", taskDefinition=arn)
        definition: dict[str, Any] = answer["taskDefinition"]
        return definition

    def register(self, definition: Mapping[str, Any]) -> str:
        """A new revision; its ARN."""
        answer = self._calls("ecs", "register_task_definition", **definition)
        arn: str = answer["taskDefinition"]["taskDefinitionArn"]
        return arn

    def under_way(self) -> list[str]:
        """Deployments that have not ended."""
        return self._listed(status=list(GOING))

    def known(self) -> list[str]:
        """All deployments that ECS still tells of, the newest 100."""
        return self._listed()

    def _listed(self, **filters: Any) -> list[str]:
        answer = self._calls(
            "ecs",
            "list_service_deployments",
            cluster=self.place.cluster,
            service=self.place.service,
            maxResults=100,
            **filters,
        )
        return [
            deployment["serviceDeploymentArn"]
            for deployment in answer.get("serviceDeployments", [])
        ]

    def deployments(self, arns: Sequence[str]) -> list[Deployment]:
        """At most 20 (M)."""
        if not arns:
            return []
        answer = self._calls(
            "ecs", "describe_service_deployments", serviceDeploymentArns=list(arns[:20])
        )
        return [deployment_from(deployment) for deployment in answer.get("serviceDeployments", [])]

    def revisions(self, arns: Sequence[str]) -> dict[str, dict[str, Any]]:
        """ARN → DescribeServiceRevisions of it; at most 20 (M)."""
        if not arns:
            return {}
        answer = self._calls(
            "ecs", "describe_service_revisions", serviceRevisionArns=list(arns)[:20]
        )
        return {
            revision["serviceRevisionArn"]: revision
            for revision in answer.get("serviceRevisions", [])
        }

    def update(self, task_definition: str, configuration: Mapping[str, Any]) -> None:
        """The one call that changes what runs. Not desiredCount: that is autoscaling's."""
        self._calls(
            "ecs",
            "update_service",
            cluster=self.place.cluster,
            service=self.place.service,
            taskDefinition=task_definition,
            deploymentConfiguration=dict(configuration),
        )

    def answer(self, deployment: str, hook: str, *, go_on: bool) -> None:
        """Answer a pause; one that has been answered meanwhile is none."""
        self._unless_past(
            "continue_service_deployment",
            serviceDeploymentArn=deployment,
            hookId=hook,
            action="CONTINUE" if go_on else "ROLLBACK",
        )

    def stop(self, deployment: str) -> None:
        """Have it undone; one that has ended meanwhile stays as it is."""
        self._unless_past(
            "stop_service_deployment", serviceDeploymentArn=deployment, stopType="ROLLBACK"
        )

    def _unless_past(self, operation: str, **parameters: Any) -> None:
        try:
            self._calls("ecs", operation, **parameters)
        except AwsApiError as problem:
            if problem.aws_code not in _PAST:
                raise

    def tasks(self, status: str) -> list[dict[str, Any]]:
        """DescribeTasks of those RUNNING or STOPPED (ECS tells of these for an hour); 100."""
        reference = self.place
        answer = self._calls(
            "ecs",
            "list_tasks",
            cluster=reference.cluster,
            serviceName=reference.service,
            desiredStatus=status,
            maxResults=100,
        )
        arns = answer.get("taskArns", [])
        if not arns:
            return []
        described = self._calls("ecs", "describe_tasks", cluster=reference.cluster, tasks=arns)
        tasks: list[dict[str, Any]] = described.get("tasks", [])
        return tasks
