"""Stores of shared outcomes: by HTTP as bazel-remote speaks it, and a folder."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from shipway.errors import CannotRun, ConfigError, Unreachable
from shipway.ports import StoredKind
from shipway.source_text import open_regular_file
from shipway.system.files import write_atomic
from shipway.system.http import is_this_machine

if TYPE_CHECKING:
    from httpx import Client, Response

_NAME = re.compile(r"[0-9a-f]{64}")
_TOO_LARGE = 413


def stored_path(kind: StoredKind, name: str) -> str:
    """`ac/NAME` or `cas/NAME`. Raises ValueError for a name that is no digest: it becomes a part
    of paths and addresses."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no digest")
    return f"{kind}/{name}"


class HttpOutcomeStore:
    """A store of the bazel-remote kind: GET, HEAD and PUT of `/ac/KEY` and `/cas/SHA256`.

    address: without a user. credentials: a bearer token or `user:password`; "" for none. A redirect
    is not followed: what it leads to was named by nobody, and would get the credentials.

    Raises ConfigError where credentials would cross a network unencrypted.
    """

    def __init__(self, address: str, credentials: str = "") -> None:
        self.address = address.rstrip("/")
        self._credentials = credentials.strip()
        self._client: Client | None = None
        parts = urlsplit(address)
        self._local = is_this_machine(parts.netloc)
        if self._credentials and parts.scheme != "https" and not self._local:
            raise ConfigError(
                f"the credentials of [cache] would go to {self.address} unencrypted",
                "Write https:// in cache.remote, or leave out cache.credentials.",
                code="invalid-setting",
            )

    def open(self) -> None:
        """Make it ready to be asked, from the thread that has the time for imports."""
        import httpx

        user, colon, password = self._credentials.partition(":")
        token = self._credentials if not colon else ""
        self._client = httpx.Client(
            auth=(user, password) if colon else None,
            headers={"authorization": f"Bearer {token}"} if token else {},
            follow_redirects=False,
            trust_env=not self._local,
        )

    def get(self, kind: StoredKind, name: str, limit: int, timeout: float) -> bytes | None:
        """See OutcomeStore."""
        body = bytearray()
        end = time.monotonic() + timeout
        with self._answer("GET", kind, name, timeout) as answer:
            if answer.status_code == 404:
                return None
            self._expect_success(answer)
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > limit:
                    break
                if time.monotonic() > end:
                    raise _overdue(timeout)
        return bytes(body[: limit + 1])

    def has(self, kind: StoredKind, name: str, timeout: float) -> bool:
        """See OutcomeStore."""
        with self._answer("HEAD", kind, name, timeout) as answer:
            if answer.status_code == 404:
                return False
            self._expect_success(answer)
            return True

    def put(self, kind: StoredKind, name: str, data: bytes, timeout: float) -> None:
        """See OutcomeStore."""
        with self._answer("PUT", kind, name, timeout, data) as answer:
            if answer.status_code == _TOO_LARGE:
                raise CannotRun(f"it takes no {len(data) / 1e6:.1f} MB (413)")
            self._expect_success(answer)

    @contextmanager
    def _answer(
        self, method: str, kind: StoredKind, name: str, timeout: float, data: bytes | None = None
    ) -> Iterator[Response]:
        import httpx

        if self._client is None:
            self.open()
        assert self._client is not None
        url = f"{self.address}/{stored_path(kind, name)}"
        try:
            with self._client.stream(method, url, content=data, timeout=timeout) as answer:
                yield answer
        except httpx.TimeoutException:
            raise Unreachable(
                f"it did not answer within {timeout:.1f} s", code="timed-out"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"it does not answer: {error or type(error).__name__}") from None

    def _expect_success(self, answer: Response) -> None:
        status = answer.status_code
        if 200 <= status < 300:
            return
        if 300 <= status < 400:
            raise Unreachable(f"it answers with a redirect ({status}), which is not followed")
        if status in (401, 403):
            raise Unreachable(f"it refuses these credentials ({status})")
        raise Unreachable(f"it answers with {status}")


def _overdue(timeout: float) -> Unreachable:
    return Unreachable(f"it did not answer within {timeout:g} s", code="timed-out")


class FolderOutcomeStore:
    """A folder with the same two folders in it: on a shared disk, or one that GitHub's
    actions/cache restores and saves. address: `file:///folder`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.folder = unquote(urlsplit(address).path)

    def open(self) -> None:
        """There is nothing to prepare."""

    def get(self, kind: StoredKind, name: str, limit: int, timeout: float) -> bytes | None:
        """See OutcomeStore. A disk that hangs is given up by whoever waits for this."""
        try:
            with open_regular_file(self._path(kind, name)) as file:
                return file.read(limit + 1)
        except FileNotFoundError:
            return None
        except (OSError, ConfigError) as error:
            raise Unreachable(f"it cannot be read: {error}") from None

    def has(self, kind: StoredKind, name: str, timeout: float) -> bool:
        """See OutcomeStore."""
        return os.path.isfile(self._path(kind, name))

    def put(self, kind: StoredKind, name: str, data: bytes, timeout: float) -> None:
        """See OutcomeStore."""
        try:
            write_atomic(self._path(kind, name), data)
        except OSError as error:
            raise Unreachable(f"it cannot be written: {error}") from None

    def _path(self, kind: StoredKind, name: str) -> str:
        return os.path.join(self.folder, stored_path(kind, name))
