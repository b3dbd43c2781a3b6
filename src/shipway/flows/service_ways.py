"""The ways to have a service here: a container, a program of this machine, a package of PyPI."""

from __future__ import annotations

import glob
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from shipway.core.errors import CannotRun
from shipway.core.ports import Command, Processes
from shipway.core.service_kinds import Address, ServiceKind, major, nearest
from shipway.core.settings.services import Service
from shipway.flows.inside import SERVICE
from shipway.flows.workshop import BASE_ENV, Workshop

ENGINES = ("docker", "podman")
# Where Debian and Red Hat put servers of several versions, on nobody's PATH.
_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


@dataclass(frozen=True)
class Way:
    """words: for people. engine: the path of docker or podman, "" for a program. version: where it
    is known before it runs. argv: what starts the program. program: its path, or
    `package:MAJOR`."""

    words: str
    engine: str = ""
    image: str = ""
    version: str = ""
    argv: tuple[str, ...] = ()
    program: str = ""


def find_ways(kind: ServiceKind, service: Service, shop: Workshop) -> Iterator[Way]:
    """The best first: a container, then what has the right version, then what is nearest."""
    image = service.image or f"{kind.image}:{service.version}"
    for name in ENGINES:
        if engine := _working(name, shop):
            yield Way(f"the image {image} in {name}", engine, image, version=service.version)
            break
    asked = major(service.version)
    programs = installed(kind, shop.environment.get("PATH"), shop.processes)
    best = nearest(asked, kind.majors)
    started = (shop.uv, "tool", "run", "--quiet", "--from", kind.package, "python")
    package = Way(
        f"the package {kind.package}",
        argv=(*started, SERVICE, kind.name), program=f"package:{best}",
    )  # fmt: skip
    exact = [way for way in programs if major(way.version) == asked]
    yield from exact
    if best == asked:
        yield package
    yield from (way for way in programs if way not in exact)
    if best != asked:
        yield package


def container(way: Way, name: str, address: Address) -> tuple[tuple[str, ...], dict[str, str]]:
    """The command that starts it in a container, and the variables that the command needs: a
    password named without its value is taken from there, and stands in no list of processes."""
    publish = f"{address.host}:{address.port}:{address.kind.port}"
    secret = {"POSTGRES_PASSWORD": address.password} if address.password else {}
    words = [word for variable in secret for word in ("--env", variable)]
    argv = (way.engine, "run", "--detach", "--name", name, "--publish", publish, *words, way.image)
    return argv, secret


def _working(name: str, shop: Workshop) -> str:
    """The engine's path, where it is here and its daemon answers; else "".

    The path, so that whoever removes the container calls the same engine.
    """
    engine = shutil.which(name, path=shop.environment.get("PATH"))
    if engine is None:
        return ""
    env = {name: value for name, value in shop.environment.items() if name in BASE_ENV}
    try:
        done = shop.processes.run(Command((engine, "info"), shop.root, env, 20.0))
    except CannotRun:
        return ""
    return "" if done.code else engine


def installed(kind: ServiceKind, path: str | None, processes: Processes) -> list[Way]:
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
        ways.append(Way(f"by {path}", version=version, argv=argv, program=path))
    return ways
