"""ECS as far as Shipway asks it, in memory and in virtual time; for tests.

What is asked and answered is held to botocore's shapes (aws_account.py) and to what shapes cannot
say (fake_rules.py). M and G as there. What nobody wrote down is marked "assumed", and listed in
docs/ecs.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.fakes.aws_shapes import Operation, raise_client_error
from tests.fakes.ecs_answers import describe_deployment
from tests.fakes.ecs_deployment import FakeDeployment
from tests.fakes.ecs_rules import configuration_faults
from tests.fakes.ecs_service import ACCOUNT, ECS, GROUPS, RULE, TEST_RULE, FakeService


class FakeEcs(FakeService):
    """The one service of one cluster, and what can be asked of it."""

    def operations(self) -> Mapping[str, Operation]:
        """boto3's name of an operation → what carries it out: all that this fake has."""
        return {
            "describe_services": self.describe_services,
            "update_service": self.update_service,
            "list_service_deployments": self.list_service_deployments,
            "describe_service_deployments": self.describe_service_deployments,
            "describe_service_revisions": self.describe_service_revisions,
            "stop_service_deployment": self.stop_service_deployment,
            "continue_service_deployment": self.continue_service_deployment,
            "register_task_definition": self.register_task_definition,
            "describe_task_definition": self.describe_task_definition,
            "list_tasks": self.list_tasks,
            "describe_tasks": self.describe_tasks,
        }

    def describe_services(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeServices of the one there is."""
        if parameters["services"] != [self.name] or parameters.get("cluster") != self.cluster:
            return {"services": [], "failures": [{"reason": "MISSING"}]}
        going = self.going()
        revision = going.target if going else self.current
        return {
            "services": [
                {
                    "serviceArn": self.arn,
                    "serviceName": self.name,
                    "status": "ACTIVE",
                    "clusterArn": f"{ECS}:cluster/{self.cluster}",
                    "desiredCount": self.desired,
                    "runningCount": self.running(),
                    "taskDefinition": self.revisions[revision]["definition"],
                    "deploymentConfiguration": dict(self.configuration),
                    "loadBalancers": [self._load_balancer(GROUPS[0])],
                    "events": list(reversed(self.events)),
                }
            ]
        }

    def update_service(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """A new deployment where the task definition is another one (M: which parameters
        trigger one)."""
        self._must_be_here(parameters)
        told = parameters.get("deploymentConfiguration", {})
        if wrong := configuration_faults(told):
            raise_client_error("UpdateService", "InvalidParameterException", "; ".join(wrong))
        # rule ecs-configuration-merged: LIVE go-to-k/cdkd#1805 (what is not told stays; a block
        # that is told replaces the one before)
        # rule ecs-hooks-stay: LIVE hashicorp/terraform-provider-aws#47096 (only an empty list
        # removes them)
        self.configuration = {**self.configuration, **told}
        # rule ecs-update-without-deployment: MODEL UpdateService: deploymentConfiguration and
        # desiredCount do not trigger a deployment
        self.desired = parameters.get("desiredCount", self.desired)
        definition = parameters.get("taskDefinition", "")
        if definition and definition not in self.definitions:
            raise_client_error("UpdateService", "ClientException", "TaskDefinition not found.")
        if definition and definition != self.revisions[self.current]["definition"]:
            if going := self.going():
                going.supersede(self.clock.now())  # assumed: the status of one that is replaced
            self.deploy(definition, self.configuration, self.scenario)
        return {
            "service": self.describe_services({"cluster": self.cluster, "services": [self.name]})[
                "services"
            ][0]
        }

    def list_service_deployments(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Newest first."""
        self._must_be_here(parameters)
        statuses = parameters.get("status")
        rows = [
            {
                "serviceDeploymentArn": deployment.arn,
                "status": deployment.status,
                "targetServiceRevisionArn": deployment.target,
            }
            for deployment in reversed(self.deployments)
            if not statuses or deployment.status in statuses
        ]
        return self._page("serviceDeployments", rows, parameters)

    def _page(self, key: str, rows: Sequence[Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
        # rule ecs-pages: MODEL ListTasks, ListServiceDeployments: a page has at most maxResults,
        # and may have fewer although there are more
        first = int(parameters.get("nextToken", "0"))
        after = first + min(self.page, parameters.get("maxResults", 100))
        more = {"nextToken": str(after)} if after < len(rows) else {}
        return {key: list(rows[first:after]), **more}

    def describe_service_deployments(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """At most 20 (M)."""
        arns = parameters["serviceDeploymentArns"]
        if len(arns) > 20:
            raise_client_error(
                "DescribeServiceDeployments", "InvalidParameterException", "at most 20 ARNs"
            )
        deployments = [deployment for deployment in self.deployments if deployment.arn in arns]
        return {
            "serviceDeployments": [
                describe_deployment(deployment, self.arn, self.desired)
                for deployment in deployments
            ]
        }

    def describe_service_revisions(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """With what the load balancer has been told (G)."""
        if len(parameters["serviceRevisionArns"]) > 20:
            raise_client_error(
                "DescribeServiceRevisions", "InvalidParameterException", "at most 20 ARNs"
            )
        return {
            "serviceRevisions": [
                {
                    "serviceRevisionArn": arn,
                    "serviceArn": self.arn,
                    "taskDefinition": self.revisions[arn]["definition"],
                    "resolvedConfiguration": {
                        "loadBalancers": [
                            {
                                "targetGroupArn": self.revisions[arn]["group"],
                                "productionListenerRule": RULE,
                            }
                        ]
                    },
                }
                for arn in parameters["serviceRevisionArns"]
                if arn in self.revisions
            ]
        }

    def stop_service_deployment(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Rolls back (M: ROLLBACK is the only type, and needs no rollback configured)."""
        deployment = self._deployment(parameters["serviceDeploymentArn"], "StopServiceDeployment")
        if deployment.over:
            raise_client_error(
                "StopServiceDeployment", "ConflictException", "It has ended."
            )  # assumed
        deployment.stop(self.clock.now(), "Service deployment was stopped by a user.")
        return {"serviceDeploymentArn": deployment.arn}

    def continue_service_deployment(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Answers a pause."""
        operation = "ContinueServiceDeployment"
        deployment = self._deployment(parameters["serviceDeploymentArn"], operation)
        hook = next(
            (pausing for pausing in deployment.hooks if pausing.identity == parameters["hookId"]),
            None,
        )
        if hook is None or hook.status != "AWAITING_ACTION":
            raise_client_error(
                operation, "InvalidParameterException", "No such hook waits."
            )  # assumed
        deployment.answer(self.clock.now(), hook, parameters.get("action", "CONTINUE"))
        return {"serviceDeploymentArn": deployment.arn}

    def register_task_definition(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The next revision of its family."""
        return {"taskDefinition": self.definitions[self.define(parameters)]}

    def describe_task_definition(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """One."""
        if parameters["taskDefinition"] not in self.definitions:
            raise_client_error(
                "DescribeTaskDefinition", "ClientException", "Unable to describe it."
            )
        arn = parameters["taskDefinition"]
        # rule ecs-tags-when-asked: MODEL DescribeTaskDefinition, include: tags are in the answer
        # only where TAGS is asked for; a new revision has those that it is told, and no others
        tags = {"tags": self.tags[arn]} if "TAGS" in parameters.get("include", ()) else {}
        return {"taskDefinition": self.definitions[arn], **tags}

    def list_tasks(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """RUNNING, or STOPPED."""
        stopped = parameters.get("desiredStatus") == "STOPPED"
        arns = [task["taskArn"] for task in self.tasks(stopped=stopped)]
        return self._page("taskArns", arns, parameters)

    def describe_tasks(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """At most 100 (M)."""
        if len(parameters["tasks"]) > 100:
            raise_client_error("DescribeTasks", "InvalidParameterException", "at most 100 tasks")
        both = [*self.tasks(stopped=True), *self.tasks(stopped=False)]
        return {"tasks": [task for task in both if task["taskArn"] in parameters["tasks"]]}

    def _deployment(self, arn: str, operation: str) -> FakeDeployment:
        deployment = next(
            (candidate for candidate in self.deployments if candidate.arn == arn), None
        )
        if deployment is None:
            raise_client_error(operation, "ServiceDeploymentNotFoundException", "There is none.")
        return deployment

    def _must_be_here(self, parameters: Mapping[str, Any]) -> None:
        if parameters.get("service") not in (self.name, self.arn):
            raise_client_error("ECS", "ServiceNotFoundException", "Service not found.")

    def _load_balancer(self, group: str) -> dict[str, Any]:
        return {
            "targetGroupArn": group,
            "containerName": "web",
            "containerPort": 8000,
            "advancedConfiguration": {
                "alternateTargetGroupArn": GROUPS[1],
                "productionListenerRule": RULE,
                **({"testListenerRule": TEST_RULE} if self.has_test_rule else {}),
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/shop-traffic",
            },
        }
