"""ECS and CloudWatch Logs as far as one task needs them, in virtual time.

Requests and answers are held to botocore's shapes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from tests.fakes.clock import VirtualClock
from tests.rollouts.ecs.environment import ACCOUNT, REGION, refused
from tests.rollouts.ecs.task_definitions import rendered

TASK = ACCOUNT.arn("ecs", "task/web-production/0123abcd")
DEFINITION = ACCOUNT.arn("ecs", "task-definition/web-production:8")
SERVICE = {
    "serviceName": "web",
    "status": "ACTIVE",
    "taskDefinition": DEFINITION,
    "clusterArn": ACCOUNT.arn("ecs", "cluster/web-production"),
    "launchType": "FARGATE",
    "platformVersion": "1.4.0",
    "networkConfiguration": {
        "awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}
    },
}


@dataclass
class OneTask:
    """A task that starts, writes lines and stops at given times (seconds after RunTask).

    lines: (seconds when it arrives in CloudWatch, text). container: what DescribeTasks says of it
    once it has stopped; task: the same of the whole task.
    """

    clock: VirtualClock
    lines: list[tuple[float, str]] = field(default_factory=list)
    stops: float = 20.0
    container: dict[str, Any] = field(default_factory=lambda: {"exitCode": 0})
    task: dict[str, Any] = field(default_factory=dict)
    failures: list[dict[str, str]] = field(default_factory=list)
    hidden: float = 0.0  # seconds that DescribeTasks does not know it yet
    definition: dict[str, Any] = field(default_factory=rendered)
    services: list[dict[str, Any]] = field(default_factory=lambda: [dict(SERVICE)])
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    began: float = 0.0

    @property
    def region(self) -> str:
        return REGION

    def client(self, service: str) -> Any:
        return Shaped(self, service)

    # -- ECS ----------------------------------------------------------------------------

    def describe_services(self, **_: Any) -> dict[str, Any]:
        return {"services": self.services}

    def describe_task_definition(self, **_: Any) -> dict[str, Any]:
        return {"taskDefinition": self.definition}

    def run_task(self, **_: Any) -> dict[str, Any]:
        self.began = self.clock.now()
        tasks = [] if self.failures else [{"taskArn": TASK}]
        return {"tasks": tasks, "failures": self.failures}

    def stop_task(self, **_: Any) -> dict[str, Any]:
        return {"task": {"taskArn": TASK}}

    def describe_tasks(self, **_: Any) -> dict[str, Any]:
        age = self.clock.now() - self.began
        if age < self.hidden:
            return {"tasks": [], "failures": [{"arn": TASK, "reason": "MISSING"}]}
        if age < self.stops:
            status = "PROVISIONING" if age < 5 else "RUNNING"
            return {"tasks": [{"taskArn": TASK, "lastStatus": status}]}
        one = {
            "taskArn": TASK,
            "lastStatus": "STOPPED",
            **self.task,
            "containers": [{"name": "web", **self.container}],
        }
        return {"tasks": [one]}

    # -- CloudWatch Logs -----------------------------------------------------------------

    def get_log_events(self, **asked: Any) -> dict[str, Any]:
        arrived = [text for at, text in self.lines if at <= self.clock.now() - self.began]
        if not arrived:
            raise refused("ResourceNotFoundException", "GetLogEvents")
        start = int(asked.get("nextToken", "f/0").partition("/")[2])
        page = arrived[start : start + 2]
        return {
            "events": [{"timestamp": 0, "message": text} for text in page],
            "nextForwardToken": f"f/{start + len(page)}",
        }


class Shaped:
    """A client: every request is held to its shape, and noted."""

    def __init__(self, task: OneTask, service: str) -> None:
        self._task = task
        self._model = ServiceModel(Loader().load_service_model(service, "service-2"))

    def __getattr__(self, name: str) -> Any:
        def call(**asked: Any) -> Any:
            operation = "".join(word.capitalize() for word in name.split("_"))
            shapes = self._model.operation_model(operation)
            self._hold(asked, shapes.input_shape)
            self._task.asked.append((operation, asked))
            answer = getattr(self._task, name)(**asked)
            self._hold(answer, shapes.output_shape)
            return answer

        return call

    @staticmethod
    def _hold(value: Any, shape: Any) -> None:
        problems = ParamValidator().validate(value, shape)
        assert not problems.has_errors(), problems.generate_report()
