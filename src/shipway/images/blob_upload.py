"""Sends blobs to a registry: only those that it lacks, each from where a broken try ended.

Source: distribution-spec 1.1, "Pushing blobs". A blob goes in chunks, so that a connection that
breaks costs one chunk; a registry that takes none gets it in one piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Protocol
from urllib.parse import quote

from shipway.errors import CannotRun, Unreachable
from shipway.images.registry import RegistryClient, registry_error
from shipway.system.http import RegistryRequest, RegistryResponse

CHUNK = 16 << 20  # bytes; ECR takes parts of 5 MiB and more (docs: UploadLayerPart)
_PIECE = 1 << 18
_TRIES = 3  # of a whole blob, after those of each request

Progress = Callable[[int], None]  # told the bytes that were just sent


class BlobSource(Protocol):
    """Blobs by digest."""

    def open(self, digest: str) -> IO[bytes]: ...


@dataclass(frozen=True)
class BlobPart:
    """A part of a blob as a body that can be read again."""

    source: BlobSource
    digest: str
    start: int
    size: int

    def pieces(self) -> Iterator[bytes]:
        """Its bytes."""
        left = self.size
        with self.source.open(self.digest) as file:
            file.seek(self.start)
            while left and (data := file.read(min(_PIECE, left))):
                left -= len(data)
                yield data


@dataclass(frozen=True)
class BlobUploader:
    """Sends blobs of a source to a registry. mounts: repositories beside it that may have them."""

    registry: RegistryClient
    source: BlobSource
    mounts: tuple[str, ...] = ()
    chunk: int = CHUNK

    def has(self, digest: str) -> bool:
        """Whether the registry has a blob."""
        answer = self.registry.ask(
            RegistryRequest("HEAD", self.registry.url("blobs", digest)), write=True
        )
        if answer.status in (200, 307):
            return True
        if answer.status != 404:
            raise registry_error(answer, f"{digest[:19]} cannot be looked up", self.registry.host)
        return False

    def send(self, digest: str, size: int, progress: Progress) -> bool:
        """Bring one blob there; whether it had to be sent. Raises CannotRun and ConfigError."""
        if self.has(digest):
            return False
        last: Exception | None = None
        for _ in range(_TRIES):
            try:
                return self._begin(digest, size, progress)
            except (Unreachable, _Lost) as problem:
                last = problem
        raise CannotRun(
            f"{digest[:19]} cannot be sent to {self.registry.host}: {last}",
            "Push again: what has arrived is not sent twice.",
            code="registry-refused",
        ) from last

    def _begin(self, digest: str, size: int, progress: Progress) -> bool:
        for repository in self.mounts:
            query = f"?mount={quote(digest, safe='')}&from={quote(repository, safe='')}"
            answer = self._post(query)
            if answer.status == 201:
                return False
            if answer.status == 202:  # it is not there: the upload has begun
                break
        else:
            answer = self._post("")
        if answer.status != 202:
            raise registry_error(answer, "an upload cannot be begun", self.registry.host)
        self._upload(answer, digest, size, progress)
        return True

    def _post(self, query: str) -> RegistryResponse:
        url = self.registry.url("blobs", "uploads", query)
        return self.registry.ask(RegistryRequest("POST", url, {"content-length": "0"}), write=True)

    def _upload(self, begun: RegistryResponse, digest: str, size: int, progress: Progress) -> None:
        location, start = self._place(begun), 0
        while size - start > self.chunk:
            body = BlobPart(self.source, digest, start, self.chunk)
            headers = {
                "content-type": "application/octet-stream",
                "content-range": f"{start}-{start + self.chunk - 1}",
            }
            answer = self.registry.ask(
                RegistryRequest("PATCH", location, headers, content=body), write=True
            )
            if answer.status != 202:
                self._lost(answer)
            location, start = self._place(answer), start + self.chunk
            progress(self.chunk)
        rest = BlobPart(self.source, digest, start, size - start)
        headers = {"content-type": "application/octet-stream"}
        if start:
            headers["content-range"] = f"{start}-{size - 1}"
        joint = "&" if "?" in location else "?"
        url = f"{location}{joint}digest={quote(digest, safe='')}"
        answer = self.registry.ask(RegistryRequest("PUT", url, headers, content=rest), write=True)
        if answer.status != 201:
            self._lost(answer)
        progress(rest.size)

    def _lost(self, answer: RegistryResponse) -> None:
        # 416: a chunk arrived although its answer did not; 404: the session is gone.
        if answer.status in (404, 416) or answer.status >= 500:
            raise _Lost(f"status {answer.status}")
        raise registry_error(answer, "a blob cannot be sent", self.registry.host)

    def _place(self, answer: RegistryResponse) -> str:
        location = answer.headers.get("location", "")
        if not location:
            raise _Lost("it does not say where to")
        return self.registry.absolute(location)


class _Lost(Exception):
    """An upload has to be begun again."""
