"""Docker: by buildx where it is installed, else by the classic builder.

buildx with `--load` works with every driver; provenance of its own would make an index of what is
one image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shipway.core.images.job import Argv, Described, Job, arguments


@dataclass(frozen=True)
class Docker:
    """The client of a daemon."""

    buildx: bool
    program: str = "docker"

    @property
    def name(self) -> str:
        """For people."""
        return "docker (buildx)" if self.buildx else "docker (classic)"

    @property
    def env(self) -> tuple[tuple[str, str], ...]:
        """Without buildx, newer clients have to be told."""
        return (("DOCKER_BUILDKIT", "1" if self.buildx else "0"),)

    def probe(self) -> Argv:
        """The daemon has to answer: the client alone builds nothing."""
        return ("docker", "version", "--format", "{{.Server.Version}}")

    def build(self, job: Job) -> Argv:
        """Build."""
        verb: Argv = ("build", "--force-rm")
        if self.buildx:
            verb = ("buildx", "build", "--load", "--provenance=false", "--progress=plain")
        return (
            "docker", *verb, "--tag", job.tag, "--file", f"{job.context}/{job.dockerfile}",
            *arguments(job), job.context,
        )  # fmt: skip

    def give(self, job: Job) -> Argv:
        """An archive."""
        return ("docker", "save", "--output", job.target, job.tag)

    def describe(self, image: str) -> Argv:
        """A list of one."""
        return ("docker", "image", "inspect", image)

    def described(self, said: Any) -> Described:
        """Its digest and layers."""
        return Described(said[0]["Id"], tuple(said[0]["RootFS"]["Layers"]))


BUILDX_PROBE: Argv = ("docker", "buildx", "version")
