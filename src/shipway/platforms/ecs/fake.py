"""ECS as far as Shipway asks it, in memory and in virtual time; for tests.

What is asked and answered is held to botocore's shapes (fake_account.py) and to what shapes cannot
say (fake_rules.py). M and G as there. What nobody wrote down is marked "assumed", and listed in
docs/ecs.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shipway.platforms.ecs.fake_answers import described
from shipway.platforms.ecs.fake_deployment import FakeDeployment
from shipway.platforms.ecs.fake_rules import faults
from shipway.platforms.ecs.fake_service import ACCOUNT, ECS, GROUPS, RULE, FakeService
from shipway.platforms.ecs.fake_shapes import Operation, refuse


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

    def describe_services(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeServices of the one there is."""
        if given["services"] != [self.name] or given.get("cluster") != self.cluster:
            return {"services": [], "failures": [{"reason": "MISSING"}]}
        going = self.going()
        revision = going.target if going else self.current
        return {
            "services": [
                {
                    "serviceArn": self.arn, "serviceName": self.name, "status": "ACTIVE",
                    "clusterArn": f"{ECS}:cluster/{self.cluster}",
                    "desiredCount": self.desired, "runningCount": self.desired - self.missing,
                    "taskDefinition": self.revisions[revision]["definition"],
                    "deploymentConfiguration": dict(self.configuration),
                    "loadBalancers": [self._load_balancer(GROUPS[0])],
                    "events": list(reversed(self.events)),
                }
            ]
        }  # fmt: skip

    def update_service(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A new deployment where the task definition is another one (M: which parameters
        trigger one)."""
        self._must_be_here(given)
        if wrong := faults(given.get("deploymentConfiguration", {})):
            refuse("UpdateService", "InvalidParameterException", "; ".join(wrong))
        self.configuration = given.get("deploymentConfiguration", self.configuration)
        definition = given.get("taskDefinition", "")
        if definition and definition not in self.definitions:
            refuse("UpdateService", "ClientException", "TaskDefinition not found.")
        if definition and definition != self.revisions[self.current]["definition"]:
            if going := self.going():
                going.supersede(self.clock.now())  # assumed: the status of one that is replaced
            self.deploy(definition, self.configuration, self.scenario)
        return {"service": self.describe_services(
            {"cluster": self.cluster, "services": [self.name]})["services"][0]}  # fmt: skip

    def list_service_deployments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Newest first."""
        self._must_be_here(given)
        wanted = given.get("status")
        return {
            "serviceDeployments": [
                {"serviceDeploymentArn": one.arn, "status": one.status,
                 "targetServiceRevisionArn": one.target}
                for one in reversed(self.deployments) if not wanted or one.status in wanted
            ]
        }  # fmt: skip

    def describe_service_deployments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """At most 20 (M)."""
        arns = given["serviceDeploymentArns"]
        if len(arns) > 20:
            refuse("DescribeServiceDeployments", "InvalidParameterException", "at most 20 ARNs")
        found = [one for one in self.deployments if one.arn in arns]
        return {"serviceDeployments": [described(one, self.arn, self.desired) for one in found]}

    def describe_service_revisions(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """With what the load balancer has been told (G)."""
        if len(given["serviceRevisionArns"]) > 20:
            refuse("DescribeServiceRevisions", "InvalidParameterException", "at most 20 ARNs")
        return {
            "serviceRevisions": [
                {
                    "serviceRevisionArn": arn, "serviceArn": self.arn,
                    "taskDefinition": self.revisions[arn]["definition"],
                    "resolvedConfiguration": {
                        "loadBalancers": [
                            {"targetGroupArn": self.revisions[arn]["group"],
                             "productionListenerRule": RULE}
                        ]
                    },
                }
                for arn in given["serviceRevisionArns"] if arn in self.revisions
            ]
        }  # fmt: skip

    def stop_service_deployment(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Rolls back (M: ROLLBACK is the only type, and needs no rollback configured)."""
        found = self._deployment(given["serviceDeploymentArn"], "StopServiceDeployment")
        if found.over:
            refuse("StopServiceDeployment", "ConflictException", "It has ended.")  # assumed
        found.stop(self.clock.now(), "Service deployment was stopped by a user.")
        return {"serviceDeploymentArn": found.arn}

    def continue_service_deployment(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Answers a pause."""
        operation = "ContinueServiceDeployment"
        found = self._deployment(given["serviceDeploymentArn"], operation)
        hook = next((one for one in found.hooks if one.identity == given["hookId"]), None)
        if hook is None or hook.status != "AWAITING_ACTION":
            refuse(operation, "InvalidParameterException", "No such hook waits.")  # assumed
        found.answer(self.clock.now(), hook, given.get("action", "CONTINUE"))
        return {"serviceDeploymentArn": found.arn}

    def register_task_definition(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The next revision of its family."""
        return {"taskDefinition": self.definitions[self.define(given)]}

    def describe_task_definition(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """One."""
        if given["taskDefinition"] not in self.definitions:
            refuse("DescribeTaskDefinition", "ClientException", "Unable to describe it.")
        return {"taskDefinition": self.definitions[given["taskDefinition"]]}

    def list_tasks(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """RUNNING, or STOPPED."""
        stopped = given.get("desiredStatus") == "STOPPED"
        return {"taskArns": [one["taskArn"] for one in self.tasks(stopped=stopped)]}

    def describe_tasks(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """At most 100 (M)."""
        if len(given["tasks"]) > 100:
            refuse("DescribeTasks", "InvalidParameterException", "at most 100 tasks")
        both = [*self.tasks(stopped=True), *self.tasks(stopped=False)]
        return {"tasks": [one for one in both if one["taskArn"] in given["tasks"]]}

    def _deployment(self, arn: str, operation: str) -> FakeDeployment:
        found = next((one for one in self.deployments if one.arn == arn), None)
        if found is None:
            refuse(operation, "ServiceDeploymentNotFoundException", "There is none.")
        return found

    def _must_be_here(self, given: Mapping[str, Any]) -> None:
        if given.get("service") not in (self.name, self.arn):
            refuse("ECS", "ServiceNotFoundException", "Service not found.")

    def _load_balancer(self, group: str) -> dict[str, Any]:
        return {
            "targetGroupArn": group, "containerName": "web", "containerPort": 8000,
            "advancedConfiguration": {
                "alternateTargetGroupArn": GROUPS[1], "productionListenerRule": RULE,
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/shop-traffic",
            },
        }  # fmt: skip
