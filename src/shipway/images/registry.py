"""A registry's client: manifests, tags and blobs of one repository.

Source: github.com/opencontainers/distribution-spec, 1.1. Everything that may be large is sent
from a file; how blobs are sent is in blob_upload.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shipway.errors import CannotRun, ConfigError
from shipway.images.oci import ACCEPTED, MANIFEST, Descriptor, Index, Manifest, digest_of
from shipway.images.reference import ImageReference
from shipway.images.registry_auth import RegistryAuth, RegistryCredentials
from shipway.system.http import RegistryRequest, RegistryResponse, RegistryTransport

# What goes wrong with registries, in words.


class TagTaken(ConfigError):
    """A tag that never moves is another image's."""


def registry_error(answer: RegistryResponse, what: str, host: str) -> ConfigError | CannotRun:
    """The error for an answer that is not as hoped. what: "the image cannot be pushed".

    The registry's own words come with it (distribution-spec, "Error Codes").
    """
    message = error_text(answer)
    if is_immutable(answer):
        return TagTaken(
            f"{what}: {host} refuses: {message}",
            "In ECR, let the tags of environments move: shipway infra apply bootstrap; or "
            "imageTagMutability IMMUTABLE_WITH_EXCLUSION, with a filter for each of them.",
            code="registry-refused",
        )
    if answer.status in (401, 403):
        return ConfigError(
            f"{what}: {host} refuses: {message}",
            "Log in (docker login, or SHIPWAY_REGISTRY_USER and SHIPWAY_REGISTRY_PASSWORD); for "
            "ECR give the role the policy that shipway infra policy ENV prints.",
            code="registry-refused",
        )
    if answer.status == 404:
        return ConfigError(
            f"{what}: {host} does not have it: {message}",
            "Look at image.registry and repository.",
            code="registry-refused",
        )
    return CannotRun(
        f"{what}: {host} answers {answer.status}: {message}",
        "Try again; else ask who runs it.",
        code="registry-refused",
    )


