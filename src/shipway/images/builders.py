"""Which builder there is: one small file each, and BUILDERS is the only registration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from shipway.errors import CannotRun
from shipway.ports import Completed

# What a builder is told, and what it has to be able to do.

Argv = tuple[str, ...]


@dataclass(frozen=True)
class ImageDescription:
    """An image that a builder has. digest: what it calls it; layers: digests, unpacked."""

    digest: str
    layers: tuple[str, ...]


@dataclass(frozen=True)
class BuildJob:
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

    def build(self, job: BuildJob) -> Argv:
        """Builds."""
        ...

    def give(self, job: BuildJob) -> Argv:
        """Writes the image to `job.target`: a docker archive, or an OCI layout in a folder."""
        ...

    def describe(self, image: str) -> Argv:
        """Prints what it knows of an image, as JSON."""
        ...

    def described(self, metadata: Any) -> ImageDescription:
        """What matters of that. Raises KeyError, TypeError and IndexError where it is not there."""
        ...


def build_arguments(job: BuildJob) -> Argv:
    """What is built, as all builders take it: tag, Dockerfile, build arguments, context."""
    arguments = (word for name, value in job.args for word in ("--build-arg", f"{name}={value}"))
    dockerfile = f"{job.context}/{job.dockerfile}"
    return ("--tag", job.tag, "--file", dockerfile, *arguments, job.context)


def build_with_isolation(program: str, job: BuildJob) -> Argv:
    """Build with buildah or podman, which keep every layer for the next time.

    The image is kept in docker's form, because OCI's has no place for a HEALTHCHECK.
    """
    isolation = ("--isolation", job.isolation) if job.isolation else ()
    return (program, "build", "--layers", "--format", "docker", *isolation, *build_arguments(job))


# Buildah: no daemon, and with `--isolation chroot` no namespaces.


@dataclass(frozen=True)
class Buildah:
    """The program."""

    name: str = "buildah"
    program: str = "buildah"
    env: tuple[tuple[str, str], ...] = ()

    def probe(self) -> Argv:
        """`info` looks at the storage, too."""
        return ("buildah", "info", "--format", "{{.store.GraphDriverName}}")

    def build(self, job: BuildJob) -> Argv:
        """Build."""
        return build_with_isolation(self.program, job)

    def give(self, job: BuildJob) -> Argv:
        """An archive with layers as they are: they are compressed once, afterwards."""
        return ("buildah", "push", "--disable-compression", job.tag, f"docker-archive:{job.target}")

    def describe(self, image: str) -> Argv:
        """All of it."""
        return ("buildah", "inspect", "--type", "image", image)

    def described(self, metadata: Any) -> ImageDescription:
        """Its digest and layers."""
        return ImageDescription(
            metadata["FromImageDigest"], tuple(metadata["OCIv1"]["rootfs"]["diff_ids"])
        )


BUILDAH = Buildah()


# Docker: by buildx where it is installed, else by the classic builder.
#
# buildx with `--load` works with every driver; provenance of its own would make an index of what is
# one image.


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

    def build(self, job: BuildJob) -> Argv:
        """Build."""
        verb: Argv = ("build", "--force-rm")
        if self.buildx:
            verb = ("buildx", "build", "--load", "--provenance=false", "--progress=plain")
        return ("docker", *verb, *build_arguments(job))

    def give(self, job: BuildJob) -> Argv:
        """An archive."""
        return ("docker", "save", "--output", job.target, job.tag)

    def describe(self, image: str) -> Argv:
        """A list of one."""
        return ("docker", "image", "inspect", image)

    def described(self, metadata: Any) -> ImageDescription:
        """Its digest and layers."""
        return ImageDescription(metadata[0]["Id"], tuple(metadata[0]["RootFS"]["Layers"]))


BUILDX_PROBE: Argv = ("docker", "buildx", "version")


# Podman: no daemon, the same words as docker.


@dataclass(frozen=True)
class Podman:
    """The program."""

    name: str = "podman"
    program: str = "podman"
    env: tuple[tuple[str, str], ...] = ()

    def probe(self) -> Argv:
        """`info` looks at the storage, too."""
        return ("podman", "info", "--format", "{{.Version.Version}}")

    def build(self, job: BuildJob) -> Argv:
        """Build."""
        return build_with_isolation(self.program, job)

    def give(self, job: BuildJob) -> Argv:
        """An OCI layout."""
        return ("podman", "save", "--format", "oci-dir", "--output", job.target, job.tag)

    def describe(self, image: str) -> Argv:
        """A list of one."""
        return ("podman", "image", "inspect", image)

    def described(self, metadata: Any) -> ImageDescription:
        """Its digest and layers."""
        return ImageDescription(metadata[0]["Digest"], tuple(metadata[0]["RootFS"]["Layers"]))


PODMAN = Podman()
# In the order in which `auto` takes the first that works.
BUILDERS: dict[str, Builder] = {
    "docker": Docker(buildx=False),
    "podman": PODMAN,
    "buildah": BUILDAH,
}
Ask = Callable[[Argv], Completed]


@dataclass(frozen=True)
class BuilderProbe:
    """What was found of one builder. builder: None where it does not work; words: why."""

    name: str
    builder: Builder | None
    words: str


def probe_builder(name: str, ask: Ask) -> BuilderProbe:
    """Look whether a builder works here. ask: runs a program; CannotRun where it is missing."""
    builder = BUILDERS[name]
    try:
        done = ask(builder.probe())
        if done.code:
            message = (done.stderr.strip() or done.stdout.strip() or "no word").splitlines()[-1]
            return BuilderProbe(name, None, f"{name} does not work: {message[:200]}")
        if name == "docker" and not ask(BUILDX_PROBE).code:
            builder = Docker(buildx=True)
    except CannotRun as problem:
        return BuilderProbe(name, None, problem.message)
    version = done.stdout.strip().splitlines()
    return BuilderProbe(name, builder, f"{builder.name} {version[0] if version else ''}".strip())


def choose_builder(requested: str, ask: Ask) -> tuple[Builder, str]:
    """The builder to use, and why it is this one. Raises CannotRun where none works.

    requested: a builder's name, or "auto".
    """
    names = list(BUILDERS) if requested == "auto" else [requested]
    refused: list[str] = []
    for name in names:
        candidate = probe_builder(name, ask)
        if candidate.builder is not None:
            why = f"{candidate.words}; " + "; ".join(refused) if refused else candidate.words
            return candidate.builder, why
        refused.append(candidate.words)
    raise CannotRun(
        f"no image can be built here: {'; '.join(refused)}",
        "Install one of docker, podman and buildah, or start docker's daemon; image.builder in "
        "shipway.toml chooses.",
        code="image-build-failed",
    )
