"""Task definitions, as they are rendered and as ECS answers them."""

from __future__ import annotations

from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from tests.rollouts.ecs.environment import ACCOUNT, NAMES

from shipway.config.health_check import HealthCheck
from shipway.config.schema import Environment
from shipway.releases.release import Release
from shipway.rollouts.ecs.task_definition import render_task_definition

MODEL = ServiceModel(Loader().load_service_model("ecs", "service-2"))
REQUEST = MODEL.shape_for("RegisterTaskDefinitionRequest")
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:" + "a" * 64
RELEASE = Release(
    application="web",
    version="1.2",
    commit="abc1234",
    digest="d" * 64,
    lock="",
    migrations=(),
    path="/r",
    python="",
    sbom="",
    image=IMAGE,
)
SECRET = ACCOUNT.arn("secretsmanager", "secret:web/production/KEY-AbCdEf")


def rendered(
    settings: Environment | None = None,
    base: dict[str, Any] | None = None,
    health: HealthCheck | None = None,
) -> dict[str, Any]:
    """Valid by the shape that boto3 itself holds requests to."""
    made = render_task_definition(
        settings or Environment(),
        NAMES,
        RELEASE,
        base,
        account=ACCOUNT,
        health=health,
    )
    problems = ParamValidator().validate(made, REQUEST)
    assert not problems.has_errors(), problems.generate_report()
    return made


def running(**own: Any) -> dict[str, Any]:
    """As DescribeTaskDefinition answers, with every field that only ECS writes."""
    return {
        "taskDefinitionArn": ACCOUNT.arn("ecs", "task-definition/web:7"),
        "revision": 7,
        "status": "ACTIVE",
        "requiresAttributes": [{"name": "ecs.capability"}],
        "compatibilities": ["EC2", "FARGATE"],
        "registeredAt": 0,
        "registeredBy": "somebody",
        "family": "old",
        "volumes": [{"name": "cache"}],
        "ephemeralStorage": {"sizeInGiB": 30},
        "executionRoleArn": ACCOUNT.role("theirs"),
        "containerDefinitions": [
            {
                "name": "web",
                "image": "old",
                "cpu": 0,
                "mountPoints": [],
                "user": "10001",
                "environment": [{"name": "DATABASE_HOST", "value": "db"}],
                "secrets": [{"name": "DATABASE_PASSWORD", "valueFrom": SECRET}],
                "healthCheck": {"command": ["CMD", "true"]},
                **own,
            },
            {"name": "sidecar", "image": "envoy:v1"},
        ],
    }
