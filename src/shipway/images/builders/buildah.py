"""Buildah: no daemon, and with `--isolation chroot` no namespaces.

The image is kept in docker's form, because OCI's has no place for a HEALTHCHECK.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shipway.core.images.job import Argv, Described, Job, arguments


@dataclass(frozen=True)
class Buildah:
    """The program."""

    name: str = "buildah"
    program: str = "buildah"
    env: tuple[tuple[str, str], ...] = ()

    def probe(self) -> Argv:
        """`info` looks at the storage, too."""
        return ("buildah", "info", "--format", "{{.store.GraphDriverName}}")

    def build(self, job: Job) -> Argv:
        """Build, and keep every layer for the next time."""
        isolation = ("--isolation", job.isolation) if job.isolation else ()
        return (
            "buildah", "build", "--layers", "--format", "docker", *isolation, "--tag", job.tag,
            "--file", f"{job.context}/{job.dockerfile}", *arguments(job), job.context,
        )  # fmt: skip

    def give(self, job: Job) -> Argv:
        """An archive with layers as they are: they are compressed once, afterwards."""
        return ("buildah", "push", "--disable-compression", job.tag, f"docker-archive:{job.target}")

    def describe(self, image: str) -> Argv:
        """All of it."""
        return ("buildah", "inspect", "--type", "image", image)

    def described(self, said: Any) -> Described:
        """Its digest and layers."""
        return Described(said["FromImageDigest"], tuple(said["OCIv1"]["rootfs"]["diff_ids"]))


BUILDAH = Buildah()
