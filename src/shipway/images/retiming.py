"""A layer written again, so that when it was made leaves no mark.

Builders put the time of the build on every file. A layer whose files are all from the context
(the application's code) gets the commit's time: Flask makes ETags of sizes and times, so that two
releases must not have the same. Every other layer gets the same time always: it stays the same
layer from commit to commit, and is not sent again.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Set
from dataclasses import dataclass, field
from typing import IO, Any

ALWAYS = 315532800  # 1980-01-01: the first moment that a zip can tell
_DROPPED = ("mtime", "atime", "ctime")  # of pax headers: parts of seconds
_LEVEL = 6


@dataclass
class Contents:
    """What a layer holds. files: path → bytes; records: RECORD's path → its text.

    strangers: digests of two files at most that are not of the context.
    """

    files: dict[str, int] = field(default_factory=dict)
    records: dict[str, str] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)
    own: bool = False


@dataclass(frozen=True)
class Written:
    """A layer that was written. Digests have their prefix `sha256:`. size: compressed."""

    diff: str
    digest: str
    size: int
    unpacked: int


def unpacked(stored: IO[bytes]) -> IO[bytes] | gzip.GzipFile:
    """A layer's tar."""
    start = stored.read(2)
    stored.seek(0)
    return gzip.GzipFile(fileobj=stored) if start == b"\x1f\x8b" else stored


def look(tar: IO[bytes] | gzip.GzipFile, context: Set[str]) -> Contents:
    """Read a layer through. Stops at nothing: sizes are wanted of all files."""
    found = Contents()
    with tarfile.open(fileobj=tar, mode="r|") as archive:
        for member in archive:
            if not member.isreg():
                continue
            name = member.name.removeprefix("./").lstrip("/")
            found.files[name] = member.size
            _look_into(member, name, archive, found, context)
    return found


def _look_into(
    member: tarfile.TarInfo, name: str, archive: tarfile.TarFile, found: Contents,
    context: Set[str],
) -> None:  # fmt: skip
    record = name.endswith(".dist-info/RECORD")
    if not member.size or (len(found.strangers) > 1 and not record):
        return
    file = archive.extractfile(member)
    data = file.read() if file else b""
    if record:
        found.records[name] = data.decode("utf-8", "replace")
    digest = hashlib.sha256(data).hexdigest()
    if digest in context:
        found.own = True
    elif len(found.strangers) < 2:
        found.strangers.append(digest)


def rewrite(tar: IO[bytes] | gzip.GzipFile, target: IO[bytes], moment: int) -> Written:
    """Write a layer with one time for all, compressed. moment: seconds since the epoch."""
    packed = _Counted(target)
    with gzip.GzipFile("", "wb", _LEVEL, packed, mtime=0) as pressed:
        plain = _Counted(pressed)
        with (
            tarfile.open(fileobj=tar, mode="r|") as old,
            tarfile.open(fileobj=plain, mode="w|", format=tarfile.PAX_FORMAT) as new,
        ):
            for member in old:
                member.mtime = moment
                member.uname = member.gname = ""  # the numbers count, and names differ
                member.pax_headers = {
                    key: value for key, value in member.pax_headers.items() if key not in _DROPPED
                }
                new.addfile(member, old.extractfile(member) if member.isreg() else None)
    return Written(plain.digest, packed.digest, packed.size, plain.size)


def pack(tar: IO[bytes] | gzip.GzipFile, target: IO[bytes]) -> Written:
    """Write a layer as it is, compressed."""
    packed = _Counted(target)
    with gzip.GzipFile("", "wb", _LEVEL, packed, mtime=0) as pressed:
        plain = _Counted(pressed)
        while data := tar.read(1 << 20):
            plain.write(data)
    return Written(plain.digest, packed.digest, packed.size, plain.size)


class _Counted(io.RawIOBase):
    """A stream that knows how much went through it, and the digest of that."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Pass on."""
        self._stream.write(data)
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    @property
    def digest(self) -> str:
        """With its prefix."""
        return f"sha256:{self._hash.hexdigest()}"
