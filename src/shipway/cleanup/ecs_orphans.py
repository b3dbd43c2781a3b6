"""Task definitions that nothing runs and no rollback goes back to. They cost nothing: clutter."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict, cast

from shipway.aws.errors import error_code
from shipway.cleanup.owned_resources import OwnedResources, chunks
from shipway.cleanup.retention import Orphan, ResourcesInUse, image_digest
from shipway.images.oci import referrers_tag
from shipway.ports import Clients

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient
    from types_boto3_ecr.type_defs import ImageDetailTypeDef
    from types_boto3_ecs import ECSClient
    from types_boto3_ecs.type_defs import TaskTypeDef

RETIRED = "deregistered"  # no longer offered; it can still be read, and is deleted next time


@dataclass(frozen=True)
class OrphanTaskDefinitions:
    """needed: what stays. The newest of a family always does."""

    premises: OwnedResources
    needed: ResourcesInUse
    name: str = "task definition"

    @property
    def _client(self) -> ECSClient:
        return self.premises.clients.client("ecs")

    def find(self) -> Iterator[Orphan]:
        """Of the families of the configured environments."""
        for environment in self.premises.environments:
            settings = self.premises.config.environments[environment].ecs
            family = settings.family or self.premises.names(environment).family
            active = self._of(family, "ACTIVE")
            for arn in active[:-1]:
                if arn not in self.needed.definitions and not self._young(arn):
                    yield Orphan(self.name, arn, "nothing runs it", RETIRED)
            for arn in self._of(family, "INACTIVE"):
                if arn not in self.needed.definitions:
                    yield Orphan(self.name, arn, "deregistered, and nothing runs it")

    def remove(self, resource: Orphan) -> bool:
        """Deregister, or delete what was."""
        if resource.done == RETIRED:
            self._client.deregister_task_definition(taskDefinition=resource.id)
            return True
        return not self._client.delete_task_definitions(taskDefinitions=[resource.id]).get(
            "failures"
        )

    def _of(self, family: str, status: Literal["ACTIVE", "INACTIVE"]) -> list[str]:
        """Of exactly this family, by revision."""
        pages = self._client.get_paginator("list_task_definitions").paginate(
            familyPrefix=family, status=status
        )
        arns = [str(arn) for page in pages for arn in page["taskDefinitionArns"]]
        own = [arn for arn in arns if arn.rpartition("/")[2].rpartition(":")[0] == family]
        return sorted(own, key=lambda arn: int(arn.rpartition(":")[2]))

    def _young(self, arn: str) -> bool:
        definition = self._client.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        return self.premises.young(definition.get("registeredAt"))


# What runs on ECS: its images and task definitions.

_SERVICES, _TASKS = 10, 100  # at most in one question (DescribeServices, DescribeTasks)


def resources_in_use(premises: OwnedResources) -> ResourcesInUse:
    """What any service or task of any of the application's clusters needs.

    A cluster counts when its name begins with the application's: one too many does no harm here.
    Raises botocore's errors: what cannot be seen must not be taken for idle.
    """
    client = premises.clients.client("ecs")
    result = ResourcesInUse()
    for cluster in _clusters(premises, client):
        definitions, needed = set(_services(client, cluster)), ResourcesInUse()
        for task in _tasks(client, cluster):
            definitions.add(str(task["taskDefinitionArn"]))
            digests = {
                str(container.get("imageDigest", "")) for container in task.get("containers", ())
            }
            needed |= ResourcesInUse(images=frozenset(digests - {""}))
        result |= needed | ResourcesInUse(definitions=frozenset(definitions))
        for arn in sorted(definitions):
            result |= _images(client, arn)
    return result


def _clusters(premises: OwnedResources, client: ECSClient) -> list[str]:
    arns = [
        arn
        for page in client.get_paginator("list_clusters").paginate()
        for arn in page["clusterArns"]
    ]
    own = {
        premises.config.environments[name].ecs.cluster or premises.names(name).cluster
        for name in premises.environments
    }
    start = f"{premises.application}-"
    names = {arn.rpartition("/")[2] for arn in arns}
    return sorted(name for name in names if name in own or name.startswith(start))


def _services(client: ECSClient, cluster: str) -> Iterator[str]:
    pages = client.get_paginator("list_services").paginate(cluster=cluster)
    arns = [arn for page in pages for arn in page["serviceArns"]]
    for some in chunks(arns, _SERVICES):
        for service in client.describe_services(cluster=cluster, services=some)["services"]:
            definitions = [
                service.get("taskDefinition"),
                *(entry.get("taskDefinition") for entry in service.get("deployments", ())),
                *(entry.get("taskDefinition") for entry in service.get("taskSets", ())),
            ]
            yield from filter(None, definitions)


def _tasks(client: ECSClient, cluster: str) -> Iterator[TaskTypeDef]:
    pages = client.get_paginator("list_tasks").paginate(cluster=cluster)
    arns = [arn for page in pages for arn in page["taskArns"]]
    for some in chunks(arns, _TASKS):
        yield from client.describe_tasks(cluster=cluster, tasks=some)["tasks"]


def _images(client: ECSClient, arn: str) -> ResourcesInUse:
    from botocore.exceptions import ClientError

    try:
        definition = client.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    except ClientError as error:
        if error_code(error) == "ClientException":  # deleted meanwhile
            return ResourcesInUse()
        raise
    needed = ResourcesInUse()
    for container in definition["containerDefinitions"]:
        needed |= image_digest(str(container.get("image", "")))
    return needed


# Which environments have rollouts in the bucket, also those that shipway.toml does not name.


def environments_with_rollouts(clients: Clients, bucket: str, application: str) -> list[str]:
    """Their names, from the keys `APPLICATION/ENVIRONMENT/rollouts/…`. Raises botocore's errors."""
    pages = clients.client("s3").get_paginator("list_objects_v2")
    start = f"{application}/"
    return sorted(
        str(prefix["Prefix"]).removeprefix(start).rstrip("/")
        for page in pages.paginate(Bucket=bucket, Prefix=start, Delimiter="/")
        for prefix in page.get("CommonPrefixes", ())
    )


