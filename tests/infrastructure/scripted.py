"""AWS as clients that answer what was written down."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.stub import Stubber
from tests.fakes.clock import VirtualClock

from shipway.aws.names import AwsResourceNames
from shipway.config.aws import Ecs
from shipway.infrastructure.parameters import RunningService
from shipway.infrastructure.stack import Stack, running_service

NAMES = AwsResourceNames("web", "staging")
RUNNING = "arn:aws:ecs:eu-west-1:1:task-definition/web-staging:7"
PHYSICAL = {
    "FirstTask": "first",
    "ProductionRule": "production",
    "TestRule": "test",
    "Blue": "blue",
    "Database": "web-staging",
    "Balancer": "balancer",
    "DatabaseTask": "task:1",
    "DatabasePassword": "password",
}


class Answers:
    """Clients that answer what was written down, service by service."""

    region = "eu-west-1"

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}
        self.stubs: dict[str, Stubber] = {}
        self.clock = VirtualClock()

    def client(self, service: str) -> Any:
        self.stub(service)
        return self.made[service]

    def stub(self, service: str) -> Stubber:
        if service not in self.stubs:
            self.made[service] = boto3.client(
                service, region_name=self.region, aws_access_key_id="x", aws_secret_access_key="x"
            )
            self.stubs[service] = Stubber(self.made[service])
            self.stubs[service].activate()
        return self.stubs[service]

    def resources(self, *names: str, known: bool = True) -> None:
        """What these resources are called in AWS."""
        for name in names:
            if not known:
                self.stub("cloudformation").add_client_error(
                    "describe_stack_resource", "ValidationError", "none"
                )
                continue
            self.stub("cloudformation").add_response(
                "describe_stack_resource",
                {
                    "StackResourceDetail": {
                        "LogicalResourceId": name,
                        "PhysicalResourceId": PHYSICAL[name],
                        "ResourceType": "x",
                        "LastUpdatedTimestamp": 0,
                        "ResourceStatus": "x",
                    }
                },
                {"StackName": "web-staging", "LogicalResourceId": name},
            )

    def service(self, definition: str, rollout: str = "COMPLETED") -> None:
        self.stub("ecs").add_response(
            "describe_services",
            {
                "services": [
                    {
                        "status": "ACTIVE",
                        "taskDefinition": definition,
                        "deployments": [{"rolloutState": rollout}],
                    }
                ]
            },
            {"cluster": "web-staging", "services": ["web"]},
        )

    def image(self) -> None:
        containers = [{"name": "proxy", "image": "p"}, {"name": "web", "image": "web@sha256:1"}]
        self.stub("ecs").add_response(
            "describe_task_definition",
            {"taskDefinition": {"containerDefinitions": containers}},
            {"taskDefinition": RUNNING},
        )

    def weights(self, *weights: tuple[int, int]) -> None:
        rules = [
            {
                "Actions": [
                    {
                        "Type": "forward",
                        "ForwardConfig": {
                            "TargetGroups": [
                                {"TargetGroupArn": "blue", "Weight": blue},
                                {"TargetGroupArn": "green", "Weight": green},
                            ]
                        },
                    }
                ]
            }
            for blue, green in weights
        ]
        self.stub("elbv2").add_response(
            "describe_rules", {"Rules": rules}, {"RuleArns": ["production", "test"]}
        )

    @property
    def stack(self) -> Stack:
        return Stack(self, NAMES.stack, self.clock)

    def live(self) -> RunningService:
        return running_service(self, self.stack, NAMES, Ecs())
