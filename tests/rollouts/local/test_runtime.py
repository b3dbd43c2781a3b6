"""Instances as processes, and as containers."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipway.config.schema import Application, Environment
from shipway.errors import CannotRun
from shipway.releases.release import Release
from shipway.rollouts.local.runtime import ContainerRuntime, ProcessRuntime, runtime_of
from shipway.system.process import SystemProcesses

IMAGE = "127.0.0.1:5000/web@sha256:" + "a" * 64
ENV = {"PATH": "/release/bin", "HOME": "/root", "DATABASE_URL": "postgresql://u:hidden1@db/web"}


def release(folder: Path, image: str = IMAGE) -> Release:
    return Release(
        application="web",
        version="1",
        commit="",
        digest="d" * 64,
        lock="l" * 64,
        migrations=(),
        path=str(folder),
        python="/venv/python",
        image=image,
    )


def containers(folder: Path) -> ContainerRuntime:
    return ContainerRuntime("docker", str(folder / "data"), SystemProcesses())


def test_which_it_is_is_configured(tmp_path: Path) -> None:
    application, processes = Application(serve="serve"), SystemProcesses()
    plain = runtime_of(application, Environment(), str(tmp_path), processes)
    assert plain == ProcessRuntime(application)
    podman = runtime_of(application, Environment(container="podman"), str(tmp_path), processes)
    assert podman == ContainerRuntime("podman", str(tmp_path / "data"), processes)


def test_a_process_gets_its_address_and_the_releases_own_program(tmp_path: Path) -> None:
    (tmp_path / "serve").touch()
    one = Release(
        application="web",
        version="1",
        commit="",
        digest="d",
        lock="l",
        migrations=(),
        path=str(tmp_path),
        python=str(tmp_path / "python"),
    )
    hosting = ProcessRuntime(Application(serve="serve --bind {bind}"))
    command = hosting.serve_command(one, ENV, "127.0.0.1:9", "x")
    assert command.argv == (str(tmp_path / "serve"), "--bind", "127.0.0.1:9")
    assert command.env["BIND"] == "127.0.0.1:9"


def test_a_container_is_named_published_and_pinned_by_digest(tmp_path: Path) -> None:
    here = containers(tmp_path)
    command = here.serve_command(release(tmp_path), ENV, "127.0.0.1:9001", "shipway-d-9001")
    assert command.argv[:2] == ("docker", "run")
    assert command.argv[-1] == IMAGE
    words = " ".join(command.argv)
    assert "--name shipway-d-9001" in words
    assert "--publish 127.0.0.1:9001:8000" in words
    assert command.env["BIND"] == "0.0.0.0:8000"


def test_no_value_of_a_variable_is_among_the_arguments(tmp_path: Path) -> None:
    for command in (
        containers(tmp_path).serve_command(release(tmp_path), ENV, "127.0.0.1:9001", "x"),
        containers(tmp_path).once_command(release(tmp_path), ENV, ("flask", "db", "upgrade")),
    ):
        assert "hidden1" not in " ".join(command.argv)
        assert "DATABASE_URL" in command.argv
        assert command.env["DATABASE_URL"] == ENV["DATABASE_URL"]


def test_a_container_keeps_its_own_path_and_home(tmp_path: Path) -> None:
    command = containers(tmp_path).serve_command(release(tmp_path), ENV, "127.0.0.1:9001", "x")
    assert "PATH" not in command.argv and "HOME" not in command.argv


def test_a_migration_is_a_container_of_its_own(tmp_path: Path) -> None:
    command = containers(tmp_path).once_command(release(tmp_path), ENV, ("flask", "db", "upgrade"))
    assert command.argv[-4:] == (IMAGE, "flask", "db", "upgrade")
    assert "--name" not in command.argv


def test_what_is_left_of_a_killed_one_is_removed_by_name(tmp_path: Path) -> None:
    program, said = tmp_path / "docker", tmp_path / "said"
    program.write_text(f'#!/bin/sh\necho "$@" >> {said}\n')
    program.chmod(0o755)
    ContainerRuntime(str(program), str(tmp_path), SystemProcesses()).remove_command(
        "shipway-d-9001"
    )
    assert said.read_text() == "rm --force shipway-d-9001\n"


def test_without_an_image_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="has no image") as caught:
        containers(tmp_path).once_command(release(tmp_path, ""), ENV, ("migrate",))
    assert "shipway run publish" in caught.value.remedy
