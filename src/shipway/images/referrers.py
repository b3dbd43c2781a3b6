"""What is said about an image, kept beside it: OCI's referrers.

Source: distribution-spec 1.1, "Listing Referrers" and "Pushing Manifests with Subject". A registry
that knows the API says so with the header OCI-Subject; for the others, the list is kept by us under
the tag `sha256-…`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO
from urllib.parse import quote

from shipway.images.blob_upload import BlobUploader
from shipway.images.oci import (
    EMPTY_BLOB,
    INDEX,
    MANIFEST,
    Descriptor,
    Index,
    Manifest,
    descriptor,
    digest_of,
    encode_document,
    image_index,
    referrer_manifest,
    referrers_tag,
    with_referrer,
)
from shipway.images.registry import RegistryClient, registry_error
from shipway.system.http import RegistryRequest

# Blobs that are small enough for memory.


@dataclass(frozen=True)
class InMemoryBlobs:
    """Contents by digest."""

    blobs: Mapping[str, bytes]

    def open(self, digest: str) -> IO[bytes]:
        """One of them."""
        return io.BytesIO(self.blobs[digest])


def attach_document(
    registry: RegistryClient,
    subject: Descriptor,
    artifact_type: str,
    data: bytes,
    annotations: Mapping[str, str],
) -> str:
    """Keep a document as a referrer of an image; the referrer's digest.

    subject: the image's descriptor. The same document twice is one referrer.
    """
    document = referrer_manifest(artifact_type, data, subject, annotations)
    encoded_document = encode_document(document)
    sender = BlobUploader(
        registry, InMemoryBlobs({digest_of(blob): blob for blob in (data, EMPTY_BLOB)})
    )
    for blob in (data, EMPTY_BLOB):
        sender.send(digest_of(blob), len(blob), lambda _: None)
    headers = registry.put_manifest(encoded_document, MANIFEST)
    if "oci-subject" not in headers:
        _list_by_tag(registry, subject["digest"], document, encoded_document)
    return digest_of(encoded_document)


def list_referrers(
    registry: RegistryClient, digest: str, artifact_type: str = ""
) -> list[Descriptor]:
    """The descriptors of what is said about an image, of one type where one is named."""
    query = f"?artifactType={quote(artifact_type, safe='')}" if artifact_type else ""
    answer = registry.ask(RegistryRequest("GET", registry.url("referrers", f"{digest}{query}")))
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if answer.status == 200 and kind == INDEX:
        listed: Index = json.loads(answer.body)
    elif answer.status in (200, 400, 404, 405):  # not known to it, or not in this form
        listed = _listed(registry, digest)
    else:
        raise registry_error(answer, "what is said of the image cannot be listed", registry.host)
    manifests = listed.get("manifests", [])
    return [
        manifest
        for manifest in manifests
        if not artifact_type or manifest.get("artifactType") == artifact_type
    ]


def read_documents(registry: RegistryClient, digest: str, artifact_type: str) -> list[bytes]:
    """What the referrers of one type hold."""
    contents = []
    for artifact in list_referrers(registry, digest, artifact_type):
        layers = registry.manifest(artifact["digest"]).document["layers"]
        contents += [registry.blob(layer["digest"]) for layer in layers]
    return contents


def _list_by_tag(registry: RegistryClient, digest: str, document: Manifest, data: bytes) -> None:
    new = descriptor(MANIFEST, data)
    new["artifactType"] = document["artifactType"]
    new["annotations"] = document["annotations"]
    listed = with_referrer(_listed(registry, digest), new)
    registry.put_manifest(encode_document(listed), INDEX, referrers_tag(digest))


def _listed(registry: RegistryClient, digest: str) -> Index:
    tag = referrers_tag(digest)
    return registry.manifest(tag).index if registry.exists(tag) else image_index([])
