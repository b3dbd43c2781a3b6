"""Podman: no daemon, the same words as docker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shipway.core.images.job import Argv, Described, Job, arguments


@dataclass(frozen=True)
class Podman:
    """The program."""

    name: str = "podman"
    program: str = "podman"
    env: tuple[tuple[str, str], ...] = ()

    def probe(self) -> Argv:
        """`info` looks at the storage, too."""
        return ("podman", "info", "--format", "{{.Version.Version}}")

    def build(self, job: Job) -> Argv:
        """Build."""
        isolation = ("--isolation", job.isolation) if job.isolation else ()
        return (
            "podman", "build", "--layers", "--format", "docker", *isolation, "--tag", job.tag,
            "--file", f"{job.context}/{job.dockerfile}", *arguments(job), job.context,
        )  # fmt: skip

    def give(self, job: Job) -> Argv:
        """An OCI layout."""
        return ("podman", "save", "--format", "oci-dir", "--output", job.target, job.tag)

    def describe(self, image: str) -> Argv:
        """A list of one."""
        return ("podman", "image", "inspect", image)

    def described(self, said: Any) -> Described:
        """Its digest and layers."""
        return Described(said[0]["Digest"], tuple(said[0]["RootFS"]["Layers"]))


PODMAN = Podman()
