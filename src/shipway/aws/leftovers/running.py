"""What runs on ECS: its images and task definitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shipway.aws.leftovers.premises import Premises, chunks
from shipway.core.leftovers import Needed, of_image
from shipway.effects.aws_errors import code_of

_SERVICES, _TASKS = 10, 100  # at most in one question (DescribeServices, DescribeTasks)


def running(premises: Premises) -> Needed:
    """What any service or task of any of the application's clusters needs.

    A cluster counts when its name begins with the application's: one too many does no harm here.
    Raises botocore's errors: what cannot be seen must not be taken for idle.
    """
    client = premises.clients.client("ecs")
    found = Needed()
    for cluster in _clusters(premises, client):
        definitions, needed = set(_services(client, cluster)), Needed()
        for task in _tasks(client, cluster):
            definitions.add(str(task["taskDefinitionArn"]))
            digests = {str(one.get("imageDigest", "")) for one in task.get("containers", ())}
            needed |= Needed(images=frozenset(digests - {""}))
        found |= needed | Needed(definitions=frozenset(definitions))
        for arn in sorted(definitions):
            found |= _images(client, arn)
    return found


def _clusters(premises: Premises, client: Any) -> list[str]:
    arns = [arn for page in client.get_paginator("list_clusters").paginate()
            for arn in page["clusterArns"]]  # fmt: skip
    own = {
        premises.config.environments[name].ecs.cluster or premises.names(name).cluster
        for name in premises.environments
    }
    start = f"{premises.application}-"
    names = {arn.rpartition("/")[2] for arn in arns}
    return sorted(name for name in names if name in own or name.startswith(start))


def _services(client: Any, cluster: str) -> Iterator[str]:
    pages = client.get_paginator("list_services").paginate(cluster=cluster)
    arns = [arn for page in pages for arn in page["serviceArns"]]
    for some in chunks(arns, _SERVICES):
        for service in client.describe_services(cluster=cluster, services=some)["services"]:
            for one in (service, *service.get("deployments", ()), *service.get("taskSets", ())):
                if one.get("taskDefinition"):
                    yield str(one["taskDefinition"])


def _tasks(client: Any, cluster: str) -> Iterator[dict[str, Any]]:
    pages = client.get_paginator("list_tasks").paginate(cluster=cluster)
    arns = [arn for page in pages for arn in page["taskArns"]]
    for some in chunks(arns, _TASKS):
        yield from client.describe_tasks(cluster=cluster, tasks=some)["tasks"]


def _images(client: Any, arn: str) -> Needed:
    from botocore.exceptions import ClientError

    try:
        found = client.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    except ClientError as error:
        if code_of(error) == "ClientException":  # deleted meanwhile
            return Needed()
        raise
    needed = Needed()
    for container in found["containerDefinitions"]:
        needed |= of_image(str(container.get("image", "")))
    return needed
