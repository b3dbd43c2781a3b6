"""Images in ECR that no environment runs and no rollback goes back to.

What belongs to a needed image stays with it: the images that an index lists, and what is said about
it (referrers: SBOM, provenance, verdict), by their `subject` or under the tag `sha256-…`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.aws.leftovers.premises import Premises, chunks
from shipway.core.images.oci import referrers_tag
from shipway.core.leftovers import Leftover, Needed
from shipway.effects.aws_errors import code_of

_MANY = 100  # images in one question (BatchGetImage, BatchDeleteImage)


@dataclass(frozen=True)
class Images:
    """needed: what stays."""

    premises: Premises
    needed: Needed
    name: str = "image"

    @property
    def _repository(self) -> str:
        own = self.premises.config.image.repository
        return own or self.premises.names("").repository

    @property
    def _client(self) -> Any:
        return self.premises.clients.client("ecr")

    def find(self) -> Iterator[Leftover]:
        """Those that can go."""
        images = self._images()
        manifests = self._manifests(images)
        stay = self._kept(images, manifests)
        # An index goes before what it lists, or ECR refuses.
        for digest in sorted(images, key=lambda one: "manifests" not in manifests.get(one, {})):
            image = images[digest]
            if digest in stay or self.premises.young(image.get("imagePushedAt")):
                continue
            tags = ", ".join(sorted(image.get("imageTags", ())))
            why = f"{tags}: nothing runs it, no rollback needs it" if tags else "no tag names it"
            size = float(image.get("imageSizeInBytes", 0)) / 1e9
            yield Leftover(self.name, digest, why, price="images", quantity=size)

    def remove(self, one: Leftover) -> bool:
        """Delete it. What a needed index lists is refused by ECR, too."""
        found = self._client.batch_delete_image(
            repositoryName=self._repository, imageIds=[{"imageDigest": one.id}]
        )
        return not found.get("failures")

    def _images(self) -> dict[str, dict[str, Any]]:
        from botocore.exceptions import ClientError

        pages = self._client.get_paginator("describe_images")
        try:
            rows = [row for page in pages.paginate(repositoryName=self._repository)
                    for row in page["imageDetails"]]  # fmt: skip
        except ClientError as error:
            if code_of(error) == "RepositoryNotFoundException":
                return {}
            raise
        return {str(row["imageDigest"]): row for row in rows}

    def _manifests(self, images: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """What each is made of. Whose manifest cannot be read is not in it."""
        found = {}
        for some in chunks(images, _MANY):
            answer = self._client.batch_get_image(
                repositoryName=self._repository,
                imageIds=[{"imageDigest": digest} for digest in some],
            )
            for row in answer["images"]:
                found[str(row["imageId"]["imageDigest"])] = _json(row.get("imageManifest", ""))
        return found

    def _kept(
        self, images: Mapping[str, Mapping[str, Any]], manifests: Mapping[str, Mapping[str, Any]]
    ) -> set[str]:
        tags = self.needed.tags | set(self.premises.config.environments)
        stay = {
            digest for digest, image in images.items()
            if digest in self.needed.images or tags & set(image.get("imageTags", ()))
            or digest not in manifests
        }  # fmt: skip
        stay |= {one for one in images if self.premises.young(images[one].get("imagePushedAt"))}
        while True:
            more = stay | self._belonging(stay, images, manifests)
            if more == stay:
                return stay
            stay = more

    def _belonging(
        self, stay: set[str], images: Mapping[str, Mapping[str, Any]],
        manifests: Mapping[str, Mapping[str, Any]],
    ) -> set[str]:  # fmt: skip
        listed = {
            str(one.get("digest")) for digest in stay
            for one in manifests.get(digest, {}).get("manifests", ())
        }  # fmt: skip
        said = {
            digest for digest, manifest in manifests.items()
            if manifest.get("subject", {}).get("digest") in stay
        }  # fmt: skip
        lists = {referrers_tag(digest) for digest in stay}
        tagged = {one for one, image in images.items() if lists & set(image.get("imageTags", ()))}
        return (listed | said | tagged) & set(images)


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