# Images in ECR that no environment runs and no rollback goes back to.
#
# What belongs to a needed image stays with it: the images that an index lists, and what is said
# about it (referrers: SBOM, provenance, verdict), by their `subject` or under the tag `sha256-…`.

_MANY = 100  # images in one question (BatchGetImage, BatchDeleteImage)


class Descriptor(TypedDict, total=False):
    """What one manifest says of another."""

    digest: str


class Manifest(TypedDict, total=False):
    """What is read of an image's manifest. manifests: of an index; subject: of a referrer."""

    manifests: list[Descriptor]
    subject: Descriptor


@dataclass(frozen=True)
class OrphanImages:
    """needed: what stays."""

    premises: OwnedResources
    needed: ResourcesInUse
    name: str = "image"

    @property
    def _repository(self) -> str:
        own = self.premises.config.image.repository
        return own or self.premises.names("").repository

    @property
    def _client(self) -> ECRClient:
        return self.premises.clients.client("ecr")

    def find(self) -> Iterator[Orphan]:
        """Those that can go."""
        images = self._images()
        manifests = self._manifests(images)
        stay = self._kept(images, manifests)
        # An index goes before what it lists, or ECR refuses.
        for digest in sorted(
            images, key=lambda candidate: "manifests" not in manifests.get(candidate, {})
        ):
            image = images[digest]
            if digest in stay or self.premises.young(image.get("imagePushedAt")):
                continue
            tags = ", ".join(sorted(image.get("imageTags", ())))
            why = f"{tags}: nothing runs it, no rollback needs it" if tags else "no tag names it"
            size = float(image.get("imageSizeInBytes", 0)) / 1e9
            yield Orphan(self.name, digest, why, price="images", quantity=size)

    def remove(self, resource: Orphan) -> bool:
        """Delete it. What a needed index lists is refused by ECR, too."""
        answer = self._client.batch_delete_image(
            repositoryName=self._repository, imageIds=[{"imageDigest": resource.id}]
        )
        return not answer.get("failures")

    def _images(self) -> dict[str, ImageDetailTypeDef]:
        from botocore.exceptions import ClientError

        pages = self._client.get_paginator("describe_images")
        try:
            rows = [
                row
                for page in pages.paginate(repositoryName=self._repository)
                for row in page["imageDetails"]
            ]
        except ClientError as error:
            if error_code(error) == "RepositoryNotFoundException":
                return {}
            raise
        return {str(row["imageDigest"]): row for row in rows}

    def _manifests(self, images: Iterable[str]) -> dict[str, Manifest]:
        """What each is made of. Whose manifest cannot be read is not in it."""
        manifests = {}
        for some in chunks(images, _MANY):
            answer = self._client.batch_get_image(
                repositoryName=self._repository,
                imageIds=[{"imageDigest": digest} for digest in some],
            )
            for row in answer["images"]:
                digest = str(row["imageId"]["imageDigest"])
                manifests[digest] = _manifest(row.get("imageManifest", ""))
        return manifests

    def _kept(
        self, images: Mapping[str, ImageDetailTypeDef], manifests: Mapping[str, Manifest]
    ) -> set[str]:
        tags = self.needed.tags | set(self.premises.config.environments)
        stay = {
            digest
            for digest, image in images.items()
            if digest in self.needed.images
            or tags & set(image.get("imageTags", ()))
            or digest not in manifests
        }
        stay |= {
            digest for digest in images if self.premises.young(images[digest].get("imagePushedAt"))
        }
        while True:
            more = stay | self._belonging(stay, images, manifests)
            if more == stay:
                return stay
            stay = more

    def _belonging(
        self,
        stay: set[str],
        images: Mapping[str, ImageDetailTypeDef],
        manifests: Mapping[str, Manifest],
    ) -> set[str]:
        listed = {
            str(entry.get("digest"))
            for digest in stay
            for entry in manifests.get(digest, {}).get("manifests", ())
        }
        referenced = {
            digest
            for digest, manifest in manifests.items()
            if manifest.get("subject", {}).get("digest") in stay
        }
        lists = {referrers_tag(digest) for digest in stay}
        tagged = {
            digest for digest, image in images.items() if lists & set(image.get("imageTags", ()))
        }
        return (listed | referenced | tagged) & set(images)


def _manifest(text: str) -> Manifest:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return cast("Manifest", document) if isinstance(document, dict) else {}
