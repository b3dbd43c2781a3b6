"""Services: started for one step or for an environment, handed over in variables, ended.

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
from shipway.pipeline.step import BASE_ENV
from shipway.pipeline.step_context import WARNING, StepContext
from shipway.ports import Clock, Command, OnOutput, Processes, Server
from shipway.source_text import read_tail, read_text
from shipway.system.clock import SystemClock
from shipway.system.files import write_atomic
from shipway.system.network import free_port, service_answers
from shipway.system.uv import uv_program

# The ways to have a service here: a container, a program of this machine, a package of PyPI.

ENGINES = ("docker", "podman")
# Where Debian and Red Hat put servers, on nobody's PATH.
_FOLDERS = {
    "postgres": (
        "/usr/lib/postgresql/*/bin",
        "/usr/pgsql-*/bin",
        "/opt/homebrew/opt/postgresql@*/bin",
    ),
    "mysql": ("/usr/sbin", "/usr/libexec"),
    "rabbitmq": ("/usr/sbin",),
}
_VERSION_LIMIT = 20.0  # seconds


@dataclass(frozen=True, kw_only=True)
class ServiceHost:
    """What starting services takes of this machine.

    environment: the caller's variables. answers: whether a service of this kind answers at host
    and port. stopping: whether the command was cancelled.
    """

    processes: Processes
    environment: Mapping[str, str]
    uv: str
    clock: Clock
    free_port: Callable[[], int]
    answers: Callable[[str, str, int], bool]
    stopping: Callable[[], bool] = lambda: False

    @property
    def base(self) -> dict[str, str]:
        """What a program may see of the caller's variables."""
        return {name: value for name, value in self.environment.items() if name in BASE_ENV}


def service_host(
    processes: Processes,
    environment: Mapping[str, str],
    stopping: Callable[[], bool] = lambda: False,
) -> ServiceHost:
    """This machine."""
    return ServiceHost(
        processes=processes,
        environment=environment,
        uv=uv_program(),
        clock=SystemClock(),
        free_port=free_port,
        answers=service_answers,
        stopping=stopping,
    )


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
    kind: ServiceKind, service: Service, host: ServiceHost
) -> Iterator[ServiceBackend]:
    """The best first: a container, then what has the right version, then what is nearest.

    With TLS only a program of this machine will do: the images have no certificate, and the
    package's PostgreSQL was built without TLS.
    """
    image = service.image or f"{kind.image}:{service.version}"
    for name in () if service.tls else ENGINES:
        if engine := _working(name, host):
            yield ServiceBackend(
                f"the image {image} in {name}", engine, image, version=service.version
            )
            break
    requested = major_version(service.version)
    programs = installed(kind, host.environment.get("PATH"), host.processes)
    exact = [way for way in programs if major_version(way.version) == requested]
    yield from exact
    package = None if service.tls else _packaged(kind, requested, host)
    if package and requested in kind.majors:
        yield package
    yield from (way for way in programs if way not in exact)
    if package and requested not in kind.majors:
        yield package


def _packaged(kind: ServiceKind, requested: int, host: ServiceHost) -> ServiceBackend | None:
    if not kind.package:
        return None
    python = ("--python", sys.executable)  # Shipway's, whatever the application's is
    started = (host.uv, "tool", "run", "--quiet", *python, "--from", kind.package, "python")
    return ServiceBackend(
        f"the package {kind.package}",
        argv=(*started, SERVICE, kind.name),
        program=f"package:{nearest_version(requested, kind.majors)}",
    )


