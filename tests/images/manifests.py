"""Images in a registry."""

from __future__ import annotations

from shipway.images import oci
from shipway.images.blob_upload import BlobUploader
from shipway.images.referrers import InMemoryBlobs
from shipway.images.registry import RegistryClient


def image(registry: RegistryClient, *layers: bytes) -> bytes:
    """A manifest whose blobs are there."""
    config = b'{"architecture":"amd64"}'
    blobs = {oci.digest_of(one): one for one in (config, *layers)}
    sender = BlobUploader(registry, InMemoryBlobs(blobs))
    for digest, data in blobs.items():
        sender.send(digest, len(data), lambda _: None)
    described = [oci.descriptor(oci.LAYER, one) for one in layers]
    return oci.encode_document(
        oci.image_manifest(oci.descriptor(oci.CONFIG, config), described, {"k": "v"})
    )
