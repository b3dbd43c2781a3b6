"""The image that was built last, in a folder: an OCI image layout.

Source: github.com/opencontainers/image-spec, image-layout.md. Blobs stay until they are no longer
named, so that a layer which did not change is neither compressed nor written again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import IO, Any

from shipway.core.errors import ConfigError
from shipway.core.images.oci import MANIFEST, digest_of, encoded, index
from shipway.core.images.reference import is_digest
from shipway.effects.files import write_atomic

FOLDER = "image"  # in the state folder


class Layout:
    """A folder with one image."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def path(self, digest: str) -> str:
        """Where a blob is. The digest must be whole: it becomes part of a path."""
        if not is_digest(digest):
            raise ConfigError(f"{digest[:80]!r} is no digest", "Build the image again.")
        return os.path.join(self.folder, "blobs", "sha256", digest.removeprefix("sha256:"))

    def has(self, digest: str, size: int) -> bool:
        """Whether a blob is there, as large as it should be."""
        try:
            return os.path.getsize(self.path(digest)) == size
        except OSError:
            return False

    def open(self, digest: str) -> IO[bytes]:
        """A blob's content."""
        return open(self.path(digest), "rb")

    def read(self, digest: str) -> bytes:
        """A small blob, checked. Raises ConfigError when it is missing or damaged."""
        try:
            with self.open(digest) as file:
                data = file.read()
        except OSError:
            data = b""
        if digest_of(data) != digest:
            raise ConfigError(
                f"{self.folder} is damaged: {digest[:19]} is not there",
                "Build the image again: shipway image build.",
            )
        return data

    def put(self, data: bytes) -> str:
        """Keep a small blob; its digest."""
        digest = digest_of(data)
        write_atomic(self.path(digest), data)
        return digest

    def adopt(self, path: str, digest: str) -> None:
        """Take a file of this folder's file system as a blob."""
        target = self.path(digest)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.replace(path, target)

    @property
    def beside(self) -> str:
        """A folder for what is not finished yet."""
        folder = os.path.join(self.folder, "unfinished")
        os.makedirs(folder, exist_ok=True)
        return folder

    def finish(self, manifest: Mapping[str, Any], kept: Iterable[str] = ()) -> dict[str, Any]:
        """Make this the folder's image, and let go what it does not need; its descriptor."""
        data = encoded(manifest)
        self.put(data)
        one = {"mediaType": MANIFEST, "digest": digest_of(data), "size": len(data)}
        write_atomic(
            os.path.join(self.folder, "oci-layout"), encoded({"imageLayoutVersion": "1.0.0"})
        )
        write_atomic(os.path.join(self.folder, "index.json"), encoded(index([one])))
        needed = {one["digest"], manifest["config"]["digest"], *kept}
        needed |= {layer["digest"] for layer in manifest["layers"]}
        self._let_go(needed)
        return one

    def _let_go(self, needed: set[Any]) -> None:
        folder = os.path.join(self.folder, "blobs", "sha256")
        for name in os.listdir(folder):
            if f"sha256:{name}" not in needed:
                os.unlink(os.path.join(folder, name))

    def descriptor(self) -> dict[str, Any]:
        """The image's. Raises ConfigError where none is built."""
        try:
            with open(os.path.join(self.folder, "index.json"), encoding="utf-8") as file:
                (found,) = json.load(file)["manifests"]
        except (OSError, ValueError, KeyError):
            raise ConfigError("no image is built yet", "Build it: shipway image build.") from None
        return dict(found)

    def manifest(self) -> dict[str, Any]:
        """The image's manifest."""
        found: dict[str, Any] = json.loads(self.read(self.descriptor()["digest"]))
        return found

    def config(self) -> dict[str, Any]:
        """The image's configuration."""
        found: dict[str, Any] = json.loads(self.read(self.manifest()["config"]["digest"]))
        return found
