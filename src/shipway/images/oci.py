"""OCI's formats as data: descriptors, manifests, indexes, referrers.

Source: github.com/opencontainers/image-spec (manifest.md, image-index.md, annotations.md), 1.1,
and the distribution specification, 1.1, "Referrers Tag Schema".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import NotRequired, TypedDict

from shipway.codec import JsonObject

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
ACCEPTED = (MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_LIST)

EMPTY_BLOB = b"{}"
SBOM_TYPE = "application/vnd.cyclonedx+json"
STATEMENT_TYPE = "application/vnd.in-toto+json"
VERDICT_TYPE = "application/vnd.shipway.verdict.v1+json"

REVISION = "org.opencontainers.image.revision"
SOURCE = "org.opencontainers.image.source"
VERSION = "org.opencontainers.image.version"
CREATED = "org.opencontainers.image.created"
TITLE = "org.opencontainers.image.title"


class Descriptor(TypedDict):
    """What names a content."""

    mediaType: str
    digest: str
    size: int
    artifactType: NotRequired[str]
    annotations: NotRequired[dict[str, str]]


class Manifest(TypedDict):
    """Of an image; or of something said about one, which has a subject and an artifactType."""

    schemaVersion: int
    mediaType: str
    artifactType: NotRequired[str]
    config: Descriptor
    layers: list[Descriptor]
    subject: NotRequired[Descriptor]
    annotations: dict[str, str]


class Index(TypedDict):
    """A list of manifests."""

    schemaVersion: int
    mediaType: str
    manifests: list[Descriptor]


class HistoryEntry(TypedDict):
    """One instruction of a Dockerfile."""

    created: NotRequired[str]
    created_by: NotRequired[str]
    empty_layer: NotRequired[bool]


class RootFs(TypedDict):
    """An image's layers, by their digests when unpacked."""

    type: str
    diff_ids: list[str]


class ImageConfig(TypedDict):
    """An image's configuration. config: what its containers run, and docker's HEALTHCHECK."""

    created: NotRequired[str]
    architecture: str
    os: str
    variant: NotRequired[str]
    config: JsonObject
    rootfs: RootFs
    history: NotRequired[list[HistoryEntry]]


def digest_of(data: bytes) -> str:
    """`sha256:` and its hexadecimal digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def encode_document(document: Mapping[str, object]) -> bytes:
    """A document as the bytes that its digest is of: the same data, the same bytes."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def descriptor(media_type: str, data: bytes) -> Descriptor:
    """What names a content."""
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def image_manifest(
    config: Descriptor, layers: Iterable[Descriptor], annotations: Mapping[str, str]
) -> Manifest:
    """An image's manifest."""
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": list(layers),
        "annotations": dict(annotations),
    }


def referrer_manifest(
    artifact_type: str, data: bytes, subject: Descriptor, annotations: Mapping[str, str]
) -> Manifest:
    """The manifest of something said about an image: its one layer is the document."""
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": artifact_type,
        "config": descriptor(EMPTY, EMPTY_BLOB),
        "layers": [descriptor(artifact_type, data)],
        "subject": {
            "mediaType": subject["mediaType"],
            "digest": subject["digest"],
            "size": subject["size"],
        },
        "annotations": dict(annotations),
    }


def image_index(manifests: Iterable[Descriptor]) -> Index:
    """An index."""
    return {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(manifests)}


def referrers_tag(digest: str) -> str:
    """The tag under which a registry without the referrers API keeps an image's referrers."""
    return digest.replace(":", "-")


def with_referrer(listed: Index, new: Descriptor) -> Index:
    """A referrers index with one more; one that says the same is there once."""
    others = [
        manifest
        for manifest in listed.get("manifests", [])
        if manifest.get("digest") != new["digest"]
    ]
    return image_index([*others, new])
