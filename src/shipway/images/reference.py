"""A reference to an image: `registry/repository:tag` or `registry/repository@sha256:…`.

The grammar is OCI's distribution specification (github.com/opencontainers/distribution-spec,
"Pulling manifests"). A registry is always named: nothing here means Docker Hub.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from shipway.errors import ConfigError

_HOST = r"(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(?::[0-9]+)?"
_NAME = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_DIGEST = r"sha256:[0-9a-f]{64}"
_WHOLE = re.compile(rf"({_HOST})/({_NAME})(?::({_TAG}))?(?:@({_DIGEST}))?")
_NOT_IN_A_TAG = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class ImageReference:
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

    def at(self, digest: str) -> ImageReference:
        """The same repository's image by digest."""
        return replace(self, tag="", digest=digest)

    def tagged(self, tag: str) -> ImageReference:
        """The same repository's image by tag."""
        return replace(self, tag=tag, digest="")


def parse_reference(text: str) -> ImageReference:
    """The reference in a text. Raises ConfigError with what is wanted."""
    match = _WHOLE.fullmatch(text)
    if match is None or len(match[2]) > 255:
        raise ConfigError(
            f"{text!r} is no image in a registry",
            "Write registry/repository:tag or registry/repository@sha256:…, in small letters.",
            code="no-registry",
        )
    return ImageReference(match[1], match[2], match[3] or "", match[4] or "")


def is_digest(text: str) -> bool:
    """Whether it is a whole SHA-256 digest: what becomes part of a path has to be."""
    return re.fullmatch(_DIGEST, text) is not None


def tag_from(text: str) -> str:
    """A text as a tag may be written: `1.4.0+3f2a` becomes `1.4.0-3f2a`."""
    return _NOT_IN_A_TAG.sub("-", text).lstrip(".-")[:128]


# The tags of an image. A version's and a commit's never move; an environment's does.


@dataclass(frozen=True)
class ImageOrigin:
    """What an image was built from.

    commit: forty digits, "" outside a repository. changed: whether files differ from it.
    moment: seconds since the epoch of the commit; 0 where there is none.
    """

    application: str
    version: str
    commit: str
    changed: bool
    moment: int

    @property
    def revision(self) -> str:
        """The commit as labels say it; `-dirty` where files differ from it."""
        return f"{self.commit}-dirty" if self.commit and self.changed else self.commit


def immutable_tags(origin: ImageOrigin, digest: str) -> tuple[str, ...]:
    """The tags that never move: version, and commit.

    What is not exactly a commit gets neither, only one by its digest: nobody may take it for the
    commit's image.
    """
    short = digest.removeprefix("sha256:")[:12]
    version = tag_from(origin.version)
    if origin.changed or not origin.commit:
        return (tag_from(f"{version or '0'}-dirty-{short}"),)
    tags = (version, f"sha-{origin.commit[:12]}")
    return tuple(tag for tag in tags if tag)


def digest_tag(digest: str) -> str:
    """The tag of an image whose other lasting tags belong to others: one without is cleaned up."""
    return f"image-{digest.removeprefix('sha256:')[:12]}"


# What a Dockerfile says of its base. Format: docs.docker.com/reference/dockerfile.

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$", re.IGNORECASE)
_ARG = re.compile(r"ARG\s+(\w+)(?:=(.*))?$", re.IGNORECASE)


def base_image_of(text: str, args: Mapping[str, str]) -> str:
    """The image that the last stage is from; "" when it is from nothing (`scratch`).

    args: build arguments that are given; those that FROM uses are declared before the first one.
    """
    values: dict[str, str] = {}
    stages: dict[str, str] = {}
    last = ""
    for line in _lines(text):
        if (arg := _ARG.match(line)) and not last:
            default = (arg[2] or "").strip().strip("\"'")
            values[arg[1]] = args.get(arg[1], _filled(default, values))
        elif match := _FROM.match(line):
            last = _filled(match[1], values)
            last = stages.get(last.lower(), last)
            if match[2]:
                stages[match[2].lower()] = last
    return "" if last == "scratch" else last


def _lines(text: str) -> Iterator[str]:
    """Instructions, without comments; what goes on in the next line is one."""
    instruction = ""
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("#"):
            continue
        instruction += bare.removesuffix("\\")
        if not bare.endswith("\\"):
            yield instruction
            instruction = ""
    yield instruction


def _filled(text: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        return values.get(match[1] or match[3]) or match[2] or ""

    return _VARIABLE.sub(value, text)
