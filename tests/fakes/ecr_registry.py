"""Amazon ECR's registry as it answers over HTTP, where that differs from the distribution-spec.

Each rule has a name and its source; docs/assumptions.md lists them all. In memory; an httpx
transport, so that the client that pushes is the real one.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from shipway.images.ecr import repository_settings
from shipway.images.oci import INDEX, digest_of
from shipway.images.reference import ImageReference
from shipway.images.registry_auth import RegistryCredentials

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
STORE = "prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com"
LEAST_PART = 5 << 20  # bytes
_RANGE = re.compile(r"(\d+)-(\d+)")


@dataclass
class _Upload:
    """One session. shown: the last byte that its Range tells of."""

    data: bytearray = field(default_factory=bytearray)
    parts: list[int] = field(default_factory=list)
    shown: int = -1


class FakeEcrRegistry:
    """One repository. tokens: the passwords that are good now; spent: how many more requests the
    first of them is good for, None for all. throttled: how many of the next requests are
    refused. lost: numbers of PATCH requests (1, 2 …) whose answer does not arrive.
    """

    def __init__(self, name: str = "web", moving: tuple[str, ...] = ("production",)) -> None:
        self.name = name
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[str, bytes]] = {}
        self.tags: dict[str, str] = {}
        self.tokens = ["first"]
        self.spent: int | None = None
        self.throttled: list[int] = []
        self.lost: set[int] = set()
        self.patches: list[str] = []
        self.sessions: dict[str, _Upload] = {}
        self.answers: list[tuple[str, str, int]] = []
        filters = repository_settings(name, moving)["imageTagMutabilityExclusionFilters"]
        self._moving = [row["filter"] for row in filters]

    @property
    def reference(self) -> ImageReference:
        """Its address."""
        return ImageReference(HOST, self.name)

    def credentials(self) -> RegistryCredentials:
        """GetAuthorizationToken: a new one each time."""
        token = f"token-{len(self.tokens)}"
        self.tokens.append(token)
        return RegistryCredentials("AWS", token)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """What an httpx.MockTransport asks."""
        url = urlsplit(str(request.url))
        if url.hostname == STORE:
            return self._stored(request, url.path.removeprefix("/"))
        answer = self._refused(request) or self._answer(request, url.path, parse_qs(url.query))
        self.answers.append((request.method, url.path, answer.status_code))
        if request.method == "PATCH" and len(self.patches) in self.lost:
            self.lost.discard(len(self.patches))
            raise httpx.ReadError("the connection was cut", request=request)
        return answer

    def _refused(self, request: httpx.Request) -> httpx.Response | None:
        if self.throttled:
            # rule ecr-throttling: LIVE google/go-containerregistry#750 (429 TOOMANYREQUESTS);
            # moby/moby#24473 (503 to older clients)
            status = self.throttled.pop(0)
            return _error(status, "TOOMANYREQUESTS", "Rate exceeded", {"retry-after": "2"})
        header = request.headers.get("authorization", "")
        if not header:
            challenge = {"www-authenticate": f'Basic realm="https://{HOST}/",service="ecr"'}
            return _error(401, "UNAUTHORIZED", "Not Authorized", challenge)
        password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")[2]
        if self.spent is not None and password == self.tokens[0]:
            self.spent -= 1
            if self.spent < 0:
                self.tokens[0] = "expired"
        if password not in self.tokens:
            # rule ecr-token-expired: LIVE aws/aws-cli#6580 (the text, as docker's "denied")
            text = "Your authorization token has expired. Reauthenticate and try again."
            return _error(403, "DENIED", text)
        return None

    def _answer(
        self, request: httpx.Request, path: str, query: dict[str, list[str]]
    ) -> httpx.Response:
        rest = path.removeprefix(f"/v2/{self.name}/")
        kind, _, name = rest.partition("/")
        if kind == "manifests":
            return self._manifest(request, name)
        if kind == "referrers":
            return self._referrers(name)
        if rest.rstrip("/") == "blobs/uploads":
            session = f"upload-{len(self.sessions)}"
            self.sessions[session] = _Upload()
            location = f"https://{HOST}/v2/{self.name}/blobs/uploads/{session}"
            return httpx.Response(202, headers={"location": location, "range": "0-0"})
        if rest.startswith("blobs/uploads/"):
            return self._upload(request, rest.rpartition("/")[2], query)
        return self._blob(name)

    def _blob(self, digest: str) -> httpx.Response:
        if digest not in self.blobs:
            return _error(404, "BLOB_UNKNOWN", "blob unknown to registry")
        # rule ecr-blob-redirect: DOC Amazon ECR user guide, "Amazon ECR interface VPC endpoints":
        # layers are in S3, and Docker is led there
        return httpx.Response(307, headers={"location": f"https://{STORE}/{digest}?X-Amz-Token=x"})

    def _stored(self, request: httpx.Request, digest: str) -> httpx.Response:
        # rule s3-one-authorization: DOC Amazon S3 API reference, "Authenticating requests": a
        # signed address with a header Authorization beside it is refused
        if "authorization" in request.headers:
            return httpx.Response(400, text="Only one auth mechanism allowed")
        return httpx.Response(200, content=self.blobs[digest])

    def _upload(
        self, request: httpx.Request, session: str, query: dict[str, list[str]]
    ) -> httpx.Response:
        upload = self.sessions.get(session)
        if upload is None:
            return _error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        data = request.read()
        if request.method == "PATCH":
            self.patches.append(request.headers.get("content-range", ""))
        if wrong := self._take(upload, request, data):
            return wrong
        if request.method == "PATCH":
            # rule ecr-patch-created: LIVE regclient/regclient#81, openai/tart#273, jdx/mise#11376
            # rule ecr-range-stuck: LIVE aws/containers-roadmap#2831, comment of 2026-06-24
            upload.shown = len(upload.data) - 1 if upload.shown < 0 else upload.shown
            location = str(request.url).partition("?")[0]
            headers = {"location": location, "range": f"0-{upload.shown}"}
            return httpx.Response(201, headers=headers)
        return self._complete(upload, session, query["digest"][0])

    def _take(self, upload: _Upload, request: httpx.Request, data: bytes) -> httpx.Response | None:
        given = _RANGE.fullmatch(request.headers.get("content-range", ""))
        if given and int(given[1]) != len(upload.data):
            # rule ecr-chunk-again: LIVE crashappsec/chalk#682 (416 for a chunk that is there)
            return _error(416, "BLOB_UPLOAD_INVALID", "Range Not Satisfiable")
        upload.data += data
        if request.method == "PATCH":
            upload.parts.append(len(data))
        return None

    def _complete(self, upload: _Upload, session: str, digest: str) -> httpx.Response:
        del self.sessions[session]
        if any(size < LEAST_PART for size in upload.parts):
            # rule ecr-part-too-small: LIVE dotnet/sdk-container-builds#424
            text = "All layer parts except the last part should be at least 5MB"
            return _error(400, "BLOB_UPLOAD_INVALID", text)
        if digest_of(bytes(upload.data)) != digest:
            # rule ecr-digest-mismatch: LIVE dotnet/sdk-container-builds#424
            text = "None of the provided layer digests match the calculated layer digest"
            return _error(400, "BLOB_UPLOAD_INVALID", text)
        self.blobs[digest] = bytes(upload.data)
        return httpx.Response(201, headers={"docker-content-digest": digest})

    def _manifest(self, request: httpx.Request, name: str) -> httpx.Response:
        if request.method == "PUT":
            return self._put(request, name)
        digest = self.tags.get(name, name)
        if digest not in self.manifests:
            return _error(404, "MANIFEST_UNKNOWN", "Requested image not found")
        kind, data = self.manifests[digest]
        headers = {"content-type": kind, "docker-content-digest": digest}
        return httpx.Response(200, headers=headers, content=data)

    def _put(self, request: httpx.Request, name: str) -> httpx.Response:
        kind, data = request.headers["content-type"], request.read()
        document: dict[str, Any] = json.loads(data)
        if ";" in kind or ";" in document.get("artifactType", ""):
            # rule ecr-media-type: LIVE sigstore/sigstore-js#1058
            return _error(405, "UNSUPPORTED", "Invalid parameter at 'mediaType'")
        digest = digest_of(data)
        if not name.startswith("sha256:"):
            if name in self.tags and not self._moves(name):
                # rule ecr-tag-immutable: LIVE moby/buildkit#3776 (the text);
                # aws/containers-roadmap#2380 (also for the same image)
                text = (
                    f"The image tag '{name}' already exists in the '{self.name}' repository and "
                    "cannot be overwritten because the repository is immutable."
                )
                return _error(400, "TAG_INVALID", text)
            self.tags[name] = digest
        self.manifests[digest] = (kind, data)
        # rule ecr-referrers: DOC distribution-spec 1.1, "Pushing Manifests with Subject"; ECR has
        # the API since June 2024 (AWS, "Amazon ECR supports OCI image and distribution 1.1")
        subject = {"oci-subject": document["subject"]["digest"]} if "subject" in document else {}
        return httpx.Response(201, headers={"docker-content-digest": digest, **subject})

    def _moves(self, tag: str) -> bool:
        return any(
            re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), tag) for pattern in self._moving
        )

    def _referrers(self, digest: str) -> httpx.Response:
        rows = []
        for own, (kind, data) in self.manifests.items():
            document = json.loads(data)
            if document.get("subject", {}).get("digest") == digest:
                rows.append(
                    {
                        "mediaType": kind,
                        "digest": own,
                        "size": len(data),
                        "artifactType": document.get("artifactType", ""),
                        "annotations": document.get("annotations", {}),
                    }
                )
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": rows}
        return httpx.Response(
            200, headers={"content-type": INDEX}, content=json.dumps(index).encode()
        )


def _error(
    status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    body = {"errors": [{"code": code, "message": message}]}
    return httpx.Response(status, json=body, headers=headers)
