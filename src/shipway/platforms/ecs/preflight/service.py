"""Whether the service is there, as Shipway needs it, and nobody else is deploying."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shipway.core.command_line import command_line
from shipway.effects.aws_errors import code_of
from shipway.platforms.ecs.preflight.problem import Problem, looking, unseen
from shipway.platforms.ecs.preflight.subject import Subject

CHECK = "service"
# ServiceDeploymentStatus of botocore's model, without the terminal ones.
UNFINISHED = (
    "PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS",
)  # fmt: skip


def find(subject: Subject) -> tuple[Mapping[str, Any], list[Problem]]:
    """The service, as DescribeServices answers; empty, with a problem, where there is none."""
    from botocore.exceptions import BotoCoreError, ClientError

    ecs = subject.clients.client("ecs")
    name, cluster = subject.service_name, subject.cluster
    make = f"Make it: {subject.apply}; or correct {subject.place}.cluster and .service."
    try:
        answer = ecs.describe_services(cluster=cluster, services=[name])
    except (BotoCoreError, ClientError) as error:
        if code_of(error) == "ClusterNotFoundException":
            return {}, [Problem(CHECK, f"there is no cluster {cluster}", make)]
        return {}, [unseen(CHECK, f"the service {name}", error)]
    there = [one for one in answer["services"] if one.get("status") != "INACTIVE"]
    if not there:
        return {}, [Problem(CHECK, f"the cluster {cluster} has no service {name}", make)]
    return there[0], []


def service(subject: Subject) -> list[Problem]:
    """Look at what was found, and whether it is being deployed to."""
    found: list[Problem] = []
    if not subject.service:
        return found
    name = subject.service_name
    controller = subject.service.get("deploymentController", {}).get("type", "ECS")
    if controller != "ECS":
        found.append(
            Problem(
                CHECK, f"{name} is deployed by {controller}, not by ECS itself",
                "Change its deploymentController to ECS (UpdateService takes it).",
            )
        )  # fmt: skip
    if subject.service.get("status") == "DRAINING":
        found.append(
            Problem(
                CHECK, f"{name} is being deleted", f"Wait, then make it again: {subject.apply}."
            )
        )  # fmt: skip
    found += _container(subject)
    with looking(CHECK, "the deployments that are in progress", found):
        answer = subject.clients.client("ecs").list_service_deployments(
            cluster=subject.cluster, service=name, status=list(UNFINISHED)
        )
        for one in answer["serviceDeployments"]:
            number = one["serviceDeploymentArn"].rpartition("/")[2]
            found.append(_busy(subject, number, one.get("status", "")))
    return found


def _busy(subject: Subject, number: str, status: str) -> Problem:
    env = subject.names.environment
    return Problem(
        CHECK, f"another deployment is in progress: {number} ({status})",
        f"Wait for it ({command_line('status', env)}), go on with it "
        f"({command_line('resume', env)}), or undo it "
        f"({command_line('cancel', env)}).",
    )  # fmt: skip


def _container(subject: Subject) -> list[Problem]:
    """The load balancer sends requests to a container and port that the task has to have."""
    ports = {
        (one.get("name"), port.get("containerPort"))
        for one in subject.task_definition.get("containerDefinitions", ())
        for port in one.get("portMappings", ())
    }
    return [
        Problem(
            CHECK, f"the service sends requests to {one.get('containerName')}:"
            f"{one.get('containerPort')}, which the task definition does not have",
            f"Set {subject.place}.container and .container_port to the service's.",
        )
        for one in subject.load_balancers
        if (one.get("containerName"), one.get("containerPort")) not in ports
    ]  # fmt: skip
