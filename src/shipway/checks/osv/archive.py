"""The layers of an image in a file or folder: what `docker save` and OCI's tools write.

Formats: docker-archive (github.com/moby/docker-image-spec, "Combined Image JSON + Filesystem
Changeset Format") and OCI's image layout (github.com/opencontainers/image-spec,
image-layout.md), as tar or folder. Nothing is unpacked to disk.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, Any, Protocol

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_LARGEST = 16 << 20  # bytes of a manifest
_DEPTH = 4  # of an index in an index


class Unreadable(Exception):
    """The image cannot be read, or not all of it; the message says why."""


class Store(Protocol):
    """The files that an image is kept in."""

    def has(self, name: str) -> bool: ...

    def open(self, name: str) -> IO[bytes]:
        """Raises Unreadable where there is none."""
        ...


@dataclass(frozen=True)
class Layer:
    """One layer as it is kept. digest: of its tar, uncompressed, in hexadecimal digits."""

    store: Store
    name: str
    digest: str


@contextmanager
def images(path: str) -> Iterator[list[list[Layer]]]:
    """The layers of each image in an archive or layout, lowest first. Raises Unreadable."""
    with ExitStack() as stack:
        try:
            if os.path.isdir(path):
                found = _images(_Folder(path))
            else:
                found = _images(_Archive(stack.enter_context(tarfile.open(path))))
        except OSError as problem:
            raise Unreadable(problem.strerror or str(problem)) from None
        except (tarfile.TarError, EOFError, zlib.error) as problem:
            raise Unreadable(f"it is no tar archive, or damaged: {problem}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Unreadable("its manifest is not understood") from None
        yield found


@dataclass(frozen=True)
class _Folder:
    path: str

    def has(self, name: str) -> bool:
        return os.path.isfile(os.path.join(self.path, name))

    def open(self, name: str) -> IO[bytes]:
        if not self.has(name):
            raise Unreadable(f"{name} is missing")
        return open(os.path.join(self.path, name), "rb")


@dataclass(frozen=True)
class _Archive:
    """Links lead to other members only: that is all tarfile looks at."""

    archive: tarfile.TarFile

    def has(self, name: str) -> bool:
        return name in self.archive.getnames()

    def open(self, name: str) -> IO[bytes]:
        try:
            file = self.archive.extractfile(name)
        except (KeyError, RecursionError):  # the latter where a link leads to itself
            file = None
        if file is None:
            raise Unreadable(f"{name} is missing")
        return file


def _images(store: Store) -> list[list[Layer]]:
    # Newer docker writes both. Its index names other platforms, too, whose layers are not there.
    if store.has("manifest.json"):
        found = [_of_docker(one, store) for one in json.loads(_read(store, "manifest.json"))]
    elif store.has("index.json"):
        index = json.loads(_read(store, "index.json"))
        found = [_of_oci(one, store) for one in _manifests(index, store, _DEPTH)]
    else:
        raise Unreadable("it is neither a docker archive nor an OCI layout")
    if not found:
        raise Unreadable("it holds no image")
    return found


def _of_docker(manifest: Mapping[str, Any], store: Store) -> list[Layer]:
    config = json.loads(_read(store, str(manifest["Config"])))
    return _layers([str(name) for name in manifest["Layers"]], config, store)


def _of_oci(manifest: Mapping[str, Any], store: Store) -> list[Layer]:
    config = json.loads(_blob(manifest["config"], store))
    return _layers([_place(one) for one in manifest["layers"]], config, store)


def _layers(names: Sequence[str], config: Mapping[str, Any], store: Store) -> list[Layer]:
    digests = [_hexadecimal(one) for one in config["rootfs"]["diff_ids"]]
    return [Layer(store, name, one) for name, one in zip(names, digests, strict=True)]


def _manifests(index: Mapping[str, Any], store: Store, depth: int) -> Iterator[Mapping[str, Any]]:
    """Of every platform; without what only says how an image was built."""
    for one in index["manifests"]:
        if "vnd.docker.reference.type" in (one.get("annotations") or {}):
            continue
        found = json.loads(_blob(one, store))
        if "manifests" not in found:
            yield found
        elif depth:
            yield from _manifests(found, store, depth - 1)
        else:
            raise Unreadable("its indexes are nested too deeply")


def _blob(descriptor: Mapping[str, Any], store: Store) -> bytes:
    data = _read(store, _place(descriptor))
    if hashlib.sha256(data).hexdigest() != _hexadecimal(descriptor["digest"]):
        raise Unreadable(f"{_place(descriptor)} is not what its name says: it is damaged")
    return data


def _place(descriptor: Mapping[str, Any]) -> str:
    return f"blobs/sha256/{_hexadecimal(descriptor['digest'])}"


def _hexadecimal(digest: str) -> str:
    """Nothing else: it becomes part of a path."""
    found = _DIGEST.fullmatch(digest)
    if found is None:
        raise Unreadable("it names a layer by something else than SHA-256")
    return found[1]


def _read(store: Store, name: str) -> bytes:
    with store.open(name) as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise Unreadable(f"{name} is too large for what it is")
    return data
