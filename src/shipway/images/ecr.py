"""Amazon ECR: its registry, a repository that is made when it is missing, its own scan.

Sources: the API reference of ECR (CreateRepository, PutLifecyclePolicy, GetAuthorizationToken,
DescribeImageScanFindings).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shipway.aws.errors import (
    POLICY_REMEDY,
    error_code,
    is_access_denied,
    lacking_permission,
)
from shipway.errors import CannotRun, ConfigError
from shipway.images.reference import ImageReference
from shipway.images.registry_auth import RegistryCredentials
from shipway.images.repository import lifecycle_policy, tag_patterns
from shipway.ports import Clients, Clock

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient
    from types_boto3_ecr.type_defs import (
        CreateRepositoryRequestTypeDef,
        DescribeImageScanFindingsRequestTypeDef,
        DescribeImageScanFindingsResponseTypeDef,
        RepositoryTypeDef,
    )

_POLL = 5.0  # seconds between questions
_FORBIDDEN = ("AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException")
_RUNNING = ("IN_PROGRESS", "PENDING", "")
_DONE = ("COMPLETE", "ACTIVE")


class EcrRegistry:
    """The account's registry."""

    def __init__(self, clients: Clients, clock: Clock) -> None:
        self._clients = clients
        self._clock = clock

    @property
    def _client(self) -> ECRClient:
        return self._clients.client("ecr")

    def place(self, name: str) -> tuple[ImageReference, bool] | None:
        """Where a repository is, and whether it is spoken to without TLS; None if there is none.

        Where AWS_ENDPOINT_URL leads elsewhere, the registry is there, too.
        """
        from botocore.exceptions import ClientError

        try:
            repository = self._client.describe_repositories(repositoryNames=[name])["repositories"][
                0
            ]
        except ClientError as error:
            if error_code(error) == "RepositoryNotFoundException":
                return None
            raise _refused(error, f"the repository {name} cannot be looked up") from None
        return self._placed(repository)

    def ensure(
        self, name: str, moving: Iterable[str], kept: int
    ) -> tuple[ImageReference, bool, bool]:
        """The repository's place (as `place`), and whether it was made now.

        moving: tags that may be moved; all others are immutable. kept: images that stay.
        """
        from botocore.exceptions import ClientError

        existing = self.place(name)
        if existing is not None:
            return (*existing, False)
        tags = tuple(moving)
        try:
            created = self._client.create_repository(**repository_settings(name, tags))[
                "repository"
            ]
            self._client.put_lifecycle_policy(
                repositoryName=name, lifecyclePolicyText=json.dumps(lifecycle_policy(tags, kept))
            )
        except ClientError as error:
            if error_code(error) == "RepositoryAlreadyExistsException":  # somebody else, just now
                return self.ensure(name, tags, kept)
            raise _refused(error, f"the repository {name} cannot be made") from None
        return (*self._placed(created), True)

    def _placed(self, repository: RepositoryTypeDef) -> tuple[ImageReference, bool]:
        host, _, name = repository["repositoryUri"].partition("/")
        endpoint = urlsplit(self._client.meta.endpoint_url)
        if not (endpoint.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
            return ImageReference(endpoint.netloc, name), endpoint.scheme == "http"
        return ImageReference(host, name), False

    def credentials(self) -> RegistryCredentials:
        """For twelve hours."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            data = self._client.get_authorization_token()["authorizationData"][0]
        except (ClientError, BotoCoreError) as error:
            raise _refused(error, "ECR gives no login") from None
        user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        return RegistryCredentials(user, password)

    def scanned(
        self, name: str, digest: str, timeout: float, stopping: Callable[[], bool]
    ) -> DescribeImageScanFindingsResponseTypeDef:
        """ECR's own findings on an image, all pages as one; timeout in seconds.

        Raises CannotRun when the scan does not end in time, or cannot be made.
        """
        from botocore.exceptions import ClientError

        end = self._clock.monotonic() + timeout
        request: DescribeImageScanFindingsRequestTypeDef = {
            "repositoryName": name,
            "imageId": {"imageDigest": digest},
        }
        page: DescribeImageScanFindingsResponseTypeDef | None
        while True:
            try:
                page = self._client.describe_image_scan_findings(**request)
            except ClientError as error:
                if error_code(error) in _FORBIDDEN:
                    raise _refused(error, "ECR's findings cannot be had") from None
                if error_code(error) != "ScanNotFoundException":
                    raise _no_scan(" ".join(str(error).split())[:300]) from None
                page = None
            scan = page.get("imageScanStatus", {}) if page else {}
            status = str(scan.get("status", ""))
            if page and status in _DONE:
                return self._whole(request, page)
            if status not in _RUNNING:
                raise _no_scan(f"{status} {scan.get('description', '')}".strip())
            if self._clock.monotonic() >= end or stopping():
                raise _no_scan(f"it has not ended after {timeout:g} s ({status or 'not begun'})")
            self._clock.sleep(_POLL)

    def _whole(
        self,
        request: DescribeImageScanFindingsRequestTypeDef,
        page: DescribeImageScanFindingsResponseTypeDef,
    ) -> DescribeImageScanFindingsResponseTypeDef:
        findings = page["imageScanFindings"].copy()
        while token := page.get("nextToken"):
            request["nextToken"] = token
            page = self._client.describe_image_scan_findings(**request)
            more = page["imageScanFindings"]
            if basic := more.get("findings"):
                findings["findings"] = [*findings.get("findings", ()), *basic]
            if enhanced := more.get("enhancedFindings"):
                findings["enhancedFindings"] = [*findings.get("enhancedFindings", ()), *enhanced]
        return {**page, "imageScanFindings": findings}


def repository_settings(name: str, moving: Iterable[str]) -> CreateRepositoryRequestTypeDef:
    """What CreateRepository is asked: tags are immutable, but for those that have to move."""
    return {
        "repositoryName": name,
        "imageScanningConfiguration": {"scanOnPush": True},
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [
            {"filterType": "WILDCARD", "filter": pattern} for pattern in tag_patterns(moving)
        ],
    }


def _refused(error: Exception, what: str) -> ConfigError | CannotRun:
    message = " ".join(str(error).split())[:300]
    response = getattr(error, "response", None)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) if response else 0
    if 400 <= status < 500:
        return ConfigError(
            f"{what}: {message}",
            f"These credentials may not {lacking_permission(error)}. {POLICY_REMEDY}"
            if is_access_denied(error)
            else "Look at the role's policy and at [aws].",
            code="aws-refused",
        )
    return CannotRun(
        f"{what}: {message}",
        "Look at the credentials and the network, and try again.",
        code="aws-refused",
    )


def _no_scan(why: str) -> CannotRun:
    return CannotRun(
        f"ECR has not scanned the image: {why}",
        "Wait and ask again: shipway image scan; or raise image.scan_timeout.",
        code="report-unreadable",
    )
