"""ECS as far as Shipway asks it, in memory and in virtual time; for tests.

Deployments go on by core/rollout.py (fake_deployment.py); what is asked and answered is held to
botocore's shapes (fake_account.py) and to what shapes cannot say (fake_rules.py). M and G as there.
What nobody wrote down is marked "assumed", and listed in docs/ecs.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shipway.core.ports import Clock
from shipway.platforms.ecs.fake_answers import described, running_task, stopped_task
from shipway.platforms.ecs.fake_deployment import FakeDeployment, moment
from shipway.platforms.ecs.fake_rules import faults
from shipway.platforms.ecs.fake_scenario import Scenario, plan_from
from shipway.platforms.ecs.fake_shapes import Operation, refuse

REGION, ACCOUNT = "af-south-1", "123456789012"
_ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
_ELB = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
GROUPS = (f"{_ELB}:targetgroup/shop-blue/1111", f"{_ELB}:targetgroup/shop-green/2222")
BALANCER = f"{_ELB}:loadbalancer/app/shop/3333"
_RULE = f"{_ELB}:listener-rule/app/shop/3333/4444/5555"


class FakeEcs:
    """One service in one cluster. Set `scenario` before a deployment begins."""

    def __init__(self, clock: Clock, cluster: str, service: str, tasks: int = 4) -> None:
        self.clock = clock
        self.scenario = Scenario()
        self.desired = tasks
        self.cluster, self.name = cluster, service
        self.arn = f"{_ECS}:service/{cluster}/{service}"
        self.definitions: dict[str, dict[str, Any]] = {}
        self.revisions: dict[str, dict[str, str]] = {}  # ARN → {definition, group}
        self.deployments: list[FakeDeployment] = []
        self.current = ""
        self.configuration: Mapping[str, Any] = {}
        self.events: list[dict[str, Any]] = []
        self.missing = 0  # tasks that do not run any more after a success
        self._interfered = False

    def serve(self, **definition: Any) -> str:
        """Have a revision of a task definition serve, as if it had always been there."""
        arn: str = self.register_task_definition(definition)["taskDefinition"]["taskDefinitionArn"]
        self.current = self._revise(arn, GROUPS[0])
        return arn

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

    # -- the operations -----------------------------------------------------------------------

    def describe_services(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeServices of the one there is."""
        if given["services"] != [self.name] or given.get("cluster") != self.cluster:
            return {"services": [], "failures": [{"reason": "MISSING"}]}
        going = self._going()
        revision = going.target if going else self.current
        return {
            "services": [
                {
                    "serviceArn": self.arn, "serviceName": self.name, "status": "ACTIVE",
                    "clusterArn": f"{_ECS}:cluster/{self.cluster}",
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
            if going := self._going():
                going.supersede(self.clock.now())  # assumed: the status of one that is replaced
            self._deploy(definition, self.configuration, self.scenario)
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
                             "productionListenerRule": _RULE}
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
        number = sum(one["family"] == given["family"] for one in self.definitions.values()) + 1
        arn = f"{_ECS}:task-definition/{given['family']}:{number}"
        made = {key: value for key, value in given.items() if key != "tags"}
        self.definitions[arn] = {
            **made, "taskDefinitionArn": arn, "revision": number, "status": "ACTIVE",
        }  # fmt: skip
        return {"taskDefinition": self.definitions[arn]}

    def describe_task_definition(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """One."""
        if given["taskDefinition"] not in self.definitions:
            refuse("DescribeTaskDefinition", "ClientException", "Unable to describe it.")
        return {"taskDefinition": self.definitions[given["taskDefinition"]]}

    def list_tasks(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """RUNNING, or STOPPED."""
        stopped = given.get("desiredStatus") == "STOPPED"
        return {"taskArns": [one["taskArn"] for one in self._tasks(stopped=stopped)]}

    def describe_tasks(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """At most 100 (M)."""
        if len(given["tasks"]) > 100:
            refuse("DescribeTasks", "InvalidParameterException", "at most 100 tasks")
        both = [*self._tasks(stopped=True), *self._tasks(stopped=False)]
        return {"tasks": [one for one in both if one["taskArn"] in given["tasks"]]}

    # -- below --------------------------------------------------------------------------------

    def settle(self) -> None:
        """Play what has happened until now."""
        now = self.clock.now()
        going = self._going()
        if going is None:
            return
        after = going.scenario.interferes_after
        if after is not None and not self._interfered and going.created + after <= now:
            self._interfere(going, going.created + after)
            going = self.deployments[-1]
        going.settle(now)
        if going.over and going.ended is not None:
            succeeded = going.status == "SUCCESSFUL"
            self.current = going.target if succeeded else going.source
            self._event(going.ended, "has reached a steady state.")

    def weights(self, at: float) -> dict[str, float]:
        """Revision → percent of production traffic at a moment."""
        began = [one for one in self.deployments if one.created <= at]
        if not began:
            first = self.deployments[0].source if self.deployments else self.current
            return {first: 100.0}
        last = began[-1]
        weight = next((w for when, w in reversed(last.shares) if when <= at), 0.0)
        return {last.source: 100.0 - weight, last.target: weight}

    def release_of(self, revision: str) -> str:
        """The variable RELEASE in a revision's task definition."""
        definition = self.definitions[self.revisions[revision]["definition"]]
        variables = definition["containerDefinitions"][0].get("environment", [])
        return next((one["value"] for one in variables if one["name"] == "RELEASE"), "")

    def _interfere(self, going: FakeDeployment, at: float) -> None:
        """Somebody else deploys."""
        self._interfered = True
        going.settle(at)
        if going.over:
            return
        going.supersede(at)
        made = self.definitions[self.revisions[self.current]["definition"]]
        known = ("family", "containerDefinitions")
        other = self.register_task_definition({key: made[key] for key in known})
        arn = other["taskDefinition"]["taskDefinitionArn"]
        self._deploy(arn, {"strategy": "ROLLING"}, Scenario(), at)

    def _deploy(
        self, definition: str, configuration: Mapping[str, Any], scenario: Scenario,
        at: float | None = None,
    ) -> None:  # fmt: skip
        now = self.clock.now() if at is None else at
        rolling = configuration.get("strategy", "ROLLING") == "ROLLING"
        group = self.revisions[self.current]["group"]
        other = GROUPS[1 - GROUPS.index(group)]
        target = self._revise(definition, group if rolling else other)
        plan = plan_from(configuration, self.desired, self.desired)
        number = len(self.deployments) + 1
        arn = f"{_ECS}:service-deployment/{self.cluster}/{self.name}/deployment{number:04}"
        self.deployments.append(
            FakeDeployment(arn, configuration, target, self.current, now, scenario, plan)
        )
        self._event(now, "has started a deployment.")

    def _revise(self, definition: str, group: str) -> str:
        number = len(self.revisions) + 1
        arn = f"{_ECS}:service-revision/{self.cluster}/{self.name}/{number:016}"
        self.revisions[arn] = {"definition": definition, "group": group}
        return arn

    def _event(self, at: float, words: str) -> None:
        self.events.append(
            {
                "id": f"event-{len(self.events) + 1}", "createdAt": moment(at),
                "message": f"(service {self.name}) {words}",
            }
        )  # fmt: skip

    def _going(self) -> FakeDeployment | None:
        last = self.deployments[-1] if self.deployments else None
        return last if last and not last.over else None

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
                "alternateTargetGroupArn": GROUPS[1], "productionListenerRule": _RULE,
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/shop-traffic",
            },
        }  # fmt: skip

    def _tasks(self, *, stopped: bool) -> list[dict[str, Any]]:
        prefix = f"{_ECS}:task/{self.cluster}/"
        if not stopped:
            definition = self.revisions[self.current]["definition"]
            return [
                running_task(f"{prefix}running{number}", definition)
                for number in range(self.desired)
            ]
        return [
            stopped_task(
                f"{prefix}{one.arn[-4:]}failed{task.number}",
                self.revisions[one.target]["definition"], one.scenario, task.at,
            )
            for one in self.deployments for task in one.stopped
        ]  # fmt: skip
