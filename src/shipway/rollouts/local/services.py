"""The services of one environment on this machine: its own, and as long as the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shipway.config.schema import Config, Environment
from shipway.config.tables import Service
from shipway.errors import CannotRun
from shipway.pipeline.service_kinds import KINDS, ServiceNote, variable_templates
from shipway.pipeline.services import (
    FOLDER,
    read_note,
    remove_service,
    resume_service,
    service_host,
    start_service,
    stop_service,
)
from shipway.ports import Processes

# Servers do not run as root, and whom they run as instead may not see root's own folders.
_ROOTS_FOLDER = "/var/lib/shipway"


@dataclass(frozen=True)
class EnvironmentServices:
    """Started before the first instance, stopped by `down`; the data stay until `clean`.

    folder: the environment's.
    """

    config: Config
    environment: Environment
    folder: str
    processes: Processes

    @property
    def needed(self) -> dict[str, Service]:
        """The services that the environment does not bring itself: it sets not all variables by
        which they are handed over."""
        own = {*self.environment.env, *self.environment.secrets}
        return {
            name: service
            for name, service in self.config.services.items()
            if not own.issuperset(variable_templates(KINDS[name], service))
        }

    def start(self, say: Callable[[str], None]) -> None:
        """Make what is needed run, with the data that it had. Raises CannotRun."""
        needed = self.needed
        for path, note in self._notes():
            if not note.ready:
                remove_service(path, note, self.processes)  # a killed command was starting it
            elif note.name not in needed:
                stop_service(note, self.processes)
        if not needed:
            return
        if self.environment.container:
            raise CannotRun(
                f"instances here are containers, which do not reach {' and '.join(needed)} at "
                "127.0.0.1",
                'Let them be processes: [environments.NAME] container = "". Or set the variables '
                "of these services in [environments.NAME.env].",
                code="service-not-started",
            )
        host = service_host(self.processes, os.environ)
        running = {note.name: note for _, note in self._notes()}
        for name, service in needed.items():
            if name in running:
                resume_service(running[name], service, host)
            else:
                start_service(
                    KINDS[name], service, host, self._folder, say, folder=data_folder(self.folder)
                )

    def variables(self) -> dict[str, str]:
        """What hands them over to instances."""
        needed = self.needed
        variables: dict[str, str] = {}
        for _, note in self._notes():
            if note.name in needed:
                variables |= note.address.variables(needed[note.name])
        return variables

    def passwords(self) -> tuple[str, ...]:
        """What nothing may show."""
        return tuple(note.password for _, note in self._notes() if note.password)

    def stop(self) -> None:
        """End them; the data stay."""
        for _, note in self._notes():
            stop_service(note, self.processes)

    def remove(self) -> None:
        """End them, and remove their data."""
        for path, note in self._notes():
            remove_service(path, note, self.processes)

    @property
    def _folder(self) -> str:
        return os.path.join(self.folder, FOLDER)

    def _notes(self) -> list[tuple[str, ServiceNote]]:
        return list(service_notes(self.folder))


def service_notes(folder: str) -> Iterator[tuple[str, ServiceNote]]:
    """The services of the environment in a folder: path of the note, and the note."""
    notes = os.path.join(folder, FOLDER)
    for name in sorted(os.listdir(notes)) if os.path.isdir(notes) else ():
        path = os.path.join(notes, name)
        note = read_note(path) if name.endswith(".json") else None
        if note is not None:
            yield path, note


def data_folder(folder: str) -> str:
    """Where the services of the environment in this folder keep their files."""
    if os.geteuid() != 0 or _open_to_all(folder):
        return os.path.join(folder, FOLDER)
    return _ROOTS_FOLDER


def _open_to_all(folder: str) -> bool:
    """Whether another user gets to a folder that is made below."""
    path = os.path.realpath(folder)
    while path != "/":
        if os.path.exists(path) and not os.stat(path).st_mode & 0o001:
            return False
        path = os.path.dirname(path)
    return True
