"""An account that has nothing, and becomes an environment with releases: stacks, registry, service,
load balancer and metrics of the other stand-ins, which know of each other here.

What the stack makes is what deploys find: its service is the one on the FakeEcs, its rules have the
weights that ECS has set, its bucket and repository are the ones that are written to.
"""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
from botocore import xform_name
from botocore.loaders import Loader
from tests.fakes.aws_account import FakeAccount
from tests.fakes.aws_shapes import raise_client_error
from tests.fakes.clock import VirtualClock
from tests.fakes.cloudformation import FakeAccountOfStacks
from tests.fakes.denying_clients import refuse
from tests.fakes.ecr_registry import FakeEcrRegistry
from tests.fakes.ecs_service import GROUPS, RULE, TEST_RULE

from shipway.infrastructure.iam_policy import iam_actions

CLUSTER = "web-staging"
_PHYSICAL = {"Blue": GROUPS[0], "Green": GROUPS[1], "ProductionRule": RULE, "TestRule": TEST_RULE}
_LIVE = ("cloudwatch", "logs", "s3", "sts")


class NewAccount(FakeAccountOfStacks):
    """Clients of one account. folder: this machine's. asked: (service, operation), in order.
    refused: a call that is refused once, as (service, operation), None for none."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.clock = VirtualClock(1_700_000_000.0)
        self.live = FakeAccount(self.clock, CLUSTER)
        self.live.s3.missing = True
        self.registry = FakeEcrRegistry("web", ("staging",))
        self.calls: list[tuple[str, str]] = []
        self.refused: tuple[str, str] | None = None

    def copied(self, folder: Path) -> NewAccount:
        """The same, from now on apart."""
        other = copy.deepcopy(self)
        other.folder = folder
        shutil.copytree(self.folder, folder)
        return other

    def client(self, service: str) -> Any:
        """A client of one service."""
        return _Service(self, service)

    def renew(self) -> None:
        """Credentials do not expire here."""

    def perform(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Any:
        """One call."""
        self.calls.append((service, operation))
        if (service, operation) == self.refused:
            self.refused = None
            names = Loader().load_service_model(service, "service-2")["operations"]
            name = next(name for name in names if xform_name(name) == operation)
            refuse(service, name, (*iam_actions(service, name), "sts:AssumeRole")[0], "*")
        self.live.s3.missing = not any(kind == "AWS::S3::Bucket" for kind, _ in self.existing)
        if service in _LIVE or service == "ecs" or operation == "describe_rules":
            return self._of_the_service(service, operation, parameters)
        if service == "elbv2" and operation != "modify_load_balancer_attributes":
            return getattr(self.live.client(service), operation)(**parameters)
        return getattr(self, operation)(**parameters)

    def _of_the_service(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Any:
        if operation == "describe_rules":
            answer = self.live.client(service).describe_rules(**parameters)
            action = {
                "Type": "forward",
                "ForwardConfig": {"TargetGroups": self.weights_of_groups()},
            }
            return {"Rules": [{**rule, "Actions": [action]} for rule in answer["Rules"]]}
        if service == "ecs" and ("AWS::ECS::Cluster", CLUSTER) not in self.existing:
            raise_client_error(operation, "ClusterNotFoundException", "Cluster not found.")
        preparing = operation == "run_task" or parameters.get("tasks") == ["task"]
        if service == "ecs" and preparing:  # the task that makes the database
            return getattr(self, operation)(**parameters)
        answer = getattr(self.live.client(service), operation)(**parameters)
        if operation == "describe_services":
            for row in answer["services"]:
                going = self.live.ecs.going()
                state = "IN_PROGRESS" if going else "COMPLETED"
                row.update(deployments=[{"rolloutState": state}], networkConfiguration={})
        return answer

    def weights_of_groups(self) -> list[dict[str, Any]]:
        """Of both rules, as ECS has set them."""
        ecs = self.live.ecs
        serving = ecs.revisions[ecs.current]["group"]
        return [{"TargetGroupArn": group, "Weight": 100 * (group == serving)} for group in GROUPS]

    def _make(self, stack: Any, name: str, resource: Any, raw: Any) -> str:
        wrong = super()._make(stack, name, resource, raw)
        if not wrong and name in _PHYSICAL:
            stack.resources[name].physical = _PHYSICAL[name]
        if not wrong and resource["Type"] == "AWS::ECS::Service":
            self._begin_service(stack)
        return wrong

    def _begin_service(self, stack: Any) -> None:
        """A new one, of the placeholder and without tasks."""
        objects = self.live.s3.objects
        self.live = FakeAccount(self.clock, CLUSTER)
        self.live.s3.objects = objects
        ecs = self.live.ecs
        ecs.desired, ecs.has_test_rule = 0, True
        ecs.started(0)
        first = {"name": "web", "image": "public.ecr.aws/docker/library/busybox:1.37"}
        arn = ecs.serve(family=f"{CLUSTER}-first", containerDefinitions=[first])
        stack.resources["FirstTask"].physical = arn

    def _serve(self, properties: Mapping[str, Any]) -> None:
        """What CloudFormation tells the service that there is."""
        definition = properties["TaskDefinition"]
        if isinstance(definition, str):
            self.live.client("ecs").update_service(
                cluster=CLUSTER, service="web", taskDefinition=definition
            )

    def push(self, request: httpx.Request) -> httpx.Response:
        """The registry, where the repository is (an httpx.MockTransport asks)."""
        if ("AWS::ECR::Repository", "web") not in self.existing:
            error = {"errors": [{"code": "NAME_UNKNOWN", "message": "The repository is unknown"}]}
            return httpx.Response(404, content=json.dumps(error).encode())
        return self.registry(request)


class _Service:
    """One service: every attribute is an operation."""

    def __init__(self, account: NewAccount, service: str) -> None:
        self._account, self._service = account, service

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation == "get_paginator":
            return lambda name: _Pages(self._account, self._service, name)
        return lambda **parameters: self._account.perform(self._service, operation, parameters)


class _Pages:
    def __init__(self, account: NewAccount, service: str, operation: str) -> None:
        self._account, self._service, self._operation = account, service, operation

    def paginate(self, **parameters: Any) -> Any:
        """All pages."""
        return self._account.perform(self._service, self._operation, parameters)
