"""One service on ECS: what runs, what is being deployed, and the few things that change it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shipway.aws.errors import AwsApiError
from shipway.aws.names import AwsResourceNames
from shipway.config.schema import Environment
from shipway.errors import ConfigError
from shipway.ports import Clients
from shipway.rollouts.ecs.deployment import GOING, Deployment, deployment_from

if TYPE_CHECKING:
    from types_boto3_ecs.literals import ServiceDeploymentStatusType
    from types_boto3_ecs.type_defs import (
        DeploymentConfigurationUnionTypeDef,
        ListServiceDeploymentsRequestTypeDef,
        ListTasksRequestTypeDef,
        RegisterTaskDefinitionRequestTypeDef,
        ServiceRevisionTypeDef,
        ServiceTypeDef,
        TagTypeDef,
        TaskDefinitionTypeDef,
        TaskTypeDef,
        UpdateServiceRequestTypeDef,
    )

_NEWEST = 100  # deployments that are looked at
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
    """Raises AwsApiError and AwsUnreachable in every method.

    calls: clients that raise these (aws/client.py).
    """

    def __init__(self, calls: Clients, reference: ServiceRef) -> None:
        self._ecs = calls.client("ecs")
        self.place = reference

    def describe(self) -> ServiceTypeDef:
        """DescribeServices of it. Raises ConfigError where there is no such service."""
        reference = self.place
        answer = self._ecs.describe_services(
            cluster=reference.cluster, services=[reference.service]
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
        return active[0]

    def task_definition(self, arn: str) -> TaskDefinitionTypeDef:
        """DescribeTaskDefinition."""
        return self._ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]

    def task_definition_tags(self, arn: str) -> list[TagTypeDef]:
        """Its tags, which the next revision gets only if it is told (M: DescribeTaskDefinition,
        include). Without those of AWS itself, which nobody else may set."""
        answer = self._ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
        return [tag for tag in answer.get("tags", []) if not tag["key"].startswith("aws:")]

    def register(self, definition: RegisterTaskDefinitionRequestTypeDef) -> str:
        """A new revision; its ARN."""
        answer = self._ecs.register_task_definition(**definition)
        return answer["taskDefinition"]["taskDefinitionArn"]

    def under_way(self) -> list[str]:
        """Deployments that have not ended."""
        return self._listed(GOING)

    def known(self) -> list[str]:
        """All deployments that ECS still tells of, the newest 100."""
        return self._listed()

    def _listed(self, status: Sequence[ServiceDeploymentStatusType] = ()) -> list[str]:
        """Those in one of these states; without any, all. Page by page, up to the newest 100."""
        request: ListServiceDeploymentsRequestTypeDef = {
            "cluster": self.place.cluster,
            "service": self.place.service,
            "maxResults": 100,
        }
        if status:
            request["status"] = status
        arns: list[str] = []
        while True:
            answer = self._ecs.list_service_deployments(**request)
            rows = answer.get("serviceDeployments", [])
            arns += [row["serviceDeploymentArn"] for row in rows]
            token = answer.get("nextToken", "")
            if not token or len(arns) >= _NEWEST:
                return arns[:_NEWEST]
            request["nextToken"] = token

    def deployments(self, arns: Sequence[str]) -> list[Deployment]:
        """At most 20 (M)."""
        if not arns:
            return []
        answer = self._ecs.describe_service_deployments(serviceDeploymentArns=list(arns[:20]))
        return [deployment_from(deployment) for deployment in answer.get("serviceDeployments", [])]

    def revisions(self, arns: Sequence[str]) -> dict[str, ServiceRevisionTypeDef]:
        """ARN → DescribeServiceRevisions of it; at most 20 (M)."""
        if not arns:
            return {}
        answer = self._ecs.describe_service_revisions(serviceRevisionArns=list(arns)[:20])
        return {
            revision["serviceRevisionArn"]: revision
            for revision in answer.get("serviceRevisions", [])
        }

    def update(
        self,
        task_definition: str,
        configuration: DeploymentConfigurationUnionTypeDef,
        desired: int | None = None,
    ) -> None:
        """The one call that changes what runs. desired: how many tasks there are to be, only where
        there are none: else that is autoscaling's."""
        request: UpdateServiceRequestTypeDef = {
            "cluster": self.place.cluster,
            "service": self.place.service,
            "taskDefinition": task_definition,
            "deploymentConfiguration": configuration,
        }
        if desired is not None:
            request["desiredCount"] = desired
        self._ecs.update_service(**request)

    def scale(self, desired: int) -> None:
        """Have so many tasks; that is no deployment (M: UpdateService)."""
        self._ecs.update_service(
            cluster=self.place.cluster, service=self.place.service, desiredCount=desired
        )

    def remove_hooks(self) -> None:
        """Take the pauses off the service, or a deployment that somebody else begins waits for
        answers that nobody gives. UpdateService keeps what it is not told: only an empty list
        removes them (docs/assumptions.md). That is no deployment (M)."""
        self._ecs.update_service(
            cluster=self.place.cluster,
            service=self.place.service,
            deploymentConfiguration={"lifecycleHooks": []},
        )

    def answer(self, deployment: str, hook: str, *, go_on: bool) -> None:
        """Answer a pause; one that has been answered meanwhile is none."""
        _unless_past(
            lambda: self._ecs.continue_service_deployment(
                serviceDeploymentArn=deployment,
                hookId=hook,
                action="CONTINUE" if go_on else "ROLLBACK",
            )
        )

    def stop(self, deployment: str) -> None:
        """Have it undone; one that has ended meanwhile stays as it is."""
        _unless_past(
            lambda: self._ecs.stop_service_deployment(
                serviceDeploymentArn=deployment, stopType="ROLLBACK"
            )
        )

    def tasks(self, status: Literal["RUNNING", "STOPPED"]) -> list[TaskTypeDef]:
        """DescribeTasks of those RUNNING or STOPPED (ECS tells of these for an hour)."""
        reference = self.place
        request: ListTasksRequestTypeDef = {
            "cluster": reference.cluster,
            "serviceName": reference.service,
            "desiredStatus": status,
            "maxResults": 100,
        }
        tasks: list[TaskTypeDef] = []
        while True:
            answer = self._ecs.list_tasks(**request)
            if arns := answer.get("taskArns", []):
                described = self._ecs.describe_tasks(cluster=reference.cluster, tasks=arns)
                tasks += described.get("tasks", [])
            if not answer.get("nextToken"):
                return tasks
            request["nextToken"] = answer["nextToken"]


def _unless_past(call: Callable[[], object]) -> None:
    """Make a call; that what it is about has gone on meanwhile is no error."""
    try:
        call()
    except AwsApiError as problem:
        if problem.aws_code not in _PAST:
            raise
