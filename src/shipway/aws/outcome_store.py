"""A store of shared outcomes in a bucket of S3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from shipway.aws.errors import error_code
from shipway.errors import ConfigError, Unreachable
from shipway.ports import Clients, StoredKind
from shipway.system.outcome_store import stored_path

_ABSENT = ("NoSuchKey", "404", "NotFound")


class S3OutcomeStore:
    """Objects `PREFIX/ac/KEY` and `PREFIX/cas/SHA256`. address: `s3://bucket/prefix`.

    clients: with the patience of somebody who waits for a second (aws/retry.py); a call takes as
    long as they let it, whatever its own timeout. boto3's clients can be shared by threads, but not
    made by several at once.
    """

    def __init__(self, address: str, clients: Clients) -> None:
        self.address = address.rstrip("/")
        parts = urlsplit(address)
        self._bucket = parts.netloc
        self._prefix = parts.path.strip("/")
        self._clients = clients

    def open(self) -> None:
        """Make the client, which imports boto3. Raises ConfigError where no region is known."""
        self._clients.client("s3")

    def get(self, kind: StoredKind, name: str, limit: int, timeout: float) -> bytes | None:
        """See OutcomeStore."""
        with _absence_passed_over():
            answer = self._clients.client("s3").get_object(
                Bucket=self._bucket, Key=self._key(kind, name)
            )
            return answer["Body"].read(limit + 1)
        return None

    def has(self, kind: StoredKind, name: str, timeout: float) -> bool:
        """See OutcomeStore."""
        with _absence_passed_over():
            self._clients.client("s3").head_object(Bucket=self._bucket, Key=self._key(kind, name))
            return True
        return False

    def put(self, kind: StoredKind, name: str, data: bytes, timeout: float) -> None:
        """See OutcomeStore."""
        with _absence_passed_over():
            self._clients.client("s3").put_object(
                Bucket=self._bucket, Key=self._key(kind, name), Body=data
            )

    def _key(self, kind: StoredKind, name: str) -> str:
        return "/".join(filter(None, (self._prefix, stored_path(kind, name))))


@contextmanager
def _absence_passed_over() -> Iterator[None]:
    """Goes on where there is no such object; raises Unreachable for all else."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error_code(error)
        if code not in _ABSENT:
            raise Unreachable(f"AWS refuses it ({code})") from None
    except (BotoCoreError, ConfigError) as error:
        raise Unreachable(f"AWS cannot be asked: {error}") from None
