"""A reference to an image: `registry/repository:tag` or `registry/repository@sha256:…`.

The grammar is OCI's distribution specification (github.com/opencontainers/distribution-spec,
"Pulling manifests"). A registry is always named: nothing here means Docker Hub.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from shipway.core.errors import ConfigError

_HOST = r"(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(?::[0-9]+)?"
_NAME = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_DIGEST = r"sha256:[0-9a-f]{64}"
_WHOLE = re.compile(rf"({_HOST})/({_NAME})(?::({_TAG}))?(?:@({_DIGEST}))?")
_NOT_IN_A_TAG = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Reference:
    """Where an image is. registry: host with port. tag, digest: "" where none is named."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        """As people write it."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"

    @property
    def name(self) -> str:
        """What its manifest is asked for by: the digest, else the tag."""
        return self.digest or self.tag

    def at(self, digest: str) -> Reference:
        """The same repository's image by digest."""
        return replace(self, tag="", digest=digest)

    def tagged(self, tag: str) -> Reference:
        """The same repository's image by tag."""
        return replace(self, tag=tag, digest="")


def parse(text: str) -> Reference:
    """The reference in a text. Raises ConfigError with what is wanted."""
    found = _WHOLE.fullmatch(text)
    if found is None or len(found[2]) > 255:
        raise ConfigError(
            f"{text!r} is no image in a registry",
            "Write registry/repository:tag or registry/repository@sha256:…, in small letters.",
        )
    return Reference(found[1], found[2], found[3] or "", found[4] or "")


def is_digest(text: str) -> bool:
    """Whether it is a whole SHA-256 digest: what becomes part of a path has to be."""
    return re.fullmatch(_DIGEST, text) is not None


def tag_from(text: str) -> str:
    """A text as a tag may be written: `1.4.0+3f2a` becomes `1.4.0-3f2a`."""
    return _NOT_IN_A_TAG.sub("-", text).lstrip(".-")[:128]
