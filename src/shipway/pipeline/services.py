"""Services for tests: started for one step, handed over in variables, gone afterwards.

What is about to be started is written down first. Whoever finds a note whose owner has ended
ends the service: a run that was killed leaves nothing for longer than until the next one.
"""

from __future__ import annotations

import glob
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace

from shipway.config.tables import Service
from shipway.errors import CannotRun, ConfigError
from shipway.pipeline.application_server import run_preparation
from shipway.pipeline.injected import SERVICE
from shipway.pipeline.service_kinds import (
    KINDS,
    ProvidedService,
    ServiceAddress,
    ServiceKind,
    ServiceNote,
    major_version,
    nearest_version,
    service_note_from,
)
from shipway.pipeline.step_context import BASE_ENV, WARNING, StepContext
from shipway.ports import Clock, Command, OnOutput, Processes, Server
from shipway.source_text import read_tail, read_text
from shipway.system.files import write_atomic

# The ways to have a service here: a container, a program of this machine, a package of PyPI.

ENGINES = ("docker", "podman")
# Where Debian and Red Hat put servers of several versions, on nobody's PATH.
_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


@dataclass(frozen=True)
class ServiceBackend:
    """words: for people. engine: the path of docker or podman, "" for a program. version: where it
    is known before it runs. argv: what starts the program. program: its path, or
    `package:MAJOR`."""

    words: str
    engine: str = ""
    image: str = ""
    version: str = ""
    argv: tuple[str, ...] = ()
    program: str = ""


def find_backends(
    kind: ServiceKind, service: Service, context: StepContext
) -> Iterator[ServiceBackend]:
    """The best first: a container, then what has the right version, then what is nearest."""
    image = service.image or f"{kind.image}:{service.version}"
    for name in ENGINES:
        if engine := _working(name, context):
            yield ServiceBackend(
                f"the image {image} in {name}", engine, image, version=service.version
            )
            break
    requested = major_version(service.version)
    programs = installed(kind, context.environment.get("PATH"), context.processes)
    best = nearest_version(requested, kind.majors)
    python = ("--python", sys.executable)  # Shipway's, whatever the application's is
    started = (context.uv, "tool", "run", "--quiet", *python, "--from", kind.package, "python")
    package = ServiceBackend(
        f"the package {kind.package}",
        argv=(*started, SERVICE, kind.name),
        program=f"package:{best}",
    )
    exact = [way for way in programs if major_version(way.version) == requested]
    yield from exact
    if best == requested:
        yield package
    yield from (way for way in programs if way not in exact)
    if best != requested:
        yield package


