"""Amazon ECR: its registry, a repository that is made when it is missing, its own scan.

Sources: the API reference of ECR (CreateRepository, PutLifecyclePolicy, GetAuthorizationToken,
DescribeImageScanFindings).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from shipway.core.errors import CannotRun, ConfigError
from shipway.core.images.reference import Reference
from shipway.core.images.repository import lifecycle, patterns
from shipway.core.ports import Clients, Clock
from shipway.effects.aws_errors import code_of
from shipway.images.login import Credentials

_POLL = 5.0  # seconds between questions
_FORBIDDEN = ("AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException")
_RUNNING = ("IN_PROGRESS", "PENDING", "")
_DONE = ("COMPLETE", "ACTIVE")


class Ecr:
    """The account's registry."""

    def __init__(self, clients: Clients, clock: Clock) -> None:
        self._clients = clients
        self._clock = clock

    @property
    def _client(self) -> Any:
        return self._clients.client("ecr")

    def place(self, name: str) -> tuple[Reference, bool] | None:
        """Where a repository is, and whether it is spoken to without TLS; None if there is none.

        Where AWS_ENDPOINT_URL leads elsewhere, the registry is there, too.
        """
        from botocore.exceptions import ClientError

        try:
            found = self._client.describe_repositories(repositoryNames=[name])["repositories"][0]
        except ClientError as error:
            if code_of(error) == "RepositoryNotFoundException":
                return None
            raise _refused(error, f"the repository {name} cannot be looked up") from None
        return self._placed(found)

    def ensure(self, name: str, moving: Iterable[str], kept: int) -> tuple[Reference, bool, bool]:
        """The repository's place (as `place`), and whether it was made now.

        moving: tags that may be moved; all others are immutable. kept: images that stay.
        """
        from botocore.exceptions import ClientError

        known = self.place(name)
        if known is not None:
            return (*known, False)
        tags = tuple(moving)
        try:
            made = self._client.create_repository(**creation(name, tags))["repository"]
            self._client.put_lifecycle_policy(
                repositoryName=name, lifecyclePolicyText=json.dumps(lifecycle(tags, kept))
            )
        except ClientError as error:
            if code_of(error) == "RepositoryAlreadyExistsException":  # somebody else, just now
                return self.ensure(name, tags, kept)
            raise _refused(error, f"the repository {name} cannot be made") from None
        return (*self._placed(made), True)

    def _placed(self, repository: Mapping[str, Any]) -> tuple[Reference, bool]:
        host, _, name = repository["repositoryUri"].partition("/")
        endpoint = urlsplit(self._client.meta.endpoint_url)
        if not (endpoint.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
            return Reference(endpoint.netloc, name), endpoint.scheme == "http"
        return Reference(host, name), False

    def credentials(self) -> Credentials:
        """For twelve hours."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            data = self._client.get_authorization_token()["authorizationData"][0]
        except (ClientError, BotoCoreError) as error:
            raise _refused(error, "ECR gives no login") from None
        user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        return Credentials(user, password)

    def scanned(
        self, name: str, digest: str, timeout: float, stopping: Callable[[], bool]
    ) -> dict[str, Any]:
        """ECR's own findings on an image, all pages as one; timeout in seconds.

        Raises CannotRun when the scan does not end in time, or cannot be made.
        """
        from botocore.exceptions import ClientError

        end = self._clock.monotonic() + timeout
        request = {"repositoryName": name, "imageId": {"imageDigest": digest}}
        while True:
            try:
                page: dict[str, Any] = self._client.describe_image_scan_findings(**request)
            except ClientError as error:
                if code_of(error) in _FORBIDDEN:
                    raise _refused(error, "ECR's findings cannot be had") from None
                if code_of(error) != "ScanNotFoundException":
                    raise _no_scan(" ".join(str(error).split())[:300]) from None
                page = {}
            scan = page.get("imageScanStatus", {})
            status = str(scan.get("status", ""))
            if status in _DONE:
                return self._whole(request, page)
            if status not in _RUNNING:
                raise _no_scan(f"{status} {scan.get('description', '')}".strip())
            if self._clock.monotonic() >= end or stopping():
                raise _no_scan(f"it has not ended after {timeout:g} s ({status or 'not begun'})")
            self._clock.sleep(_POLL)

    def _whole(self, request: Mapping[str, Any], page: dict[str, Any]) -> dict[str, Any]:
        found = dict(page["imageScanFindings"])
        while token := page.get("nextToken"):
            page = self._client.describe_image_scan_findings(**request, nextToken=token)
            for kind in ("findings", "enhancedFindings"):
                if more := page["imageScanFindings"].get(kind):
                    found[kind] = [*found.get(kind, ()), *more]
        return {**page, "imageScanFindings": found}


def creation(name: str, moving: Iterable[str]) -> dict[str, Any]:
    """What CreateRepository is asked: tags are immutable, but for those that have to move."""
    return {
        "repositoryName": name, "imageScanningConfiguration": {"scanOnPush": True},
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [
            {"filterType": "WILDCARD", "filter": one} for one in patterns(moving)
        ],
    }  # fmt: skip


def _refused(error: Any, what: str) -> ConfigError | CannotRun:
    said = " ".join(str(error).split())[:300]
    response = getattr(error, "response", None)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) if response else 0
    if 400 <= status < 500:
        return ConfigError(f"{what}: {said}", "Look at the role's policy and at [aws].")
    return CannotRun(f"{what}: {said}", "Look at the credentials and the network, and try again.")


def _no_scan(why: str) -> CannotRun:
    return CannotRun(
        f"ECR has not scanned the image: {why}",
        "Wait and ask again: shipway image scan; or raise image.scan_timeout.",
    )
