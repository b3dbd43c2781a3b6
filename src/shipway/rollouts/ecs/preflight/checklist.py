"""What can be seen beforehand of a rollout that would fail: nothing is touched."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from shipway.aws.errors import error_code
from shipway.errors import Unreachable
from shipway.pipeline.command_line import command_line
from shipway.rollouts.ecs.deployment import GOING
from shipway.rollouts.ecs.preflight.network import (
    check_keep_alive,
    check_load_balancer,
    check_network,
)
from shipway.rollouts.ecs.preflight.permissions import check_roles, check_secrets
from shipway.rollouts.ecs.preflight.subject import (
    PreflightSubject,
    Problem,
    ProblemKind,
    report_unchecked,
    unchecked_problem,
)

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import ServiceTypeDef

# Whether the alarms exist and are quiet.
#
# An alarm that is already in ALARM when a deployment starts switches ECS's alarm checks off for
# that deployment (developer guide, "How CloudWatch alarms detect Amazon ECS deployment failures").

ALARMS = "alarms"
_AT_ONCE = 100  # names of one DescribeAlarms


def check_alarms(subject: PreflightSubject) -> list[Problem]:
    """Look at those that are configured, and those that the service has already."""
    problems: list[Problem] = []
    attached = subject.service.get("deploymentConfiguration", {}).get("alarms", {})
    names = list(dict.fromkeys((*subject.settings.ecs.alarms, *attached.get("alarmNames", ()))))
    states: dict[str, str] = {}
    cloudwatch = subject.clients.client("cloudwatch") if names else None
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        with report_unchecked(ALARMS, f"the alarms {', '.join(some)}", problems):
            assert cloudwatch is not None
            answer = cloudwatch.describe_alarms(
                AlarmNames=some, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
            )
            rows = (*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ()))
            states |= {alarm["AlarmName"]: alarm["StateValue"] for alarm in rows}
            problems += [_missing(subject, name) for name in some if name not in states]
    problems += [_firing(name) for name, state in states.items() if state == "ALARM"]
    return problems


def _missing(subject: PreflightSubject, name: str) -> Problem:
    return Problem(
        ALARMS,
        f"there is no alarm {name}",
        f"Make it: {command_line('monitor', 'apply', subject.names.environment)}; or correct "
        f"{subject.place}.alarms.",
    )


def _firing(name: str) -> Problem:
    return Problem(
        ALARMS,
        f"the alarm {name} is firing already: ECS would deploy without looking at alarms",
        "Mend what it measures first, or take it out for this deployment.",
    )


# Whether the image is in its registry.

IMAGE = "images"
_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(-fips)?\.(?P<region>[\w-]+)\.amazonaws\.com(\.cn)?"
)
_IMAGE = re.compile(r"(?P<registry>[^/@\s]+)/(?P<repository>[^@\s]+)@(?P<digest>sha256:[0-9a-f]+)")
# OCI distribution specification, "Pulling manifests"; Docker's own types for older registries.
_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_PUSH = "Push it again: shipway image push; see whether a lifecycle rule has removed it."


def check_image(subject: PreflightSubject) -> list[Problem]:
    """Look for every container's image that is named by digest."""
    problems: list[Problem] = []
    for container in subject.task_definition.get("containerDefinitions", ()):
        parts = _IMAGE.fullmatch(str(container.get("image", "")))
        if parts is None:
            if container.get("name") == subject.settings.ecs.container:
                lacking = f"{container.get('image')} has no digest"
                problems.append(
                    Problem(IMAGE, lacking, "Build and publish it: shipway run publish.")
                )
            continue
        registry, repository, digest = parts["registry"], parts["repository"], parts["digest"]
        ecr = _ECR.fullmatch(registry)
        if ecr is None:
            problems += _elsewhere(subject, registry, repository, digest)
        elif ecr["region"] != subject.account.region:
            problems.append(_abroad(registry, ecr["region"], subject))
        else:
            problems += _in_ecr(subject, ecr["account"], repository, digest)
    return problems


def _in_ecr(subject: PreflightSubject, account: str, repository: str, digest: str) -> list[Problem]:
    from botocore.exceptions import BotoCoreError, ClientError

    ecr = subject.clients.client("ecr")
    try:
        ecr.describe_images(
            registryId=account, repositoryName=repository, imageIds=[{"imageDigest": digest}]
        )
    except (BotoCoreError, ClientError) as error:
        code = error_code(error)
        if code == "ImageNotFoundException":
            return [Problem(IMAGE, f"ECR's {repository} has no image {digest}", _PUSH)]
        if code == "RepositoryNotFoundException":
            return [
                Problem(
                    IMAGE,
                    f"ECR has no repository {repository} in account {account}",
                    "Make it: shipway infra apply bootstrap; then shipway image push.",
                )
            ]
        return [unchecked_problem(IMAGE, f"the image in {repository}", error)]
    return []


