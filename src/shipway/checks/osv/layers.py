"""The files that matter of an image's layers laid over each other, in memory.

By OCI's image specification (layer.md): a file takes the place of what is below it, `.wh.NAME`
takes NAME away, and `.wh..wh..opq` all that lower layers have in its folder.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import posixpath
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO

from shipway.checks.osv.archive import Layer, Unreadable

_WHITEOUT, _OPAQUE, _RESERVED = ".wh.", ".wh..wh..opq", ".wh..wh."
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_LARGEST = 64 << 20  # bytes of one file that matters; dpkg's is below 5 MB
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


def files(layers: Sequence[Layer], matters: Matters) -> dict[str, bytes]:
    """What the files that matter hold, by path from the image's root. Raises Unreadable.

    A link is left out where it leads to another file that matters.
    """
    kept: dict[str, bytes] = {}
    links: dict[str, str] = {}
    for layer in layers:
        change = _change(layer, matters, kept)
        kept = {path: data for path, data in kept.items() if not change.hides(path)} | change.kept
        links = {path: to for path, to in links.items() if not change.hides(path)} | change.links
    for path, target in links.items():
        if target not in kept:
            raise Unreadable(f"{path} is a link to {target}, which cannot be followed here")
    return kept


def inside(name: str) -> str:
    """A member's path from the image's root. One that leads out of it is an attack."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Unreadable(f"it holds {name!r}, which leads out of it")
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
        raise Unreadable(f"{layer.name} is damaged: {problem}") from None
    if content.digest() != layer.digest:  # tarfile passes over what it does not understand
        raise Unreadable(f"{layer.name} is not what the image says: it is damaged")
    return change


def _add(
    member: tarfile.TarInfo, archive: tarfile.TarFile, change: _Change, matters: Matters,
    below: dict[str, bytes],
) -> None:  # fmt: skip
    path = inside(member.name)
    folder, base = posixpath.split(path)
    if base == _OPAQUE:
        change.emptied.add(folder)
    elif base.startswith(_RESERVED):
        pass  # what other tools note for themselves
    elif base.startswith(_WHITEOUT):
        change.files.add(inside(f"{folder}/{base.removeprefix(_WHITEOUT)}"))
    elif member.isdir():
        change.folders.add(path)
    else:
        change.files.add(path)
        if matters(path):
            _keep(path, member, archive, change, below)


def _keep(
    path: str, member: tarfile.TarInfo, archive: tarfile.TarFile, change: _Change,
    below: dict[str, bytes],
) -> None:  # fmt: skip
    change.kept.pop(path, None)
    change.links.pop(path, None)
    if member.issym():
        target = posixpath.join("/", posixpath.dirname(path), member.linkname)
        change.links[path] = posixpath.normpath(target).lstrip("/")
    elif member.islnk():
        target = inside(member.linkname)
        data = change.kept.get(target, below.get(target))
        if data is None:
            raise Unreadable(f"{path} is a link to {target}, which cannot be followed here")
        change.kept[path] = data
    elif member.isreg():
        if member.size > _LARGEST:
            raise Unreadable(f"{path} is too large for what it is")
        file = archive.extractfile(member)
        change.kept[path] = file.read() if file else b""
    else:
        raise Unreadable(f"{path} is no file")


def _uncompressed(stored: IO[bytes]) -> IO[bytes] | gzip.GzipFile:
    start = stored.read(4)
    stored.seek(0)
    if start == _ZSTD:
        raise Unreadable("its layers are compressed by zstd, which is not read here")
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
