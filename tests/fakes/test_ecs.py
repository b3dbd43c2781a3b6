"""The fake refuses what ECS would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.fakes.aws_shapes import ShapeError
from tests.fakes.ecs_rules import configuration_faults
from tests.rollouts.ecs.fake_environment import Place, render


def pause(stage: str = "POST_SCALE_UP", **more: Any) -> dict[str, Any]:
    return {"targetType": "PAUSE", "lifecycleStages": [stage], **more}


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({"lifecycleHooks": [pause("PRODUCTION_TRAFFIC_SHIFT")]}, "no pause is allowed at"),
        ({"lifecycleHooks": [pause("TEST_TRAFFIC_SHIFT")]}, "no pause is allowed at"),
        ({"lifecycleHooks": [pause()] * 11}, "at most 10 pause hooks"),
        ({"lifecycleHooks": [pause(hookTargetArn="arn")]}, "a pause has no target"),
        ({"lifecycleHooks": [{"targetType": "PAUSE"}]}, "needs lifecycleStages"),
        ({"lifecycleHooks": [{"lifecycleStages": ["POST_SCALE_UP"]}]}, "needs hookTargetArn"),
        (
            {"lifecycleHooks": [pause(timeoutConfiguration={"timeoutInMinutes": 20161})]},
            "a pause of 20161 minutes",
        ),
        ({"strategy": "LINEAR", "canaryConfiguration": {}}, "is for CANARY"),
        ({"strategy": "CANARY", "linearConfiguration": {}}, "is for LINEAR"),
        (
            {"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 0.05}},
            "canaryPercent 0.05",
        ),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 2.9}}, "stepPercent 2.9"),
        (
            {"strategy": "LINEAR", "linearConfiguration": {"stepBakeTimeInMinutes": 1441}},
            "a bake time of 1441",
        ),
        ({"strategy": "BLUE_GREEN"}, "needs bakeTimeInMinutes"),
        (
            {"strategy": "CANARY", "deploymentCircuitBreaker": {"enable": True}},
            "for ROLLING only",
        ),
    ],
)
def test_what_no_shape_says_is_a_rule(configuration: dict[str, Any], words: str) -> None:
    assert any(words in fault for fault in configuration_faults(configuration))


def test_what_the_shapes_do_not_know_is_no_request(tmp_path: Path) -> None:
    ecs = Place(tmp_path).account.client("ecs")
    with pytest.raises(ShapeError):
        ecs.update_service(service="web", taskdefinition="x")
    with pytest.raises(ShapeError):
        ecs.update_service(service="web", deploymentConfiguration={"strategy": "SLOWLY"})
    with pytest.raises(ShapeError):
        ecs.update_service(service=7)


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def test_it_answers_errors_as_ecs_names_them(tmp_path: Path) -> None:
    place = Place(tmp_path)
    ecs = place.account.client("ecs")
    with pytest.raises(ClientError) as caught:
        ecs.update_service(service="other")
    assert code(caught) == "ServiceNotFoundException"
    with pytest.raises(ClientError) as caught:
        ecs.update_service(service="web", deploymentConfiguration={"strategy": "BLUE_GREEN"})
    assert code(caught) == "InvalidParameterException"
    with pytest.raises(ClientError) as caught:
        ecs.stop_service_deployment(serviceDeploymentArn="none")
    assert code(caught) == "ServiceDeploymentNotFoundException"
    place.deploy()
    arn = place.ecs.deployments[0].arn
    with pytest.raises(ClientError) as caught:
        ecs.stop_service_deployment(serviceDeploymentArn=arn)
    assert code(caught) == "ConflictException"
    with pytest.raises(ClientError) as caught:
        ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId="none")
    assert code(caught) == "InvalidParameterException"
    with pytest.raises(ClientError):
        ecs.describe_service_deployments(serviceDeploymentArns=["x"] * 21)
    with pytest.raises(ClientError):
        ecs.describe_service_revisions(serviceRevisionArns=["x"] * 21)
    with pytest.raises(ClientError):
        ecs.describe_tasks(tasks=["x"] * 101)
    with pytest.raises(ClientError):
        ecs.describe_task_definition(taskDefinition="none")


def test_a_stage_that_takes_a_day_is_rolled_back(tmp_path: Path) -> None:
    place = Place(tmp_path, "blue-green")
    place.ecs.scenario.stop_reason = "Essential container in task exited"
    definition = render(place.config.environments["production"], place.names, place.new, None)
    ecs = place.account.client("ecs")
    made = ecs.register_task_definition(**definition)["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(
        cluster=place.ecs.cluster,
        service="web",
        taskDefinition=made,
        deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0},
    )
    place.clock.time += 86_000.0
    place.ecs.settle()
    assert place.ecs.deployments[0].status == "IN_PROGRESS"
    place.clock.time += 1_000.0
    assert place.serving == place.old.name
    assert place.ecs.deployments[0].status == "ROLLBACK_SUCCESSFUL"
