"""Services for tests: started for one step, handed over in variables, gone afterwards.

What is about to be started is written down first. Whoever finds a note whose owner has ended
ends the service: a run that was killed leaves nothing for longer than until the next one.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace

from shipway.core.errors import CannotRun
from shipway.core.ports import Clock, Command, OnOutput, Processes, Server
from shipway.core.service_kinds import KINDS, Address, Provided, ServiceKind, major
from shipway.core.service_note import ServiceNote, note_from
from shipway.core.settings.services import Service
from shipway.effects.files import write_atomic
from shipway.flows.serve import prepare
from shipway.flows.service_ways import Way, container, find_ways
from shipway.flows.workshop import BASE_ENV, WARNING, Workshop

FOLDER = "services"
_GRACE = 3.0  # seconds; what they hold is thrown away
_TAIL = 5  # last lines of a log that explain a failure


@dataclass(frozen=True)
class Outside:
    """What starting services takes of the outside. me: this process. answers: whether a service
    of this name answers at host and port."""

    clock: Clock
    me: Server
    free_port: Callable[[], int]
    answers: Callable[[str, str, int], bool]


@contextmanager
def services(
    shop: Workshop, on_output: OnOutput, outside: Outside, given: Mapping[str, str]
) -> Iterator[Provided]:
    """Start all that the configuration names, migrate and seed; what the tests get.

    given: what the tests see besides. Raises CannotRun when one cannot be started, and
    ApplicationFault when the application's own migration or seed fails.
    """
    sweep(shop.state, shop.processes)
    variables: dict[str, str] = {}
    hidden: tuple[str, ...] = ()
    with ExitStack() as running:
        for name, service in shop.config.services.items():
            address = running.enter_context(_one(shop, KINDS[name], service, outside, on_output))
            variables |= address.variables(service)
            hidden += (address.password,) if address.password else ()
        inner = replace(shop, secrets=(*shop.secrets, *hidden))
        application = shop.config.application
        for words in filter(None, (application.migrate, application.seed)):
            prepare(inner, words, {**given, **variables}, on_output)
        yield Provided(variables, hidden)


def sweep(state: str, processes: Processes) -> int:
    """End what runs of others that have ended left behind; how many there were."""
    folder = os.path.join(state, FOLDER)
    found = 0
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        path = os.path.join(folder, name)
        with suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
            note = note_from(file.read())
            if note is None or not processes.alive(note.owner):
                found += 1
                _end(path, note, processes)
    return found


@contextmanager
def _one(
    shop: Workshop, kind: ServiceKind, service: Service, outside: Outside, on_output: OnOutput
) -> Iterator[Address]:
    address = Address(kind, outside.free_port(), secrets.token_hex(16) if kind.user else "")
    failures: list[str] = []
    for way in find_ways(kind, service, shop):
        note = _noted(kind, outside.me, way)
        path = os.path.join(shop.state, FOLDER, os.path.basename(note.folder) + ".json")
        write_atomic(path, note.to_json().encode())
        try:
            try:
                _start(shop, way, note, address)
                _await(shop, way, note, address, service, outside)
            except CannotRun as problem:
                failures.append(f"{way.words}: {problem.message}")
                continue
            _say_version(kind, service, way, note, shop, on_output)
            yield address
            return
        finally:
            _end(path, note, shop.processes)
    raise CannotRun(
        f"{kind.name} could not be started: {'; '.join(failures) or 'nothing here has it'}",
        f"Install docker or {kind.program}, or let uv reach PyPI for {kind.package}.",
    )


def _noted(kind: ServiceKind, me: Server, way: Way) -> ServiceNote:
    """Not below the project's folder: as root, PostgreSQL runs as a user who may not see that."""
    name = f"shipway-{kind.name}-{secrets.token_hex(6)}"
    folder = os.path.join(tempfile.gettempdir(), name)
    return ServiceNote(kind.name, me, folder, way.engine, name if way.engine else "")


def _start(shop: Workshop, way: Way, note: ServiceNote, address: Address) -> None:
    os.mkdir(note.folder, 0o700)
    env = {name: value for name, value in shop.environment.items() if name in BASE_ENV}
    if way.engine:
        argv, variables = container(way, note.container, address)
        done = shop.processes.run(Command(argv, shop.root, {**env, **variables}, 300.0))
        if done.code:
            raise CannotRun(" ".join(done.stderr.strip().splitlines()[:1]) or "it did not start")
        return
    argv = (*way.argv, note.folder, str(address.port), way.program)
    env["SHIPWAY_SERVICE_PASSWORD"] = address.password
    shop.processes.spawn(Command(argv, note.folder, env), note.log)


def _await(
    shop: Workshop, way: Way, note: ServiceNote, address: Address, service: Service,
    outside: Outside,
) -> None:  # fmt: skip
    end = outside.clock.monotonic() + service.timeout
    while outside.clock.monotonic() < end and not shop.stopping():
        if outside.answers(note.name, address.host, address.port):
            return
        if not way.engine and shop.processes.adrift(note.log) is None:
            raise CannotRun(f"it ended at once: {' / '.join(_tail(note))}")
        outside.clock.sleep(0.1)
    raise CannotRun(f"it did not answer within {service.timeout:g} s: {' / '.join(_tail(note))}")


def _say_version(
    kind: ServiceKind, service: Service, way: Way, note: ServiceNote, shop: Workshop,
    on_output: OnOutput,
) -> None:  # fmt: skip
    """What runs, and loudly where it is not what was asked for."""
    found = way.version or next(iter(_lines(note)), "an unknown version")
    on_output(f"{kind.name}: {found}, {way.words}")
    if major(found) != major(service.version):
        on_output(
            f"{WARNING}{kind.name} {service.version} was asked for, and the tests run with "
            f"{major(found) or found}"
        )


def _end(path: str, note: ServiceNote | None, processes: Processes) -> None:
    """End a service, remove its files, and only then the note of it."""
    if note is not None and note.container:
        argv = (note.engine, "rm", "--force", "--volumes", note.container)
        with suppress(CannotRun):
            processes.run(Command(argv, "/", dict(os.environ), 60.0))
    elif note is not None and (server := processes.adrift(note.log)):
        processes.stop(server, _GRACE)
    if note is not None:
        shutil.rmtree(note.folder, ignore_errors=True)
    with suppress(FileNotFoundError):
        os.unlink(path)


def _lines(note: ServiceNote) -> Sequence[str]:
    try:
        with open(note.log, encoding="utf-8", errors="replace") as file:
            return file.read().strip().splitlines()
    except OSError:
        return ()


def _tail(note: ServiceNote) -> Sequence[str]:
    return _lines(note)[-_TAIL:]
