"""What a builder is told, and what it has to be able to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

Argv = tuple[str, ...]

# What builders see of the caller's environment, beside what every program sees.
BUILDER_ENV = (
    "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH",
    "BUILDAH_ISOLATION", "STORAGE_DRIVER", "STORAGE_OPTS", "CONTAINERS_STORAGE_CONF",
    "CONTAINERS_CONF", "CONTAINERS_REGISTRIES_CONF", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip


@dataclass(frozen=True)
class Described:
    """An image that a builder has. digest: what it calls it; layers: digests, unpacked."""

    digest: str
    layers: tuple[str, ...]


@dataclass(frozen=True)
class Job:
    """One build.

    context: a folder. dockerfile: a path in it. tag: what the builder is to call the image.
    args: build arguments. isolation: buildah's. target: where the image is to be given away.
    """

    context: str
    dockerfile: str
    tag: str
    args: tuple[tuple[str, str], ...]
    isolation: str
    target: str


class Builder(Protocol):
    """A program that builds images: argument lists, and nothing else."""

    @property
    def name(self) -> str: ...

    @property
    def program(self) -> str: ...

    @property
    def env(self) -> tuple[tuple[str, str], ...]:
        """Variables that are always set for it."""
        ...

    def probe(self) -> Argv:
        """Prints its version, and fails where it cannot work."""
        ...

    def build(self, job: Job) -> Argv:
        """Builds."""
        ...

    def give(self, job: Job) -> Argv:
        """Writes the image to `job.target`: a docker archive, or an OCI layout in a folder."""
        ...

    def describe(self, image: str) -> Argv:
        """Prints what it knows of an image, as JSON."""
        ...

    def described(self, said: Any) -> Described:
        """What matters of that. Raises KeyError, TypeError and IndexError where it is not there."""
        ...


def arguments(job: Job) -> Argv:
    """The build arguments, as all builders take them."""
    return tuple(word for name, value in job.args for word in ("--build-arg", f"{name}={value}"))
