"""The files that matter of an image's layers laid over each other, in memory.

By OCI's image specification (layer.md): a file takes the place of what is below it, `.wh.NAME`
takes NAME away, and `.wh..wh..opq` all that lower layers have in its folder.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import posixpath
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, Protocol

# The layers of an image in a file or folder: what `docker save` and OCI's tools write.
#
# Formats: docker-archive (github.com/moby/docker-image-spec, "Combined Image JSON + Filesystem
# Changeset Format") and OCI's image layout (github.com/opencontainers/image-spec,
# image-layout.md), as tar or folder. Nothing is unpacked to disk.

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_LARGEST_DOCUMENT = 16 << 20  # bytes of a manifest
_DEPTH = 4  # of an index in an index


class UnreadableArchive(Exception):
    """The image cannot be read, or not all of it; the message says why."""


class ArchiveStore(Protocol):
    """The files that an image is kept in."""

    def has(self, name: str) -> bool: ...

    def open(self, name: str) -> IO[bytes]:
        """Raises UnreadableArchive where there is none."""
        ...


@dataclass(frozen=True)
class Layer:
    """One layer as it is kept. digest: of its tar, uncompressed, in hexadecimal digits."""

    store: ArchiveStore
    name: str
    digest: str


@contextmanager
def read_images(path: str) -> Iterator[list[list[Layer]]]:
    """The layers of each image in an archive or layout, lowest first. Raises UnreadableArchive."""
    with ExitStack() as stack:
        try:
            if os.path.isdir(path):
                contents = _images(_Folder(path))
            else:
                contents = _images(_Archive(stack.enter_context(tarfile.open(path))))
        except OSError as problem:
            raise UnreadableArchive(problem.strerror or str(problem)) from None
        except (tarfile.TarError, EOFError, zlib.error) as problem:
            raise UnreadableArchive(f"it is no tar archive, or damaged: {problem}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UnreadableArchive("its manifest is not understood") from None
        yield contents


@dataclass(frozen=True)
class _Folder:
    path: str

    def has(self, name: str) -> bool:
        return os.path.isfile(os.path.join(self.path, name))

    def open(self, name: str) -> IO[bytes]:
        if not self.has(name):
            raise UnreadableArchive(f"{name} is missing")
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
            raise UnreadableArchive(f"{name} is missing")
        return file


def _images(store: ArchiveStore) -> list[list[Layer]]:
    # Newer docker writes both. Its index names other platforms, too, whose layers are not there.
    if store.has("manifest.json"):
        contents = [_of_docker(entry, store) for entry in json.loads(_read(store, "manifest.json"))]
    elif store.has("index.json"):
        index = json.loads(_read(store, "index.json"))
        contents = [_of_oci(manifest, store) for manifest in _manifests(index, store, _DEPTH)]
    else:
        raise UnreadableArchive("it is neither a docker archive nor an OCI layout")
    if not contents:
        raise UnreadableArchive("it holds no image")
    return contents


def _of_docker(manifest: Mapping[str, Any], store: ArchiveStore) -> list[Layer]:
    config = json.loads(_read(store, str(manifest["Config"])))
    return _layers([str(name) for name in manifest["Layers"]], config, store)


def _of_oci(manifest: Mapping[str, Any], store: ArchiveStore) -> list[Layer]:
    config = json.loads(_blob(manifest["config"], store))
    return _layers([_place(layer) for layer in manifest["layers"]], config, store)


def _layers(names: Sequence[str], config: Mapping[str, Any], store: ArchiveStore) -> list[Layer]:
    digests = [_hexadecimal(digest) for digest in config["rootfs"]["diff_ids"]]
    return [Layer(store, name, digest) for name, digest in zip(names, digests, strict=True)]


def _manifests(
    index: Mapping[str, Any], store: ArchiveStore, depth: int
) -> Iterator[Mapping[str, Any]]:
    """Of every platform; without what only says how an image was built."""
    for descriptor in index["manifests"]:
        if "vnd.docker.reference.type" in (descriptor.get("annotations") or {}):
            continue
        manifest = json.loads(_blob(descriptor, store))
        if "manifests" not in manifest:
            yield manifest
        elif depth:
            yield from _manifests(manifest, store, depth - 1)
        else:
            raise UnreadableArchive("its indexes are nested too deeply")


def _blob(descriptor: Mapping[str, Any], store: ArchiveStore) -> bytes:
    data = _read(store, _place(descriptor))
    if hashlib.sha256(data).hexdigest() != _hexadecimal(descriptor["digest"]):
        raise UnreadableArchive(f"{_place(descriptor)} is not what its name says: it is damaged")
    return data


def _place(descriptor: Mapping[str, Any]) -> str:
    return f"blobs/sha256/{_hexadecimal(descriptor['digest'])}"


def _hexadecimal(digest: str) -> str:
    """Nothing else: it becomes part of a path."""
    match = _DIGEST.fullmatch(digest)
    if match is None:
        raise UnreadableArchive("it names a layer by something else than SHA-256")
    return match[1]


def _read(store: ArchiveStore, name: str) -> bytes:
    with store.open(name) as file:
        data = file.read(_LARGEST_DOCUMENT + 1)
    if len(data) > _LARGEST_DOCUMENT:
        raise UnreadableArchive(f"{name} is too large for what it is")
    return data


_WHITEOUT, _OPAQUE, _RESERVED = ".wh.", ".wh..wh..opq", ".wh..wh."
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_LARGEST_FILE = 64 << 20  # bytes of one file that matters; dpkg's is below 5 MB
_CHUNK = 1 << 20
Matters = Callable[[str], bool]


@dataclass
class _Change:
    """What one layer does. files: all but folders; links: where those that matter lead."""

    kept: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)

    def hides(self, path: str) -> bool:
        """Whether what lower layers have at a path is no longer there."""
        if path in self.files or path in self.folders:
            return True
        return any(above in self.files or above in self.emptied for above in _above(path))


def files_in_layers(layers: Sequence[Layer], matters: Matters) -> dict[str, bytes]:
    """What the files that matter hold, by path from the image's root. Raises UnreadableArchive.

    A link is left out where it leads to another file that matters.
    """
    content: dict[str, bytes] = {}
    links: dict[str, str] = {}
    for layer in layers:
        change = _change(layer, matters, content)
        content = {
            path: data for path, data in content.items() if not change.hides(path)
        } | change.kept
        links = {path: to for path, to in links.items() if not change.hides(path)} | change.links
    for path, target in links.items():
        if target not in content:
            raise UnreadableArchive(f"{path} is a link to {target}, which cannot be followed here")
    return content


def path_in_image(name: str) -> str:
    """A member's path from the image's root. One that leads out of it is an attack."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise UnreadableArchive(f"it holds {name!r}, which leads out of it")
    return "/".join(parts)


