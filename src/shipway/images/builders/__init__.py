"""Which builder there is: one small file each, and BUILDERS is the only registration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shipway.core.errors import CannotRun
from shipway.core.images.job import Argv, Builder
from shipway.core.ports import Completed
from shipway.images.builders.buildah import BUILDAH
from shipway.images.builders.docker import BUILDX_PROBE, Docker
from shipway.images.builders.podman import PODMAN

# In the order in which `auto` takes the first that works.
BUILDERS: dict[str, Builder] = {
    "docker": Docker(buildx=False), "podman": PODMAN, "buildah": BUILDAH,
}  # fmt: skip

Ask = Callable[[Argv], Completed]


@dataclass(frozen=True)
class Looked:
    """What was found of one builder. builder: None where it does not work; words: why."""

    name: str
    builder: Builder | None
    words: str


def look(name: str, ask: Ask) -> Looked:
    """Look whether a builder works here. ask: runs a program; CannotRun where it is missing."""
    builder = BUILDERS[name]
    try:
        done = ask(builder.probe())
        if done.code:
            said = (done.stderr.strip() or done.stdout.strip() or "no word").splitlines()[-1]
            return Looked(name, None, f"{name} does not work: {said[:200]}")
        if name == "docker" and not ask(BUILDX_PROBE).code:
            builder = Docker(buildx=True)
    except CannotRun as problem:
        return Looked(name, None, problem.message)
    version = done.stdout.strip().splitlines()
    return Looked(name, builder, f"{builder.name} {version[0] if version else ''}".strip())


def choose(wanted: str, ask: Ask) -> tuple[Builder, str]:
    """The builder to use, and why it is this one. Raises CannotRun where none works.

    wanted: a builder's name, or "auto".
    """
    names = list(BUILDERS) if wanted == "auto" else [wanted]
    refused: list[str] = []
    for name in names:
        found = look(name, ask)
        if found.builder is not None:
            why = f"{found.words}; " + "; ".join(refused) if refused else found.words
            return found.builder, why
        refused.append(found.words)
    raise CannotRun(
        f"no image can be built here: {'; '.join(refused)}",
        "Install one of docker, podman and buildah, or start docker's daemon; image.builder in "
        "shipway.toml chooses.",
    )
