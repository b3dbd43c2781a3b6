"""Images in a registry."""

from __future__ import annotations

from shipway.core.images import oci
from shipway.images.registry import Registry
from shipway.images.sending import Sender
from shipway.images.small import Small


def image(registry: Registry, *layers: bytes) -> bytes:
    """A manifest whose blobs are there."""
    config = b'{"architecture":"amd64"}'
    blobs = {oci.digest_of(one): one for one in (config, *layers)}
    sender = Sender(registry, Small(blobs))
    for digest, data in blobs.items():
        sender.send(digest, len(data), lambda _: None)
    described = [oci.descriptor(oci.LAYER, one) for one in layers]
    return oci.encoded(oci.manifest(oci.descriptor(oci.CONFIG, config), described, {"k": "v"}))
