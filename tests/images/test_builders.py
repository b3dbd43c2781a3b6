"""Builders: what each is told, and which one is taken."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from shipway.errors import CannotRun
from shipway.images.builders import (
    BUILDERS,
    Argv,
    Builder,
    BuildJob,
    Docker,
    ImageDescription,
    choose_builder,
    probe_builder,
)
from shipway.ports import Completed

JOB = BuildJob(
    "/c", "deploy/Dockerfile", "shipway/town:built", (("A", "b c"), ("D", "")), "chroot", "/t"
)
BUILDX = Docker(buildx=True)


def test_docker_is_told_by_its_classic_builder_or_by_buildx() -> None:
    ends = (
        "--tag",
        "shipway/town:built",
        "--file",
        "/c/deploy/Dockerfile",
        "--build-arg",
        "A=b c",
        "--build-arg",
        "D=",
        "/c",
    )
    classic = BUILDERS["docker"]
    assert classic.build(JOB) == ("docker", "build", "--force-rm", *ends)
    assert dict(classic.env) == {"DOCKER_BUILDKIT": "0"}
    assert BUILDX.build(JOB) == (
        "docker",
        "buildx",
        "build",
        "--load",
        "--provenance=false",
        "--progress=plain",
        *ends,
    )
    assert classic.give(JOB) == ("docker", "save", "--output", "/t", "shipway/town:built")


@pytest.mark.parametrize("name", ["podman", "buildah"])
def test_isolation_is_for_those_who_know_it(name: str) -> None:
    words = BUILDERS[name].build(JOB)
    assert words[:2] == (name, "build") and words[-1] == "/c"
    assert "--isolation chroot" in " ".join(words) and "A=b c" in words
    bare = BuildJob("/c", "Dockerfile", "t", (), "", "/t")
    assert "--isolation" not in BUILDERS[name].build(bare)
    assert "/t" in " ".join(BUILDERS[name].give(JOB))


@pytest.mark.parametrize(
    ("builder", "said"),
    [
        (BUILDERS["docker"], [{"Id": "sha256:1", "RootFS": {"Layers": ["sha256:2"]}}]),
        (BUILDERS["podman"], [{"Digest": "sha256:1", "RootFS": {"Layers": ["sha256:2"]}}]),
        (
            BUILDERS["buildah"],
            {"FromImageDigest": "sha256:1", "OCIv1": {"rootfs": {"diff_ids": ["sha256:2"]}}},
        ),
    ],
)
def test_what_each_says_of_a_base_is_read(builder: Builder, said: object) -> None:
    assert builder.described(said) == ImageDescription("sha256:1", ("sha256:2",))
    assert builder.describe("base")[-1] == "base"


class Machine:
    """A machine on which some programs work. answers: program → exit code and output."""

    def __init__(self, answers: Mapping[str, tuple[int, str]]) -> None:
        self.answers = answers

    def __call__(self, argv: Argv) -> Completed:
        known = self.answers.get(" ".join(argv[:2])) or self.answers.get(argv[0])
        if known is None:
            raise CannotRun(f"{argv[0]} is not here")
        code, text = known
        return Completed(code, "" if code else text, text if code else "", 0.1)


NO_BUILDX = {"docker buildx": (1, "no such command")}


def test_the_first_that_works_is_taken_and_why_is_said() -> None:
    machine = Machine({"docker": (1, "Cannot connect to the daemon"), "buildah": (0, "overlay\n")})
    builder, why = choose_builder("auto", machine)
    assert builder.name == "buildah"
    assert why == (
        "buildah overlay; docker does not work: Cannot connect to the daemon; podman is not here"
    )


def test_buildx_is_taken_where_it_is_installed() -> None:
    builder, why = choose_builder("docker", Machine({"docker": (0, "28.2"), **NO_BUILDX}))
    assert (builder.name, why) == ("docker (classic)", "docker (classic) 28.2")
    assert choose_builder("auto", Machine({"docker": (0, "28.2")}))[0] == BUILDX


def test_what_is_asked_for_by_name_is_not_replaced_by_another() -> None:
    with pytest.raises(CannotRun, match="podman is not here") as caught:
        choose_builder("podman", Machine({"buildah": (0, "overlay")}))
    assert "image.builder" in caught.value.remedy and caught.value.exit_code == 5


def test_without_any_every_reason_is_named() -> None:
    with pytest.raises(CannotRun) as caught:
        choose_builder("auto", Machine({}))
    assert all(f"{name} is not here" in caught.value.message for name in BUILDERS)


def test_one_that_ends_without_a_word_does_not_work() -> None:
    assert (
        probe_builder("podman", Machine({"podman": (1, "")})).words
        == "podman does not work: no word"
    )