def run_container(
    way: ServiceBackend, name: str, address: ServiceAddress
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The command that starts it in a container, and the variables that the command needs: they are
    named without their values, so that a password stands in no list of processes."""
    kind = address.kind
    variables = {
        variable: text.format_map(address.fields) for variable, text in kind.environment.items()
    }
    argv = (
        way.engine,
        "run",
        "--detach",
        "--name",
        name,
        "--publish",
        f"{address.host}:{address.port}:{kind.port}",
        *(word for variable in variables for word in ("--env", variable)),
        way.image,
        *kind.arguments,
    )
    return argv, variables


def _working(name: str, host: ServiceHost) -> str:
    """The engine's path, where it is here and its daemon answers; else "".

    The path, so that whoever removes the container calls the same engine.
    """
    engine = shutil.which(name, path=host.environment.get("PATH"))
    if engine is None:
        return ""
    try:
        done = host.processes.run(Command((engine, "info"), "/", host.base, 20.0))
    except CannotRun:
        return ""
    return "" if done.code else engine


def installed(kind: ServiceKind, path: str | None, processes: Processes) -> list[ServiceBackend]:
    """The servers of this machine, on PATH and in the usual folders, each once."""
    candidates = []
    for program in kind.programs:
        on_path = shutil.which(program, path=path)
        folders = [os.path.dirname(on_path)] if on_path else []
        for pattern in _FOLDERS.get(kind.name, ()):
            folders += sorted(glob.glob(pattern), reverse=True)
        candidates += [os.path.join(folder, program) for folder in folders]
    paths = {os.path.realpath(candidate): candidate for candidate in reversed(candidates)}
    ways = []
    for path in sorted(path for path in paths if os.access(path, os.X_OK)):
        version = "" if kind.name == "rabbitmq" else _version(path, processes)
        argv = (sys.executable, SERVICE, kind.name)
        ways.append(ServiceBackend(f"by {path}", version=version, argv=argv, program=path))
    return ways


def _version(path: str, processes: Processes) -> str:
    """What it calls itself. RabbitMQ's server would start instead of answering."""
    done = processes.run(Command((path, "--version"), "/", {"PATH": os.defpath}, _VERSION_LIMIT))
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else ""


# One service, from its note to its end.

_NOTED = "shipway-{}-[0-9a-f]{{12}}"  # the folder and the container of a service
_ROOTS_FOLDER = "/var/lib/shipway"  # servers do not run as root, nor see root's own folders
_TEMPORARY = "/tmp"  # where TMPDIR was something else then  # nosec B108
_LARGEST_NOTE = 65536  # bytes
_GRACE = 3.0  # seconds; what tests leave is thrown away
_KEPT_GRACE = 30.0  # seconds in which a database writes down what is to stay
_TAIL = 5  # last lines of a log that explain a failure


def start_service(
    kind: ServiceKind,
    service: Service,
    host: ServiceHost,
    notes: str,
    on_output: OnOutput,
    *,
    owner: Server | None = None,
    folder: str = "",
) -> tuple[str, ServiceNote]:
    """Start it in the first way that works; the path of its note, and the note.

    notes: the folder of notes. owner: the process that it ends with; None for one that stays, with
    its data. folder: where its files are made; "" for the one for temporary files. Raises CannotRun
    with every way's reason where none works.
    """
    password = secrets.token_hex(16) if kind.user else ""
    failures: list[str] = []
    for way in find_backends(kind, service, host):
        name = f"shipway-{kind.name}-{secrets.token_hex(6)}"
        note = ServiceNote(
            name=kind.name,
            owner=owner,
            # Not below the project's: as root, PostgreSQL runs as a user who may not see that.
            folder=os.path.join(folder or tempfile.gettempdir(), name),
            engine=way.engine,
            container=name if way.engine else "",
            argv=way.argv,
            program=way.program,
            version=way.version,
            words=way.words,
            port=host.free_port(),
            password=password,
        )
        path = os.path.join(notes, name + ".json" if owner else kind.name + ".json")
        write_atomic(path, note.to_json().encode(), 0o600)
        started = False
        try:
            os.makedirs(note.folder, 0o700)
            if way.engine:
                argv, variables = run_container(way, note.container, note.address)
                _run_engine(host, argv, variables)
            else:
                _spawn(host, note, service)
            _await(host, note, service)
            started = True
        except CannotRun as problem:
            failures.append(f"{way.words}: {problem.message}")
        finally:
            if not started:
                remove_service(path, note, host.processes)
        if started:
            note = replace(note, ready=True)
            write_atomic(path, note.to_json().encode(), 0o600)
            _say_version(kind, service, note, on_output)
            return path, note
    raise CannotRun(
        f"{kind.name} could not be started: {'; '.join(failures) or _nothing(service)}",
        _remedy(kind, service),
        code="service-not-started",
    )


def _nothing(service: Service) -> str:
    return "no server on this machine takes TLS" if service.tls else "nothing here has it"


def _remedy(kind: ServiceKind, service: Service) -> str:
    ways = ["docker or podman"] if not service.tls else []
    if kind.debian:
        ways.append(f"the server (apt-get install {kind.debian})")
    remedy = f"Install {' or '.join(ways)}"
    if kind.package and not service.tls:
        remedy += f", or let uv reach PyPI for {kind.package.partition('==')[0]}"
    return (
        f"{remedy}. Or set {', '.join(service.env or kind.variables)} yourself, to one that runs "
        "elsewhere."
    )


def resume_service(note: ServiceNote, service: Service, host: ServiceHost) -> None:
    """Start one again whose data are there, unless it runs. Raises CannotRun."""
    if host.answers(note.name, note.address.host, note.port):
        return
    if note.container:
        _run_engine(host, (note.engine, "start", note.container), {})
    elif host.processes.orphans(note.log) is None:
        _spawn(host, note, service)
    _await(host, note, service)


def stop_service(note: ServiceNote, processes: Processes) -> None:
    """End it; its data stay."""
    if note.container:
        argv = (note.engine, "stop", note.container)
        with suppress(CannotRun):
            processes.run(Command(argv, "/", dict(os.environ), 60.0))
    elif server := processes.orphans(note.log):
        processes.stop(server, _KEPT_GRACE)


def remove_service(path: str, note: ServiceNote | None, processes: Processes) -> None:
    """End a service, remove its files, and only then the note of it. path: the note's."""
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


def read_note(path: str) -> ServiceNote | None:
    """The note at a path; None where there is none, or only a part of one, or where it names
    anything but a service's own.

    A service has a folder of a name that Shipway makes, which is a real one: among temporary files,
    or where its environment keeps its data. Its container has the same name, and its engine is the
    one that this machine has.
    """
    try:
        note = service_note_from(read_text(path, _LARGEST_NOTE))
    except (FileNotFoundError, ConfigError):
        return None
    if note is None or note.name not in KINDS:
        return None
    above, name = os.path.split(note.folder)
    called = f"{name if note.owner else note.name}.json" == os.path.basename(path)
    kept = (
        (tempfile.gettempdir(), _TEMPORARY)
        if note.owner
        else (os.path.dirname(path), _ROOTS_FOLDER)
    )
    engines = ("", *(shutil.which(engine) for engine in ENGINES))
    own = (
        called
        and re.fullmatch(_NOTED.format(note.name), name) is not None
        and above in kept
        and not os.path.islink(note.folder)
        and note.engine in engines
        and note.container == (name if note.engine else "")
    )
    return note if own else None


def _run_engine(host: ServiceHost, argv: tuple[str, ...], variables: Mapping[str, str]) -> None:
    done = host.processes.run(Command(argv, "/", {**host.base, **variables}, 300.0))
    if done.code:
        raise CannotRun(
            " ".join(done.stderr.strip().splitlines()[:1]) or "it did not start",
            code="service-not-started",
        )


def _spawn(host: ServiceHost, note: ServiceNote, service: Service) -> None:
    options = ("kept",) * (note.owner is None) + ("tls",) * service.tls
    argv = (*note.argv, note.folder, str(note.port), note.program, *options)
    env = {**host.base, "SHIPWAY_SERVICE_PASSWORD": note.password}
    host.processes.spawn(Command(argv, note.folder, env), note.log)


def _await(host: ServiceHost, note: ServiceNote, service: Service) -> None:
    end = host.clock.monotonic() + service.timeout
    while host.clock.monotonic() < end and not host.stopping():
        if host.answers(note.name, note.address.host, note.port):
            return
        if not note.container and host.processes.orphans(note.log) is None:
            raise CannotRun(
                f"it ended at once: {' / '.join(_tail(note))}", code="service-not-started"
            )
        host.clock.sleep(0.1)
    raise CannotRun(
        f"it did not answer within {service.timeout:g} s: {' / '.join(_tail(note))}",
        code="service-not-started",
    )


def _say_version(
    kind: ServiceKind, service: Service, note: ServiceNote, on_output: OnOutput
) -> None:
    """What runs, and loudly where it is not what was asked for."""
    version = note.version or next(iter(_lines(note)), "an unknown version")
    on_output(f"{kind.name}: {version}, {note.words}")
    if major_version(version) != major_version(service.version):
        on_output(
            f"{WARNING}{kind.name} {service.version} was asked for, and what runs is "
            f"{major_version(version) or version}"
        )


def _lines(note: ServiceNote) -> Sequence[str]:
    try:
        return read_tail(note.log).strip().splitlines()
    except (OSError, ConfigError):
        return ()


def _tail(note: ServiceNote) -> Sequence[str]:
    return _lines(note)[-_TAIL:]


# The services of a step.

FOLDER = "services"


@contextmanager
def start_services(
    context: StepContext,
    on_output: OnOutput,
    host: ServiceHost,
    owner: Server,
    extra: Mapping[str, str],
) -> Iterator[ProvidedService]:
    """Start all that the configuration names, migrate and seed; what the application gets.

    owner: this process. extra: what the application sees besides. Raises CannotRun when one cannot
    be started, and ApplicationFault when the application's own migration or seed fails.
    """
    remove_stale_services(context.state, context.processes)
    variables: dict[str, str] = {}
    hidden: tuple[str, ...] = ()
    notes = os.path.join(context.state, FOLDER)
    with ExitStack() as running:
        for name, service in context.config.services.items():
            path, note = start_service(KINDS[name], service, host, notes, on_output, owner=owner)
            running.callback(remove_service, path, note, context.processes)
            variables |= note.address.variables(service)
            hidden += (note.password,) if note.password else ()
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
        if not os.path.exists(path):
            continue  # its owner has just ended it
        note = read_note(path)
        if note is None or note.owner is None or not processes.alive(note.owner):
            count += 1
            remove_service(path, note, processes)
    return count