def _elsewhere(
    subject: PreflightSubject, registry: str, repository: str, digest: str
) -> list[Problem]:
    """Ask an OCI registry, without logging in."""
    host = registry.partition(":")[0]
    scheme = "http" if host in ("localhost", "127.0.0.1") else "https"
    host = "registry-1.docker.io" if host == "docker.io" else registry
    url = f"{scheme}://{host}/v2/{repository}/manifests/{digest}"
    try:
        status = subject.http.get(url, timeout=10.0, headers={"Accept": _MANIFESTS}).status
    except Unreachable as error:
        return [
            Problem(
                IMAGE,
                f"could not ask {registry} for the image: {error.message}",
                "Look whether the registry can be reached from here.",
                ProblemKind.NOT_CHECKED,
            )
        ]
    if status == 404:
        return [Problem(IMAGE, f"{registry} has no image {repository}@{digest}", _PUSH)]
    if status != 200:
        return [
            Problem(
                IMAGE,
                f"could not look for the image: {registry} answers {status}",
                "A registry that wants a login cannot be looked at: ECR can.",
                ProblemKind.NOT_CHECKED,
            )
        ]
    return []


def _abroad(registry: str, region: str, subject: PreflightSubject) -> Problem:
    return Problem(
        IMAGE,
        f"could not look at {registry}: it is in {region}, the service in {subject.account.region}",
        f"Push the image to ECR in {subject.account.region}.",
        ProblemKind.NOT_CHECKED,
    )


# Whether the service is there, as Shipway needs it, and nobody else is deploying.

SERVICE = "service"


def find_service(subject: PreflightSubject) -> tuple[ServiceTypeDef, list[Problem]]:
    """The service, as DescribeServices answers; empty, with a problem, where there is none."""
    from botocore.exceptions import BotoCoreError, ClientError

    ecs = subject.clients.client("ecs")
    name, cluster = subject.service_name, subject.cluster
    make = f"Make it: {subject.apply}; or correct {subject.place}.cluster and .service."
    try:
        answer = ecs.describe_services(cluster=cluster, services=[name])
    except (BotoCoreError, ClientError) as error:
        if error_code(error) == "ClusterNotFoundException":
            return {}, [Problem(SERVICE, f"there is no cluster {cluster}", make)]
        return {}, [unchecked_problem(SERVICE, f"the service {name}", error)]
    active = [service for service in answer["services"] if service.get("status") != "INACTIVE"]
    if not active:
        return {}, [Problem(SERVICE, f"the cluster {cluster} has no service {name}", make)]
    return active[0], []


def check_service(subject: PreflightSubject) -> list[Problem]:
    """Look at what was found, and whether it is being deployed to."""
    problems: list[Problem] = []
    if not subject.service:
        return problems
    name = subject.service_name
    controller = subject.service.get("deploymentController", {}).get("type", "ECS")
    if controller != "ECS":
        problems.append(
            Problem(
                SERVICE,
                f"{name} is deployed by {controller}, not by ECS itself",
                "Change its deploymentController to ECS (UpdateService takes it).",
            )
        )
    if subject.service.get("status") == "DRAINING":
        problems.append(
            Problem(
                SERVICE, f"{name} is being deleted", f"Wait, then make it again: {subject.apply}."
            )
        )
    problems += _container(subject)
    with report_unchecked(SERVICE, "the deployments that are in progress", problems):
        answer = subject.clients.client("ecs").list_service_deployments(
            cluster=subject.cluster, service=name, status=list(GOING)
        )
        for deployment in answer["serviceDeployments"]:
            number = deployment["serviceDeploymentArn"].rpartition("/")[2]
            problems.append(_busy(subject, number, deployment.get("status", "")))
    return problems


def _busy(subject: PreflightSubject, number: str, status: str) -> Problem:
    env = subject.names.environment
    return Problem(
        SERVICE,
        f"another deployment is in progress: {number} ({status})",
        f"Wait for it ({command_line('status', env)}), go on with it "
        f"({command_line('resume', env)}), or undo it "
        f"({command_line('cancel', env)}).",
    )


def _container(subject: PreflightSubject) -> list[Problem]:
    """The load balancer sends requests to a container and port that the task has to have."""
    ports = {
        (container.get("name"), port.get("containerPort"))
        for container in subject.task_definition.get("containerDefinitions", ())
        for port in container.get("portMappings", ())
    }
    return [
        Problem(
            SERVICE,
            f"the service sends requests to {balancer.get('containerName')}:"
            f"{balancer.get('containerPort')}, which the task definition does not have",
            f"Set {subject.place}.container and .container_port to the service's.",
        )
        for balancer in subject.load_balancers
        if (balancer.get("containerName"), balancer.get("containerPort")) not in ports
    ]


_TOPICS = (
    check_service,
    check_image,
    check_secrets,
    check_roles,
    check_network,
    check_load_balancer,
    check_alarms,
    check_keep_alive,
)


def run_preflight(subject: PreflightSubject) -> tuple[Problem, ...]:
    """Every problem, by topic. The subject's service is looked up here.

    Nothing that AWS or the network answers is raised: what could not be looked at is a problem.
    """
    service, problems = find_service(subject)
    subject = replace(subject, service=service)
    for topic in _TOPICS:
        problems += topic(subject)
    return tuple(problems)
