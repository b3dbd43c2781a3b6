"""Brings an image to a registry, and moves it between environments without fetching it.

First the blobs, then the manifest by digest, then what is said about it, last its tags: what has
a tag is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from shipway.core.errors import ConfigError
from shipway.core.images import oci
from shipway.core.images.provenance import moment
from shipway.core.images.tags import Origin, by_digest, lasting
from shipway.core.images.weight import amount
from shipway.core.ports import Clock
from shipway.images.layout import Layout
from shipway.images.referrers import attach
from shipway.images.registry import Registry
from shipway.images.sending import Sender

Say = Callable[[str], None]


@dataclass(frozen=True)
class Document:
    """Something said about an image. kind: its media type.

    created: seconds since the epoch; 0 where nothing says when. The same document, said to be
    of the same time, is the same referrer.
    """

    kind: str
    data: bytes
    words: str
    created: float = 0.0


@dataclass
class Sent:
    """What a push did. sent: bytes; blobs: how many of how many were not there yet."""

    digest: str
    sent: int = 0
    blobs: int = 0
    all_blobs: int = 0
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Publishing:
    """To one repository."""

    registry: Registry
    layout: Layout
    clock: Clock
    say: Say

    def push(self) -> Sent:
        """Send what the registry lacks, and the manifest under its digest."""
        described = self.layout.descriptor()
        manifest = self.layout.manifest()
        blobs = {one["digest"]: one["size"] for one in (*manifest["layers"], manifest["config"])}
        done = Sent(described["digest"], all_blobs=len(blobs))
        sender = Sender(self.registry, self.layout)
        began = self.clock.monotonic()
        for number, (digest, size) in enumerate(blobs.items(), 1):
            progress = _Progress(f"blob {number} of {len(blobs)}", size, self.say)
            if sender.send(digest, size, progress):
                done.blobs += 1
                done.sent += size
        self.registry.put_manifest(self.layout.read(described["digest"]), described["mediaType"])
        seconds = self.clock.monotonic() - began
        self.say(
            f"{done.blobs} of {done.all_blobs} blobs sent, {amount(done.sent)} in {seconds:.1f} s"
        )
        return done

    def attach(self, documents: Sequence[Document]) -> None:
        """Keep documents beside the image."""
        subject = self.layout.descriptor()
        for one in documents:
            notes = {oci.CREATED: moment(one.created)} if one.created else {}
            attach(self.registry, subject, one.kind, one.data, notes)
            self.say(f"attached: {one.words}")

    def tag(self, origin: Origin) -> list[str]:
        """Give the image its lasting tags; those that are another image's stay there."""
        described = self.layout.descriptor()
        data, given = self.layout.read(described["digest"]), []
        for tag in lasting(origin, described["digest"]):
            there = self.registry.digest(tag)
            if there and there != described["digest"]:
                self.say(f"tag {tag} stays at {there[:19]}: a tag like this never moves")
                continue
            if not there:
                self.registry.put_manifest(data, described["mediaType"], tag)
            given.append(tag)
        if not given:
            tag = by_digest(described["digest"])
            if not self.registry.exists(tag):
                self.registry.put_manifest(data, described["mediaType"], tag)
            given.append(tag)
        return given


def promote(registry: Registry, digest: str, environment: str) -> str:
    """Let an environment's tag name an image that is there already; the digest that it named.

    Nothing but the manifest is fetched. Raises ConfigError where there is no such image.
    """
    found = registry.manifest(digest)
    before = registry.digest(environment)
    if before != found.digest:
        registry.put_manifest(found.data, found.media_type, environment)
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
            self._say(f"{self._what}: {amount(self._sent)} of {amount(self._size)}")


def facts_of(sent: Sent, tags: Sequence[str], place: str) -> dict[str, Any]:
    """What a step remembers of a push. place: registry/repository@digest."""
    return {
        "image": place, "tags": list(tags), "sent": sent.sent, "blobs": sent.blobs,
        "all_blobs": sent.all_blobs,
    }  # fmt: skip