def _above(path: str) -> Iterator[str]:
    while path:
        path = posixpath.dirname(path)
        yield path


def _change(layer: Layer, matters: Matters, below: dict[str, bytes]) -> _Change:
    change = _Change()
    try:
        with layer.store.open(layer.name) as stored:
            content = _Hashed(_uncompressed(stored))
            with tarfile.open(fileobj=content, mode="r|") as archive:
                for member in archive:
                    _add(member, archive, change, matters, below)
            content.drain()
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as problem:
        raise UnreadableArchive(f"{layer.name} is damaged: {problem}") from None
    if content.digest() != layer.digest:  # tarfile passes over what it does not understand
        raise UnreadableArchive(f"{layer.name} is not what the image says: it is damaged")
    return change


def _add(
    member: tarfile.TarInfo,
    archive: tarfile.TarFile,
    change: _Change,
    matters: Matters,
    below: dict[str, bytes],
) -> None:
    path = path_in_image(member.name)
    folder, base = posixpath.split(path)
    if base == _OPAQUE:
        change.emptied.add(folder)
    elif base.startswith(_RESERVED):
        pass  # what other tools note for themselves
    elif base.startswith(_WHITEOUT):
        change.files.add(path_in_image(f"{folder}/{base.removeprefix(_WHITEOUT)}"))
    elif member.isdir():
        change.folders.add(path)
    else:
        change.files.add(path)
        if matters(path):
            _keep(path, member, archive, change, below)


def _keep(
    path: str,
    member: tarfile.TarInfo,
    archive: tarfile.TarFile,
    change: _Change,
    below: dict[str, bytes],
) -> None:
    change.kept.pop(path, None)
    change.links.pop(path, None)
    if member.issym():
        target = posixpath.join("/", posixpath.dirname(path), member.linkname)
        change.links[path] = posixpath.normpath(target).lstrip("/")
    elif member.islnk():
        target = path_in_image(member.linkname)
        data = change.kept.get(target, below.get(target))
        if data is None:
            raise UnreadableArchive(f"{path} is a link to {target}, which cannot be followed here")
        change.kept[path] = data
    elif member.isreg():
        if member.size > _LARGEST_FILE:
            raise UnreadableArchive(f"{path} is too large for what it is")
        file = archive.extractfile(member)
        change.kept[path] = file.read() if file else b""
    else:
        raise UnreadableArchive(f"{path} is no file")


def _uncompressed(stored: IO[bytes]) -> IO[bytes] | gzip.GzipFile:
    start = stored.read(4)
    stored.seek(0)
    if start == _ZSTD:
        raise UnreadableArchive("its layers are compressed by zstd, which is not read here")
    return gzip.open(stored) if start.startswith(_GZIP) else stored


class _Hashed(io.BufferedIOBase):
    """A stream that knows the digest of what was read of it."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        data = self._stream.read(-1 if size is None else size)
        self._hash.update(data)
        return data

    def drain(self) -> None:
        """Read what is left."""
        while self.read(_CHUNK):
            pass

    def digest(self) -> str:
        """SHA-256, in hexadecimal digits."""
        return self._hash.hexdigest()
