"""A service on ECS in memory and in virtual time: its revisions, deployments and tasks; for tests.

Deployments go on by rollouts/state_machine.py (ecs_deployment.py). What nobody wrote down is
marked "assumed", and listed in docs/ecs.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fakes.ecs_answers import running_task, stopped_task
from tests.fakes.ecs_deployment import FakeDeployment, fake_time
from tests.fakes.ecs_scenario import Scenario, plan_from_configuration

from shipway.ports import Clock

REGION, ACCOUNT = "af-south-1", "123456789012"
ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
_ELB = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
GROUPS = (f"{_ELB}:targetgroup/shop-blue/1111", f"{_ELB}:targetgroup/shop-green/2222")
BALANCER = f"{_ELB}:loadbalancer/app/shop/3333"
RULE = f"{_ELB}:listener-rule/app/shop/3333/4444/5555"
TEST_RULE = f"{_ELB}:listener-rule/app/shop/3333/4444/6666"


class FakeService:
    """One service in one cluster. Set `scenario` before a deployment begins.

    revisions: ARN → {definition, group}. missing: tasks that do not run any more after a success.
    page: entries that a page of a list has at most. tags: of each task definition.
    """

    def __init__(self, clock: Clock, cluster: str, service: str, tasks: int = 4) -> None:
        self.clock = clock
        self.scenario = Scenario()
        self.desired = tasks
        self.cluster, self.name = cluster, service
        self.arn = f"{ECS}:service/{cluster}/{service}"
        self.definitions: dict[str, dict[str, Any]] = {}
        self.revisions: dict[str, dict[str, str]] = {}
        self.deployments: list[FakeDeployment] = []
        self.current = ""
        self.configuration: Mapping[str, Any] = {}
        self.events: list[dict[str, Any]] = []
        self.missing = 0
        self.page = 100
        self.has_test_rule = False
        self.tags: dict[str, list[dict[str, str]]] = {}
        self._interfered = False
        self._serving = tasks

    def started(self, tasks: int) -> None:
        """Have so many tasks run, whatever there were."""
        self._serving = tasks

    def running(self) -> int:
        """Tasks that run."""
        return self._serving - self.missing

    def serve(self, **definition: Any) -> str:
        """Have a revision of a task definition serve, as if it had always been there."""
        arn = self.define(definition)
        self.current = self._revise(arn, GROUPS[0])
        return arn

    def define(self, parameters: Mapping[str, Any]) -> str:
        """The next revision of a family of task definitions: its ARN."""
        number = (
            sum(other["family"] == parameters["family"] for other in self.definitions.values()) + 1
        )
        arn = f"{ECS}:task-definition/{parameters['family']}:{number}"
        definition = {key: value for key, value in parameters.items() if key != "tags"}
        self.tags[arn] = list(parameters.get("tags", ()))
        self.definitions[arn] = {
            **definition,
            "taskDefinitionArn": arn,
            "revision": number,
            "status": "ACTIVE",
        }
        return arn

    def settle(self) -> None:
        """Play what has happened until now."""
        now = self.clock.now()
        going = self.going()
        if going is None:
            return
        after = going.scenario.interferes_after
        if after is not None and not self._interfered and going.created + after <= now:
            self._interfere(going, going.created + after)
            going = self.deployments[-1]
        going.settle(now)
        if going.over and going.ended is not None:
            self._serving = going.state.old + going.state.new
            succeeded = going.status == "SUCCESSFUL"
            self.current = going.target if succeeded else going.source
            self._event(going.ended, "has reached a steady state.")

    def weights(self, at: float) -> dict[str, float]:
        """Revision → percent of production traffic at a moment."""
        began = [deployment for deployment in self.deployments if deployment.created <= at]
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
        return next(
            (variable["value"] for variable in variables if variable["name"] == "RELEASE"), ""
        )

    def going(self) -> FakeDeployment | None:
        """The deployment that is not over."""
        last = self.deployments[-1] if self.deployments else None
        return last if last and not last.over else None

    def deploy(
        self,
        definition: str,
        configuration: Mapping[str, Any],
        scenario: Scenario,
        at: float | None = None,
    ) -> None:
        """Begin a deployment; at: when, now where it is None."""
        now = self.clock.now() if at is None else at
        rolling = configuration.get("strategy", "ROLLING") == "ROLLING"
        group = self.revisions[self.current]["group"]
        other = GROUPS[1 - GROUPS.index(group)]
        target = self._revise(definition, group if rolling else other)
        # rule ecs-no-tasks: MODEL DescribeServiceDeployments, ServiceRevisionSummary: a service
        # whose desired count is 0 starts no task, and its deployment is successful
        plan = plan_from_configuration(configuration, self.desired, self._serving)
        number = len(self.deployments) + 1
        arn = f"{ECS}:service-deployment/{self.cluster}/{self.name}/deployment{number:04}"
        self.deployments.append(
            FakeDeployment(arn, configuration, target, self.current, now, scenario, plan)
        )
        self._event(now, "has started a deployment.")

    def tasks(self, *, stopped: bool) -> list[dict[str, Any]]:
        """Those that run, or those that failed."""
        prefix = f"{ECS}:task/{self.cluster}/"
        if not stopped:
            definition = self.revisions[self.current]["definition"]
            return [
                running_task(f"{prefix}running{number}", definition)
                for number in range(self.running())
            ]
        return [
            stopped_task(
                f"{prefix}{deployment.arn[-4:]}failed{task.number}",
                self.revisions[deployment.target]["definition"],
                deployment.scenario,
                task.at,
            )
            for deployment in self.deployments
            for task in deployment.stopped
        ]

    def _interfere(self, going: FakeDeployment, at: float) -> None:
        """Somebody else deploys."""
        self._interfered = True
        going.settle(at)
        if going.over:
            return
        going.supersede(at)
        definition = self.definitions[self.revisions[self.current]["definition"]]
        fields = ("family", "containerDefinitions")
        self.deploy(
            self.define({key: definition[key] for key in fields}),
            {"strategy": "ROLLING"},
            Scenario(),
            at,
        )

    def _revise(self, definition: str, group: str) -> str:
        number = len(self.revisions) + 1
        arn = f"{ECS}:service-revision/{self.cluster}/{self.name}/{number:016}"
        self.revisions[arn] = {"definition": definition, "group": group}
        return arn

    def _event(self, at: float, text: str) -> None:
        self.events.append(
            {
                "id": f"event-{len(self.events) + 1}",
                "createdAt": fake_time(at),
                "message": f"(service {self.name}) {text}",
            }
        )
