"""Whether the image is in its registry."""

from __future__ import annotations

import re

from shipway.core.errors import Unreachable
from shipway.effects.aws_errors import code_of
from shipway.platforms.ecs.preflight.problem import Kind, Problem, unseen
from shipway.platforms.ecs.preflight.subject import Subject

CHECK = "images"
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


def images(subject: Subject) -> list[Problem]:
    """Look for every container's image that is named by digest."""
    found: list[Problem] = []
    for one in subject.task_definition.get("containerDefinitions", ()):
        parts = _IMAGE.fullmatch(str(one.get("image", "")))
        if parts is None:
            if one.get("name") == subject.settings.ecs.container:
                found.append(Problem(CHECK, f"{one.get('image')} has no digest", _PUSH))
            continue
        registry, repository, digest = parts["registry"], parts["repository"], parts["digest"]
        ecr = _ECR.fullmatch(registry)
        if ecr is None:
            found += _elsewhere(subject, registry, repository, digest)
        elif ecr["region"] != subject.account.region:
            found.append(_abroad(registry, ecr["region"], subject))
        else:
            found += _in_ecr(subject, ecr["account"], repository, digest)
    return found


def _in_ecr(subject: Subject, account: str, repository: str, digest: str) -> list[Problem]:
    from botocore.exceptions import BotoCoreError, ClientError

    ecr = subject.clients.client("ecr")
    try:
        ecr.describe_images(
            registryId=account, repositoryName=repository, imageIds=[{"imageDigest": digest}]
        )
    except (BotoCoreError, ClientError) as error:
        code = code_of(error)
        if code == "ImageNotFoundException":
            return [Problem(CHECK, f"ECR's {repository} has no image {digest}", _PUSH)]
        if code == "RepositoryNotFoundException":
            return [
                Problem(
                    CHECK, f"ECR has no repository {repository} in account {account}",
                    "Make it: shipway infra apply bootstrap; then shipway image push.",
                )
            ]  # fmt: skip
        return [unseen(CHECK, f"the image in {repository}", error)]
    return []


def _elsewhere(subject: Subject, registry: str, repository: str, digest: str) -> list[Problem]:
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
                CHECK, f"could not ask {registry} for the image: {error.message}",
                "Look whether the registry can be reached from here.", Kind.COULD_NOT_LOOK,
            )
        ]  # fmt: skip
    if status == 404:
        return [Problem(CHECK, f"{registry} has no image {repository}@{digest}", _PUSH)]
    if status != 200:
        return [
            Problem(
                CHECK, f"could not look for the image: {registry} answers {status}",
                "A registry that wants a login cannot be looked at: ECR can.", Kind.COULD_NOT_LOOK,
            )
        ]  # fmt: skip
    return []


def _abroad(registry: str, region: str, subject: Subject) -> Problem:
    return Problem(
        CHECK, f"could not look at {registry}: it is in {region}, the service in "
        f"{subject.account.region}", f"Push the image to ECR in {subject.account.region}.",
        Kind.COULD_NOT_LOOK,
    )  # fmt: skip