def error_codes(answer: RegistryResponse) -> tuple[str, ...]:
    """The codes of its errors (distribution-spec, "Error Codes"); none where it has none."""
    try:
        return tuple(str(error.get("code", "")) for error in json.loads(answer.body)["errors"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()


def is_immutable(answer: RegistryResponse) -> bool:
    """Whether a manifest was refused because its tag is there, and never moves (Amazon ECR: also
    where it names the same image)."""
    return answer.status == 400 and "TAG_INVALID" in error_codes(answer)


def error_text(answer: RegistryResponse) -> str:
    """What the registry says, shortened to a line."""
    try:
        errors = json.loads(answer.body)["errors"]
        message = "; ".join(
            f"{error.get('code', '')} {error.get('message', '')}".strip() for error in errors
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        message = answer.body.decode("utf-8", "replace")
    return " ".join(message.split())[:300] or f"status {answer.status}"


@dataclass(frozen=True)
class FetchedManifest:
    """A manifest as the registry has it."""

    digest: str
    media_type: str
    data: bytes

    @property
    def document(self) -> Manifest:
        """Its content, where it is the manifest of one image or artifact."""
        document: Manifest = json.loads(self.data)
        return document

    @property
    def index(self) -> Index:
        """Its content, where it is an index."""
        index: Index = json.loads(self.data)
        return index

    @property
    def descriptor(self) -> Descriptor:
        """What names it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data)}


class RegistryClient:
    """One repository in a registry. plain: without TLS."""

    def __init__(
        self,
        reference: ImageReference,
        exchange: RegistryTransport,
        credentials: RegistryCredentials,
        *,
        plain: bool,
        renew: Callable[[], RegistryCredentials] | None = None,
    ) -> None:
        self.place = reference
        self._exchange = exchange
        self._login = RegistryAuth(exchange, credentials, renew)
        self._base = f"{'http' if plain else 'https'}://{reference.registry}"

    @property
    def host(self) -> str:
        """Its name, for people."""
        return self.place.registry

    def url(self, *parts: str) -> str:
        """An address below the repository."""
        return "/".join((f"{self._base}/v2/{self.place.repository}", *parts))

    def absolute(self, location: str) -> str:
        """Where a Location header leads: it may be relative to the registry."""
        return location if "://" in location else f"{self._base}{location}"

    def ask(self, request: RegistryRequest, *, write: bool = False) -> RegistryResponse:
        """Ask with what the registry wants to know of us. Raises Unreachable."""
        actions = "pull,push" if write else "pull"
        scope = f"repository:{self.place.repository}:{actions}"
        answer = self._signed(request, scope)
        if answer.status == 401 and self._login.learn(scope, answer, request.url):
            answer = self._signed(request, scope)
        # ECR's login lasts twelve hours, or as long as the role's: it may end in an upload.
        if _has_expired(answer) and self._login.renew(scope):
            answer = self._signed(request, scope)
        return answer

    def _signed(self, request: RegistryRequest, scope: str) -> RegistryResponse:
        # An upload may continue at another host, which must not learn who we are.
        own = request.url.startswith(f"{self._base}/")
        headers = {**request.headers, **(self._login.header(scope) if own else {})}
        return self._exchange.ask(
            RegistryRequest(request.method, request.url, headers, request.data, request.content)
        )

    def digest(self, name: str) -> str:
        """The digest of what a tag (or digest) names; "" where there is nothing."""
        answer = self.ask(RegistryRequest("HEAD", self.url("manifests", name), _ACCEPT))
        if answer.status == 404:
            return ""
        if answer.status != 200:
            raise registry_error(
                answer, f"{self.place.repository}:{name} cannot be looked up", self.host
            )
        return answer.headers.get("docker-content-digest") or self.manifest(name).digest

    def exists(self, name: str) -> bool:
        """Whether a tag or digest names something."""
        return bool(self.digest(name))

    def manifest(self, name: str) -> FetchedManifest:
        """The manifest of a tag or digest. Raises ConfigError where there is none.

        What was asked for by digest has to be what the digest says.
        """
        answer = self.ask(RegistryRequest("GET", self.url("manifests", name), _ACCEPT))
        if answer.status != 200:
            raise registry_error(
                answer, f"{self.place.repository}:{name} cannot be fetched", self.host
            )
        digest = digest_of(answer.body)
        if name.startswith("sha256:") and name != digest:
            raise CannotRun(
                f"{self.host} answers {name} with something else",
                "Do not trust that registry.",
                code="registry-refused",
            )
        kind = answer.headers.get("content-type", MANIFEST).partition(";")[0]
        return FetchedManifest(digest, kind, answer.body)

    def put_manifest(self, data: bytes, media_type: str, name: str = "") -> Mapping[str, str]:
        """Keep a manifest under a tag, or by its digest alone; the answer's headers."""
        name = name or digest_of(data)
        request = RegistryRequest(
            "PUT", self.url("manifests", name), {"content-type": media_type}, data=data
        )
        answer = self.ask(request, write=True)
        if answer.status != 201:
            if is_immutable(answer) and self.digest(name) == digest_of(data):
                return answer.headers  # it names this very image
            raise registry_error(
                answer, f"{self.place.repository}:{name} cannot be kept", self.host
            )
        return answer.headers

    def tags(self) -> tuple[str, ...]:
        """All tags, sorted. Follows the pages that the registry gives."""
        tags: list[str] = []
        url = self.url("tags", "list")
        while url:
            answer = self.ask(RegistryRequest("GET", url))
            if answer.status == 404:
                break
            if answer.status != 200:
                raise registry_error(answer, "the tags cannot be listed", self.host)
            tags += json.loads(answer.body).get("tags") or ()
            link = answer.headers.get("link", "")
            url = self.absolute(link[1 : link.index(">")]) if 'rel="next"' in link else ""
        return tuple(sorted(tags))

    def blob(self, digest: str) -> bytes:
        """A small blob's content, checked."""
        answer = self.ask(RegistryRequest("GET", self.url("blobs", digest)))
        if answer.status in (301, 302, 303, 307, 308):  # to a store, which wants no header of ours
            answer = self.ask(
                RegistryRequest("GET", self.absolute(answer.headers.get("location", "")))
            )
        if answer.status != 200:
            raise registry_error(answer, f"{digest[:19]} cannot be fetched", self.host)
        if digest_of(answer.body) != digest:
            raise CannotRun(
                f"{self.host} answers {digest} with something else",
                "Try again.",
                code="registry-refused",
            )
        return answer.body


def _has_expired(answer: RegistryResponse) -> bool:
    """Whether what we log in with was good once. ECR says so with 403 and DENIED."""
    return answer.status in (401, 403) and "expired" in error_text(answer).lower()


_ACCEPT = {"accept": ", ".join(ACCEPTED)}
