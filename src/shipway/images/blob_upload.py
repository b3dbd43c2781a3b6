"""Sends blobs to a registry: only those that it lacks, each from where a broken try ended.

Source: distribution-spec 1.1, "Pushing blobs". A blob goes in chunks, so that a connection that
breaks costs one chunk; the last try sends it in one piece. How much has arrived is counted here:
Amazon ECR's `Range` stays at the first chunk (docs/assumptions.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Protocol
from urllib.parse import quote

from shipway.errors import CannotRun, Unreachable
from shipway.images.registry import RegistryClient, error_codes, error_text, registry_error
from shipway.system.http import RegistryRequest, RegistryResponse

CHUNK = 16 << 20  # bytes; ECR takes parts of 5 MiB and more (docs: UploadLayerPart)
_PIECE = 1 << 18
_TRIES = 3  # of a whole blob, after those of each request
# 202 by the specification; 201 by Amazon ECR, 204 by older ones of Pulp.
_TAKEN = (201, 202, 204)
_DAMAGED = ("BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "DIGEST_INVALID", "SIZE_INVALID")

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
        if answer.status in (200, 301, 302, 303, 307, 308):
            return True
        if answer.status != 404:
            raise registry_error(answer, f"{digest[:19]} cannot be looked up", self.registry.host)
        return False

    def send(self, digest: str, size: int, progress: Progress) -> bool:
        """Bring one blob there; whether it had to be sent. Raises CannotRun and ConfigError."""
        last: Exception | None = None
        for number in range(1, _TRIES + 1):
            if self.has(digest):
                return last is not None  # a try whose answer was lost has brought it
            try:
                return self._begin(digest, size, progress, whole=number == _TRIES)
            except (Unreachable, _Lost) as problem:
                last = problem
        raise CannotRun(
            f"{digest[:19]} cannot be sent to {self.registry.host}: {last}",
            "Push again: what has arrived is not sent twice.",
            code="registry-refused",
        ) from last

    def _begin(self, digest: str, size: int, progress: Progress, *, whole: bool) -> bool:
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
        location = self._place(answer)
        start = 0
        if not whole:
            location, start = self._send_chunks(
                location, self._chunk(answer), digest, size, progress
            )
        self._finish(location, start, digest, size)
        progress(size - start)
        return True

    def _post(self, query: str) -> RegistryResponse:
        url = self.registry.url("blobs", "uploads", query)
        return self.registry.ask(RegistryRequest("POST", url, {"content-length": "0"}), write=True)

    def _chunk(self, begun: RegistryResponse) -> int:
        """How much goes at once: more than ours where the registry wants more (distribution-spec,
        OCI-Chunk-Min-Length)."""
        least = begun.headers.get("oci-chunk-min-length", "")
        return max(self.chunk, int(least) if least.isascii() and least.isdigit() else 0)

    def _send_chunks(
        self, location: str, chunk: int, digest: str, size: int, progress: Progress
    ) -> tuple[str, int]:
        """All but the last one; where that goes, and how much has arrived."""
        start = 0
        while size - start > chunk:
            body = BlobPart(self.source, digest, start, chunk)
            headers = {
                "content-type": "application/octet-stream",
                "content-range": f"{start}-{start + chunk - 1}",
            }
            answer = self.registry.ask(
                RegistryRequest("PATCH", location, headers, content=body), write=True
            )
            # 416: it arrived, and its answer did not. If not so, the digest tells at the end.
            if answer.status not in (*_TAKEN, 416):
                self._lost(answer)
            if answer.headers.get("location"):
                location = self._place(answer)
            start += chunk
            progress(chunk)
        return location, start

    def _finish(self, location: str, start: int, digest: str, size: int) -> None:
        rest = BlobPart(self.source, digest, start, size - start)
        headers = {"content-type": "application/octet-stream"}
        if start:
            headers["content-range"] = f"{start}-{size - 1}"
        joint = "&" if "?" in location else "?"
        url = f"{location}{joint}digest={quote(digest, safe='')}"
        answer = self.registry.ask(RegistryRequest("PUT", url, headers, content=rest), write=True)
        if answer.status not in (201, 204):
            self._lost(answer)

    def _lost(self, answer: RegistryResponse) -> None:
        # 416: a chunk arrived although its answer did not; 404: the session is gone.
        damaged = answer.status == 400 and any(code in error_codes(answer) for code in _DAMAGED)
        unfinished = answer.status < 400  # it waits for more
        if unfinished or answer.status in (404, 416) or answer.status >= 500 or damaged:
            raise _Lost(f"status {answer.status}: {error_text(answer)}")
        raise registry_error(answer, "a blob cannot be sent", self.registry.host)

    def _place(self, answer: RegistryResponse) -> str:
        location = answer.headers.get("location", "")
        if not location:
            raise _Lost("it does not say where to")
        return self.registry.absolute(location)


class _Lost(Exception):
    """An upload has to be begun again."""
