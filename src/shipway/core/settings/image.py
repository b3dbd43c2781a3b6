"""`[image]`: how the application's image is built, how large it may be, where it is published."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Gt

from shipway.core.settings.closed import Closed, Seconds

ECR = "ecr"  # as a registry: the account's own in the region of [aws]


@dataclass(frozen=True)
class Image(Closed):
    """The application's image.

    builder: what builds it; `auto` takes the first that works of docker, podman and buildah.
    registry: host, with port and path where it has them (`registry.example.org:5000/town`), or
    `ecr` for the account's own; empty where nothing is published (with an environment of the
    platform `ecs`: `ecr`). repository: empty for the application's name. plain_http: the registry
    speaks no TLS; one on this machine is asked without in any case. python_image: the build
    argument PYTHON_IMAGE; empty for the Dockerfile's own. args: further build arguments, never
    secrets: they can be read in the image. source: where the source code is, for the image's
    labels. size_mb: the most that all layers may weigh unpacked, in MB (10^6 bytes); added_mb:
    those above the base. isolation: buildah's (`chroot` where it may not make namespaces).
    timeout: seconds for a build. registry_scan: whether ECR's own scan has its say before an image
    gets its tags; scan_timeout: seconds to wait for it.
    kept: images that ECR keeps, beside those that an environment's tag names.
    """

    builder: Literal["auto", "docker", "podman", "buildah"] = "auto"
    registry: str = ""
    repository: str = ""
    plain_http: bool = False
    python_image: str = ""
    args: dict[str, str] = field(default_factory=dict)
    source: str = ""
    size_mb: Annotated[float, Gt(0)] | None = None
    added_mb: Annotated[float, Gt(0)] | None = None
    isolation: Literal["", "oci", "rootless", "chroot"] = ""
    timeout: Seconds = 1800.0
    registry_scan: bool = True
    scan_timeout: Seconds = 300.0
    kept: Annotated[int, Gt(0)] = 50
