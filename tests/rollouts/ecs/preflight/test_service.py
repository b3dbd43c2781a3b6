"""The service, and who else deploys."""

from __future__ import annotations

import pytest
from tests.rollouts.ecs.environment import Standing, refused

from shipway.rollouts.ecs.preflight.checklist import run_preflight
from shipway.rollouts.ecs.preflight.subject import ProblemKind


def test_a_service_that_does_not_exist_is_to_be_made(standing: Standing) -> None:
    standing.ecs.services.clear()
    (found,) = run_preflight(standing.subject())
    assert found.description == "service: the cluster web-production has no service web"
    assert "shipway infra apply production" in found.remedy
    assert found.kind is ProblemKind.WRONG


def test_a_cluster_that_does_not_exist_is_named(standing: Standing) -> None:
    standing.ecs.error = refused("ClusterNotFoundException", "DescribeServices")
    (found,) = run_preflight(standing.subject())
    assert found.message == "there is no cluster web-production"
    assert found.kind is ProblemKind.WRONG


def test_a_service_that_was_deleted_is_none(standing: Standing) -> None:
    standing.ecs.services[0]["status"] = "INACTIVE"
    assert "has no service web" in run_preflight(standing.subject())[0].message


def test_one_that_is_being_deleted_takes_no_release(standing: Standing) -> None:
    standing.ecs.services[0]["status"] = "DRAINING"
    assert "being deleted" in run_preflight(standing.subject())[0].message


@pytest.mark.parametrize("controller", ["CODE_DEPLOY", "EXTERNAL"])
def test_another_deployment_controller_is_refused(controller: str, standing: Standing) -> None:
    standing.ecs.services[0]["deploymentController"]["type"] = controller
    (found,) = run_preflight(standing.subject())
    assert controller in found.message and "deploymentController" in found.remedy


@pytest.mark.parametrize("status", ["PENDING", "IN_PROGRESS", "ROLLBACK_IN_PROGRESS"])
def test_another_deployment_in_progress_is_named(status: str, standing: Standing) -> None:
    arn = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/web-production/web/n0"
    standing.ecs.deployments = [{"serviceDeploymentArn": arn, "status": status}]
    (found,) = run_preflight(standing.subject())
    assert found.message == f"another deployment is in progress: n0 ({status})"
    assert "shipway cancel production" in found.remedy


def test_a_deployment_that_has_ended_is_no_obstacle(standing: Standing) -> None:
    standing.ecs.deployments = [{"serviceDeploymentArn": "a/n0", "status": "SUCCESSFUL"}]
    assert run_preflight(standing.subject()) == ()


def test_the_load_balancers_container_has_to_be_in_the_task(standing: Standing) -> None:
    standing.ecs.services[0]["loadBalancers"][0]["containerPort"] = 80
    (found,) = run_preflight(standing.subject())
    assert "web:80, which the task definition does not have" in found.message
