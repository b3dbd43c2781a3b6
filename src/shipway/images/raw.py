"""An image as its builder gave it away: docker's archive, or an OCI layout in a folder.

Formats: docker-archive (github.com/moby/docker-image-spec), OCI image layout. What builders write
is trusted no further than needed: names are looked up, never joined to paths outside.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from shipway.core.errors import CannotRun

_BLOB = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class RawImage:
    """Its configuration, and where the layers are, lowest first."""

    config: dict[str, Any]
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
        found = self.archive.extractfile(name)
        if found is None:
            raise _unknown(f"{name} is missing")
        with found:
            yield found


@contextmanager
def opened(path: str) -> Iterator[RawImage]:
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
    found = archive.extractfile(name)
    if found is None:
        raise _unknown(f"{name} is missing")
    return found.read()


def _folder(path: str) -> RawImage:
    with open(os.path.join(path, "index.json"), encoding="utf-8") as file:
        listed = json.load(file)["manifests"]
    manifest = json.loads(_read(path, listed[0]["digest"]))
    config = json.loads(_read(path, manifest["config"]["digest"]))
    return RawImage(config, tuple(_place(one["digest"]) for one in manifest["layers"]), path)


def _read(path: str, digest: str) -> bytes:
    with open(os.path.join(path, _place(digest)), "rb") as file:
        return file.read()


def _place(digest: str) -> str:
    found = _BLOB.fullmatch(digest)
    if found is None:
        raise _unknown(f"{digest[:40]!r} is no digest")
    return f"blobs/sha256/{found[1]}"


def _unknown(why: str) -> CannotRun:
    return CannotRun(
        f"the image that was built cannot be read: {why}", "Try another builder: image.builder."
    )
