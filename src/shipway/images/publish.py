"""Brings an image to a registry, and moves it between environments without fetching it.

First the blobs, then the manifest by digest, then what is said about it, last its tags: what has
a tag is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shipway.errors import ConfigError
from shipway.images import oci
from shipway.images.blob_upload import BlobUploader
from shipway.images.layout import OciLayout
from shipway.images.provenance import timestamp
from shipway.images.reference import ImageOrigin, digest_tag, immutable_tags
from shipway.images.referrers import attach_document
from shipway.images.registry import RegistryClient, TagTaken
from shipway.images.size_budget import megabytes
from shipway.pipeline.result import StepFacts
from shipway.ports import Clock

Say = Callable[[str], None]


@dataclass(frozen=True)
class Attestation:
    """Something said about an image. kind: its media type.

    created: seconds since the epoch; 0 where nothing says when. The same document, said to be
    of the same time, is the same referrer.
    """

    kind: str
    data: bytes
    words: str
    created: float = 0.0


@dataclass
class PushResult:
    """What a push did. sent: bytes; blobs: how many of how many were not there yet."""

    digest: str
    sent: int = 0
    blobs: int = 0
    all_blobs: int = 0
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ImagePublisher:
    """To one repository."""

    registry: RegistryClient
    layout: OciLayout
    clock: Clock
    say: Say

    def push(self) -> PushResult:
        """Send what the registry lacks, and the manifest under its digest."""
        described = self.layout.descriptor()
        manifest = self.layout.manifest()
        blobs = {blob["digest"]: blob["size"] for blob in (*manifest["layers"], manifest["config"])}
        done = PushResult(described["digest"], all_blobs=len(blobs))
        sender = BlobUploader(self.registry, self.layout)
        began = self.clock.monotonic()
        for number, (digest, size) in enumerate(blobs.items(), 1):
            progress = _Progress(f"blob {number} of {len(blobs)}", size, self.say)
            if sender.send(digest, size, progress):
                done.blobs += 1
                done.sent += size
        self.registry.put_manifest(self.layout.read(described["digest"]), described["mediaType"])
        seconds = self.clock.monotonic() - began
        self.say(
            f"{done.blobs} of {done.all_blobs} blobs sent, {megabytes(done.sent)} in "
            f"{seconds:.1f} s"
        )
        return done

    def attach(self, documents: Sequence[Attestation]) -> None:
        """Keep documents beside the image."""
        subject = self.layout.descriptor()
        for document in documents:
            notes = {oci.CREATED: timestamp(document.created)} if document.created else {}
            attach_document(self.registry, subject, document.kind, document.data, notes)
            self.say(f"attached: {document.words}")

    def tag(self, origin: ImageOrigin) -> list[str]:
        """Give the image its lasting tags; those that are another image's stay there."""
        described = self.layout.descriptor()
        data, tags = self.layout.read(described["digest"]), []
        for tag in immutable_tags(origin, described["digest"]):
            existing = self.registry.digest(tag)
            if not existing:
                try:
                    self.registry.put_manifest(data, described["mediaType"], tag)
                except TagTaken:  # by somebody else, just now
                    existing = self.registry.digest(tag)
            if existing and existing != described["digest"]:
                self.say(f"tag {tag} stays at {existing[:19]}: a tag like this never moves")
                continue
            tags.append(tag)
        if not tags:
            tag = digest_tag(described["digest"])
            if not self.registry.exists(tag):
                self.registry.put_manifest(data, described["mediaType"], tag)
            tags.append(tag)
        return tags


def promote_image(registry: RegistryClient, digest: str, environment: str) -> str:
    """Let an environment's tag name an image that is there already; the digest that it named.

    Nothing but the manifest is fetched. Raises ConfigError where there is no such image.
    """
    manifest = registry.manifest(digest)
    before = registry.digest(environment)
    if before != manifest.digest:
        registry.put_manifest(manifest.data, manifest.media_type, environment)
    return before


def environment_tag(environment: str, application_version: str) -> str:
    """The tag of an environment. Raises ConfigError where it would be a version's."""
    if environment == application_version or environment.startswith(("sha-", "sha256-", "image-")):
        raise ConfigError(
            f"{environment!r} cannot be a tag that moves", "Call the environment something else."
        )
    return environment


class _Progress:
    """Says how far a large blob is, in quarters."""

    def __init__(self, what: str, size: int, say: Say) -> None:
        self._what = what
        self._size = size
        self._say = say
        self._sent = 0
        self._told = 0

    def __call__(self, sent: int) -> None:
        self._sent += sent
        quarter = self._sent * 4 // max(self._size, 1)
        if quarter > self._told:
            self._told = quarter
            self._say(f"{self._what}: {megabytes(self._sent)} of {megabytes(self._size)}")


def facts_of(sent: PushResult, tags: Sequence[str], reference: str) -> StepFacts:
    """What a step remembers of a push. reference: registry/repository@digest."""
    return {
        "image": reference,
        "tags": list(tags),
        "sent": sent.sent,
        "blobs": sent.blobs,
        "all_blobs": sent.all_blobs,
    }
