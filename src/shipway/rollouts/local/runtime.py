"""What an instance is here: a process of the release's files, or a container of its image.

Either way it is a program that runs in the foreground, so that everything above treats it as a
process: a container is as long there as the `docker run` that carries it, which hands signals on.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shipway.config.bind_address import source_folder, with_address
from shipway.config.schema import Application, Environment
from shipway.errors import CannotRun
from shipway.ports import Command, Processes
from shipway.releases.release import Release

_INSIDE = 8000  # the port within a container
_OWN = ("PATH", "HOME", "LANG")  # a container has its own


class Runtime(Protocol):
    """Makes the commands that carry instances; `name` is one instance's own."""

    def serve_command(
        self, release: Release, env: Mapping[str, str], address: str, name: str
    ) -> Command:
        """Serves at `address` until it is stopped."""
        ...

    def once_command(
        self, release: Release, env: Mapping[str, str], command: Sequence[str]
    ) -> Command:
        """A command of the release (its migrations)."""
        ...

    def remove_command(self, name: str) -> None:
        """Nothing of the instance is left, although what carried it was killed."""
        ...


@dataclass(frozen=True)
class ProcessRuntime:
    """Instances are processes, from the release's files and its own environment."""

    application: Application

    def serve_command(
        self, release: Release, env: Mapping[str, str], address: str, name: str
    ) -> Command:
        """The application's server."""
        argv = self._argv(release, shlex.split(with_address(self.application.serve, address)))
        return Command(argv, release.path, {**self._env(release, env), "BIND": address})

    def once_command(
        self, release: Release, env: Mapping[str, str], command: Sequence[str]
    ) -> Command:
        """In the release's folder."""
        argv = self._argv(release, command)
        return Command(argv, release.path, self._env(release, env))

    def remove_command(self, name: str) -> None:
        """A process that has ended leaves nothing."""

    def _env(self, release: Release, env: Mapping[str, str]) -> dict[str, str]:
        """With the folder in which Python finds the packages of a src layout."""
        source = source_folder(self.application.packages)
        path = {"PYTHONPATH": os.path.join(release.path, source)} if source else {}
        return {**env, **path}

    def _argv(self, release: Release, command: Sequence[str]) -> tuple[str, ...]:
        """The release's own program, where it has one of that name."""
        program, *arguments = command
        own = os.path.join(os.path.dirname(release.python), program)
        return (own if os.path.exists(own) else program, *arguments)


@dataclass(frozen=True)
class ContainerRuntime:
    """Instances are containers of the release's image.

    program: docker or podman. data: the environment's own folder, which they see under the same
    path; they run as whoever runs Shipway, so that what they write there is theirs. Values of
    variables are taken from the program's own environment: its arguments, which every user of
    the machine can read, have their names only.
    """

    program: str
    data: str
    processes: Processes

    def serve_command(
        self, release: Release, env: Mapping[str, str], address: str, name: str
    ) -> Command:
        """What the image does by itself."""
        variables = {**env, "BIND": f"0.0.0.0:{_INSIDE}"}
        options = ("--name", name, "--publish", f"{address}:{_INSIDE}")
        return self._run(release, variables, options, ())

    def once_command(
        self, release: Release, env: Mapping[str, str], command: Sequence[str]
    ) -> Command:
        """In a container of its own."""
        return self._run(release, env, (), tuple(command))

    def remove_command(self, name: str) -> None:
        """Also where the program that carried it was killed, and could not end it."""
        argv = (self.program, "rm", "--force", name)
        self.processes.run(Command(argv, self.data, _surroundings(), 60.0))

    def _run(
        self,
        release: Release,
        env: Mapping[str, str],
        options: tuple[str, ...],
        command: tuple[str, ...],
    ) -> Command:
        if not release.image:
            raise CannotRun(
                f"{release.name} has no image, and instances here are containers",
                "Build and publish it: shipway run publish. Or have processes: "
                '[environments.NAME] container = "".',
                code="no-image",
            )
        variables = {name: value for name, value in env.items() if name not in _OWN}
        argv = (
            self.program,
            "run",
            "--rm",
            "--init",
            "--pull",
            "missing",
            "--user",
            f"{os.getuid()}:{os.getgid()}",
            "--volume",
            f"{self.data}:{self.data}",
            *(word for name in variables for word in ("--env", name)),
            *options,
            release.image,
            *command,
        )
        return Command(argv, self.data, {**variables, **_surroundings()})


def _surroundings() -> dict[str, str]:
    """What the program itself needs: where it is, whose configuration, which engine."""
    names = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG", "CONTAINER_HOST", "XDG_RUNTIME_DIR")
    return {name: os.environ[name] for name in names if name in os.environ}


def runtime_of(
    application: Application, environment: Environment, folder: str, processes: Processes
) -> Runtime:
    """As configured."""
    if not environment.container:
        return ProcessRuntime(application)
    return ContainerRuntime(environment.container, os.path.join(folder, "data"), processes)
