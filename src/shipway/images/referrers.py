"""What is said about an image, kept beside it: OCI's referrers.

Source: distribution-spec 1.1, "Listing Referrers" and "Pushing Manifests with Subject". A registry
that knows the API says so with the header OCI-Subject; for the others, the list is kept by us under
the tag `sha256-…`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from shipway.core.images.exchange import Request
from shipway.core.images.oci import (
    EMPTY_BLOB,
    INDEX,
    MANIFEST,
    descriptor,
    digest_of,
    encoded,
    index,
    referrer,
    referrers_tag,
    with_referrer,
)
from shipway.images.errors import refused
from shipway.images.registry import Registry
from shipway.images.sending import Sender
from shipway.images.small import Small


def attach(
    registry: Registry, subject: Mapping[str, Any], artifact_type: str, data: bytes,
    annotations: Mapping[str, str],
) -> str:  # fmt: skip
    """Keep a document as a referrer of an image; the referrer's digest.

    subject: the image's descriptor. The same document twice is one referrer.
    """
    document = referrer(artifact_type, data, dict(subject), annotations)
    encoded_document = encoded(document)
    sender = Sender(registry, Small({digest_of(one): one for one in (data, EMPTY_BLOB)}))
    for one in (data, EMPTY_BLOB):
        sender.send(digest_of(one), len(one), lambda _: None)
    headers = registry.put_manifest(encoded_document, MANIFEST)
    if "oci-subject" not in headers:
        _list_by_tag(registry, subject["digest"], document, encoded_document)
    return digest_of(encoded_document)


def referrers(registry: Registry, digest: str, artifact_type: str = "") -> list[dict[str, Any]]:
    """The descriptors of what is said about an image, of one type where one is named."""
    query = f"?artifactType={quote(artifact_type, safe='')}" if artifact_type else ""
    answer = registry.ask(Request("GET", registry.url("referrers", f"{digest}{query}")))
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if answer.status == 200 and kind == INDEX:
        listed = json.loads(answer.body)
    elif answer.status in (200, 400, 404, 405):  # not known to it, or not in this form
        listed = _listed(registry, digest)
    else:
        raise refused(answer, "what is said of the image cannot be listed", registry.host)
    found: list[dict[str, Any]] = listed.get("manifests", [])
    return [one for one in found if not artifact_type or one.get("artifactType") == artifact_type]


def documents(registry: Registry, digest: str, artifact_type: str) -> list[bytes]:
    """What the referrers of one type hold."""
    found = []
    for one in referrers(registry, digest, artifact_type):
        layers = registry.manifest(one["digest"]).document["layers"]
        found += [registry.blob(layer["digest"]) for layer in layers]
    return found


def _list_by_tag(registry: Registry, digest: str, document: Mapping[str, Any], data: bytes) -> None:
    new = descriptor(
        MANIFEST, data, artifactType=document["artifactType"], annotations=document["annotations"]
    )
    listed = with_referrer(_listed(registry, digest), new)
    registry.put_manifest(encoded(listed), INDEX, referrers_tag(digest))


def _listed(registry: Registry, digest: str) -> dict[str, Any]:
    tag = referrers_tag(digest)
    return registry.manifest(tag).document if registry.exists(tag) else index([])
