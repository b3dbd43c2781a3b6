"""The image that was built last, in a folder: an OCI image layout.

Source: github.com/opencontainers/image-spec, image-layout.md. Blobs stay until they are no longer
named, so that a layer which did not change is neither compressed nor written again.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from shipway.errors import CannotRun, ConfigError
from shipway.images.oci import (
    MANIFEST,
    Descriptor,
    ImageConfig,
    Manifest,
    digest_of,
    encode_document,
    image_index,
)
from shipway.images.oci import descriptor as descriptor_of
from shipway.images.reference import is_digest
from shipway.system.files import write_atomic

# An image as its builder gave it away: docker's archive, or an OCI layout in a folder.
#
# Formats: docker-archive (github.com/moby/docker-image-spec), OCI image layout. What builders write
# is trusted no further than needed: names are looked up, never joined to paths outside.

_BLOB = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class RawImage:
    """Its configuration, and where the layers are, lowest first."""

    config: ImageConfig
    layers: tuple[str, ...]
    folder: str = ""
    archive: tarfile.TarFile | None = None

    @contextmanager
    def layer(self, number: int) -> Iterator[IO[bytes]]:
        """A layer as it is kept, perhaps compressed."""
        name = self.layers[number]
        if self.archive is None:
            with open(os.path.join(self.folder, name), "rb") as file:
                yield file
            return
        stream = self.archive.extractfile(name)
        if stream is None:
            raise _unknown(f"{name} is missing")
        with stream:
            yield stream


@contextmanager
def open_image(path: str) -> Iterator[RawImage]:
    """The image in an archive or folder. Raises CannotRun when it is not understood."""
    try:
        if os.path.isdir(path):
            yield _folder(path)
        else:
            with tarfile.open(path) as archive:
                yield _archive(archive)
    except (tarfile.TarError, KeyError, ValueError, TypeError, IndexError) as problem:
        raise _unknown(str(problem)) from None
    except OSError as problem:
        raise _unknown(problem.strerror or str(problem)) from None


def _archive(archive: tarfile.TarFile) -> RawImage:
    (only,) = json.loads(_member(archive, "manifest.json"))
    config = json.loads(_member(archive, only["Config"]))
    return RawImage(config, tuple(only["Layers"]), archive=archive)


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    stream = archive.extractfile(name)
    if stream is None:
        raise _unknown(f"{name} is missing")
    return stream.read()


def _folder(path: str) -> RawImage:
    with open(os.path.join(path, "index.json"), encoding="utf-8") as file:
        listed = json.load(file)["manifests"]
    manifest = json.loads(_read(path, listed[0]["digest"]))
    config = json.loads(_read(path, manifest["config"]["digest"]))
    return RawImage(config, tuple(_place(layer["digest"]) for layer in manifest["layers"]), path)


def _read(path: str, digest: str) -> bytes:
    with open(os.path.join(path, _place(digest)), "rb") as file:
        return file.read()


def _place(digest: str) -> str:
    match = _BLOB.fullmatch(digest)
    if match is None:
        raise _unknown(f"{digest[:40]!r} is no digest")
    return f"blobs/sha256/{match[1]}"


def _unknown(why: str) -> CannotRun:
    return CannotRun(
        f"the image that was built cannot be read: {why}",
        "Try another builder: image.builder.",
        code="no-image",
    )


FOLDER = "image"  # in the state folder


class OciLayout:
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
                code="no-image",
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

    def finish(self, manifest: Manifest, kept: Iterable[str] = ()) -> Descriptor:
        """Make this the folder's image, and let go what it does not need; its descriptor."""
        data = encode_document(manifest)
        self.put(data)
        descriptor = descriptor_of(MANIFEST, data)
        write_atomic(
            os.path.join(self.folder, "oci-layout"),
            encode_document({"imageLayoutVersion": "1.0.0"}),
        )
        write_atomic(
            os.path.join(self.folder, "index.json"), encode_document(image_index([descriptor]))
        )
        needed = {descriptor["digest"], manifest["config"]["digest"], *kept}
        needed |= {layer["digest"] for layer in manifest["layers"]}
        self._let_go(needed)
        return descriptor

    def _let_go(self, needed: set[str]) -> None:
        folder = os.path.join(self.folder, "blobs", "sha256")
        for name in os.listdir(folder):
            if f"sha256:{name}" not in needed:
                os.unlink(os.path.join(folder, name))

    def descriptor(self) -> Descriptor:
        """The image's. Raises ConfigError where none is built."""
        try:
            with open(os.path.join(self.folder, "index.json"), encoding="utf-8") as file:
                manifests: list[Descriptor] = json.load(file)["manifests"]
            (descriptor,) = manifests
        except (OSError, ValueError, KeyError):
            raise ConfigError(
                "no image is built yet", "Build it: shipway image build.", code="no-image"
            ) from None
        return descriptor

    def manifest(self) -> Manifest:
        """The image's manifest."""
        manifest: Manifest = json.loads(self.read(self.descriptor()["digest"]))
        return manifest

    def config(self) -> ImageConfig:
        """The image's configuration."""
        config: ImageConfig = json.loads(self.read(self.manifest()["config"]["digest"]))
        return config