def run_container(
    way: ServiceBackend, name: str, address: ServiceAddress
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The command that starts it in a container, and the variables that the command needs: a
    password named without its value is taken from there, and stands in no list of processes."""
    publish = f"{address.host}:{address.port}:{address.kind.port}"
    secret = {"POSTGRES_PASSWORD": address.password} if address.password else {}
    options = [word for variable in secret for word in ("--env", variable)]
    argv = (
        way.engine,
        "run",
        "--detach",
        "--name",
        name,
        "--publish",
        publish,
        *options,
        way.image,
    )
    return argv, secret


def _working(name: str, context: StepContext) -> str:
    """The engine's path, where it is here and its daemon answers; else "".

    The path, so that whoever removes the container calls the same engine.
    """
    engine = shutil.which(name, path=context.environment.get("PATH"))
    if engine is None:
        return ""
    env = {name: value for name, value in context.environment.items() if name in BASE_ENV}
    try:
        done = context.processes.run(Command((engine, "info"), context.root, env, 20.0))
    except CannotRun:
        return ""
    return "" if done.code else engine


def installed(kind: ServiceKind, path: str | None, processes: Processes) -> list[ServiceBackend]:
    """The servers of this machine, on PATH and in the usual folders, each once."""
    found = shutil.which(kind.program, path=path)
    folders = [os.path.dirname(found)] if found else []
    for pattern in _FOLDERS if kind.name == "postgres" else ():
        folders += sorted(glob.glob(pattern), reverse=True)
    paths = {os.path.realpath(os.path.join(folder, kind.program)) for folder in folders}
    ways = []
    for path in sorted(path for path in paths if os.access(path, os.X_OK)):
        done = processes.run(Command((path, "--version"), "/", {"PATH": os.defpath}, 20.0))
        version = done.stdout.strip().splitlines()[0] if done.stdout.strip() else ""
        argv = (sys.executable, SERVICE, kind.name)
        ways.append(ServiceBackend(f"by {path}", version=version, argv=argv, program=path))
    return ways


FOLDER = "services"
_NOTED = r"shipway-[a-z]+-[0-9a-f]{12}"  # a service: its note, folder and container
_TEMPORARY = "/tmp"  # where TMPDIR was something else then  # nosec B108
_LARGEST_NOTE = 65536  # bytes
_GRACE = 3.0  # seconds; what they hold is thrown away
_TAIL = 5  # last lines of a log that explain a failure


@dataclass(frozen=True)
class ServiceEnvironment:
    """What starting services takes of the outside. me: this process. answers: whether a service
    of this name answers at host and port."""

    clock: Clock
    me: Server
    free_port: Callable[[], int]
    answers: Callable[[str, str, int], bool]


@contextmanager
def start_services(
    context: StepContext, on_output: OnOutput, outside: ServiceEnvironment, extra: Mapping[str, str]
) -> Iterator[ProvidedService]:
    """Start all that the configuration names, migrate and seed; what the tests get.

    extra: what the tests see besides. Raises CannotRun when one cannot be started, and
    ApplicationFault when the application's own migration or seed fails.
    """
    remove_stale_services(context.state, context.processes)
    variables: dict[str, str] = {}
    hidden: tuple[str, ...] = ()
    with ExitStack() as running:
        for name, service in context.config.services.items():
            address = running.enter_context(_one(context, KINDS[name], service, outside, on_output))
            variables |= address.variables(service)
            hidden += (address.password,) if address.password else ()
        inner = replace(context, secrets=(*context.secrets, *hidden))
        application = context.config.application
        for command in filter(None, (application.migrate, application.seed)):
            run_preparation(inner, command, {**extra, **variables}, on_output)
        yield ProvidedService(variables, hidden)


def remove_stale_services(state: str, processes: Processes) -> int:
    """End what runs of others that have ended left behind; how many there were.

    A note that is none of Shipway's own is removed, and nothing that it names is touched.
    """
    folder = os.path.join(state, FOLDER)
    count = 0
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        path = os.path.join(folder, name)
        with suppress(FileNotFoundError):
            note = _note_at(path)
            if note is None or not processes.alive(note.owner):
                count += 1
                _end(path, note, processes)
    return count


def _note_at(path: str) -> ServiceNote | None:
    """The note in a file; None where it is damaged, or names anything but a service's own.

    Its file is called as the folder and the container of the service are, and that is a name which
    `_noted` makes. The folder is a real one below the folder for temporary files. The engine is the
    one that this machine has under its usual name.
    """
    try:
        note = service_note_from(read_text(path, _LARGEST_NOTE))
    except ConfigError:
        return None
    name = os.path.basename(path).removesuffix(".json")
    if note is None or note.name not in KINDS or not re.fullmatch(_NOTED, name):
        return None
    own = {os.path.join(folder, name) for folder in (tempfile.gettempdir(), _TEMPORARY)}
    if note.folder not in own or os.path.islink(note.folder):
        return None
    engines = ("", *(shutil.which(engine) for engine in ENGINES))
    container = name if note.engine else ""
    return note if note.engine in engines and note.container == container else None


@contextmanager
def _one(
    context: StepContext,
    kind: ServiceKind,
    service: Service,
    outside: ServiceEnvironment,
    on_output: OnOutput,
) -> Iterator[ServiceAddress]:
    address = ServiceAddress(kind, outside.free_port(), secrets.token_hex(16) if kind.user else "")
    failures: list[str] = []
    for way in find_backends(kind, service, context):
        note = _noted(kind, outside.me, way)
        path = os.path.join(context.state, FOLDER, os.path.basename(note.folder) + ".json")
        write_atomic(path, note.to_json().encode())
        try:
            try:
                _start(context, way, note, address)
                _await(context, way, note, address, service, outside)
            except CannotRun as problem:
                failures.append(f"{way.words}: {problem.message}")
                continue
            _say_version(kind, service, way, note, context, on_output)
            yield address
            return
        finally:
            _end(path, note, context.processes)
    raise CannotRun(
        f"{kind.name} could not be started: {'; '.join(failures) or 'nothing here has it'}",
        f"Install docker or {kind.program}, or let uv reach PyPI for {kind.package}.",
        code="service-not-started",
    )


def _noted(kind: ServiceKind, me: Server, way: ServiceBackend) -> ServiceNote:
    """Not below the project's folder: as root, PostgreSQL runs as a user who may not see that."""
    name = f"shipway-{kind.name}-{secrets.token_hex(6)}"
    folder = os.path.join(tempfile.gettempdir(), name)
    return ServiceNote(kind.name, me, folder, way.engine, name if way.engine else "")


def _start(
    context: StepContext, way: ServiceBackend, note: ServiceNote, address: ServiceAddress
) -> None:
    os.mkdir(note.folder, 0o700)
    env = {name: value for name, value in context.environment.items() if name in BASE_ENV}
    if way.engine:
        argv, variables = run_container(way, note.container, address)
        done = context.processes.run(Command(argv, context.root, {**env, **variables}, 300.0))
        if done.code:
            raise CannotRun(
                " ".join(done.stderr.strip().splitlines()[:1]) or "it did not start",
                code="service-not-started",
            )
        return
    argv = (*way.argv, note.folder, str(address.port), way.program)
    env["SHIPWAY_SERVICE_PASSWORD"] = address.password
    context.processes.spawn(Command(argv, note.folder, env), note.log)


def _await(
    context: StepContext,
    way: ServiceBackend,
    note: ServiceNote,
    address: ServiceAddress,
    service: Service,
    outside: ServiceEnvironment,
) -> None:
    end = outside.clock.monotonic() + service.timeout
    while outside.clock.monotonic() < end and not context.stopping():
        if outside.answers(note.name, address.host, address.port):
            return
        if not way.engine and context.processes.orphans(note.log) is None:
            raise CannotRun(
                f"it ended at once: {' / '.join(_tail(note))}", code="service-not-started"
            )
        outside.clock.sleep(0.1)
    raise CannotRun(
        f"it did not answer within {service.timeout:g} s: {' / '.join(_tail(note))}",
        code="service-not-started",
    )


def _say_version(
    kind: ServiceKind,
    service: Service,
    way: ServiceBackend,
    note: ServiceNote,
    context: StepContext,
    on_output: OnOutput,
) -> None:
    """What runs, and loudly where it is not what was asked for."""
    version = way.version or next(iter(_lines(note)), "an unknown version")
    on_output(f"{kind.name}: {version}, {way.words}")
    if major_version(version) != major_version(service.version):
        on_output(
            f"{WARNING}{kind.name} {service.version} was asked for, and the tests run with "
            f"{major_version(version) or version}"
        )


def _end(path: str, note: ServiceNote | None, processes: Processes) -> None:
    """End a service, remove its files, and only then the note of it."""
    if note is not None and note.container:
        argv = (note.engine, "rm", "--force", "--volumes", note.container)
        with suppress(CannotRun):
            processes.run(Command(argv, "/", dict(os.environ), 60.0))
    elif note is not None and (server := processes.orphans(note.log)):
        processes.stop(server, _GRACE)
    if note is not None:
        shutil.rmtree(note.folder, ignore_errors=True)
    with suppress(FileNotFoundError):
        os.unlink(path)


def _lines(note: ServiceNote) -> Sequence[str]:
    try:
        return read_tail(note.log).strip().splitlines()
    except (OSError, ConfigError):
        return ()


def _tail(note: ServiceNote) -> Sequence[str]:
    return _lines(note)[-_TAIL:]
