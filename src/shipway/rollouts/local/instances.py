"""Instances: one process group each, started from a release, found again by its birth."""

from __future__ import annotations

import codecs
import os
import secrets
import shlex
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from shipway.config.schema import Application, Environment
from shipway.config.secret_values import forms
from shipway.errors import CannotRun, ConfigError, Unreachable
from shipway.ports import Clock, Completed, Http, OnOutput, Processes, Server
from shipway.releases.release import Release
from shipway.rollouts.local.runtime import Runtime
from shipway.rollouts.local.services import EnvironmentServices
from shipway.source_text import TAIL_LIMIT, open_regular_file, read_tail, read_text
from shipway.system.files import write_atomic
from shipway.system.network import free_port
from shipway.system.redaction import Redactor
from shipway.system.server_log import failure, has_traceback

UNSERVED_GRACE = 2.0  # seconds until an instance that never served is killed
_ONCE = 600.0  # seconds for a migration
_TASK = 3600.0  # seconds for a person's own command
_LONGEST_KEY = 1000  # bytes
TAIL = 15  # last log lines that explain a failure


@dataclass(frozen=True)
class Instance:
    """One copy of a release. pid, born: its process (ports.Server); pid is 0 before it is
    started. joined: it was healthy, and is there to get requests."""

    digest: str
    release: str
    address: str
    log: str
    pid: int = 0
    born: str = ""
    joined: bool = False

    @property
    def cluster(self) -> str:
        """What Envoy knows its release by."""
        return cluster_of(self.digest)

    @property
    def name(self) -> str:
        """Its own on this machine: what a container is called."""
        return "shipway-" + os.path.basename(self.log).removesuffix(".log")

    @property
    def server(self) -> Server:
        """Its process."""
        return Server(self.pid, self.born, self.log)


def unhealthy_remedy(why: str, log: str) -> str:
    """What to do about an instance that did not become healthy. why: the reason; log: its file."""
    remedy = f"Read its log: {log}"
    if "no such table" not in why:
        return remedy
    return (
        f"{remedy}. Name what makes its tables in [application] migrate or seed. A database file "
        "beside the code is another one in each release, and begins empty: let the application "
        "read its place from a variable, and give that {data}/NAME in [environments.NAME.env]."
    )


@dataclass(frozen=True, kw_only=True)
class Instances:
    """Starts, watches and stops the instances of one environment.

    hidden: values to blot out of what is shown of them. Their logs are files that they write
    themselves, and hold whatever they print.
    """

    application: Application
    environment: Environment
    folder: str
    processes: Processes
    http: Http
    clock: Clock
    hosting: Runtime
    services: EnvironmentServices
    hidden: tuple[str, ...] = ()

    def own(self, instance: Instance) -> Instance:
        """As it is written down, with the log that it has in this environment's own folder."""
        return replace(instance, log=self._log(os.path.basename(instance.log)))

    def _log(self, name: str) -> str:
        return os.path.join(self.folder, "logs", name)

    def planned(self, release: Release) -> Instance:
        """One that is about to be started: to be written down before it is."""
        address = f"127.0.0.1:{free_port()}"
        port = address.rpartition(":")[2]
        log = self._log(f"{release.digest[:8]}-{port}.log")
        return Instance(release.digest, release.name, address, log)

    def start(self, release: Release, planned: Instance) -> Instance:
        """Start it, without waiting for it."""
        os.makedirs(os.path.dirname(planned.log), mode=0o700, exist_ok=True)
        env = self.env(release)
        command = self.hosting.serve_command(release, env, planned.address, planned.name)
        server = self.processes.spawn(command, planned.log)
        return replace(planned, pid=server.pid, born=server.born)

    def await_health(self, instance: Instance, stopping: Callable[[], bool] = lambda: False) -> str:
        """Wait until it is healthy; why it is not, in one sentence, or nothing."""
        end = self.clock.monotonic() + self.environment.health_timeout
        last = "it never answered"
        while self.clock.monotonic() < end:
            if stopping():
                return "it was stopped"
            if not self.alive(instance):
                error = self._error(instance)
                return f"{instance.release} ended while it was starting{error}"
            fault = self.health(instance)
            if not fault:
                return ""
            last = fault
            self.clock.sleep(0.1)
        limit = f"{self.environment.health_timeout:g} s"
        error = self._error(instance, raised=True)
        return f"{instance.release} did not become healthy within {limit}: {last}{error}"

    def health(self, instance: Instance) -> str:
        """What is wrong with it at this moment; nothing when it is healthy."""
        check = self.application.health_check
        try:
            response = self.http.get(f"http://{instance.address}{check.path}", timeout=2.0)
        except Unreachable:
            return f"{check.path} does not answer"
        return check.fault(response.status, response.headers)

    def alive(self, instance: Instance) -> bool:
        """Whether its process runs."""
        return self.processes.alive(instance.server)

    def stop(self, leaving: Sequence[Instance], *, served: bool = True) -> None:
        """Let them finish their requests and end them; those that never served have none."""
        grace = self.environment.drain_timeout if served else UNSERVED_GRACE
        with ThreadPoolExecutor(len(leaving)) as pool:
            list(pool.map(lambda instance: self._stop(instance, grace), leaving))

    def _stop(self, instance: Instance, grace: float) -> None:
        server = instance.server if instance.pid else self.processes.orphans(instance.log)
        if server is not None:
            self.processes.stop(server, grace)
        self.hosting.remove_command(instance.name)

    def once(self, release: Release, command: str) -> Completed:
        """Run a command of the release (its migrations) to the end."""
        return self.task(release, shlex.split(command), limit=_ONCE)

    def task(
        self,
        release: Release,
        command: Sequence[str],
        on_output: OnOutput | None = None,
        limit: float = _TASK,
    ) -> Completed:
        """Run a command with a release, for `limit` seconds at most; its lines as they come."""
        prepared = self.hosting.once_command(release, self.env(release), command)
        return self.processes.run(
            replace(prepared, timeout=limit, secrets=self._all_hidden()), on_output
        )

    def tail(self, instance: Instance) -> tuple[str, ...]:
        """The last lines of its log, without secrets."""
        try:
            last = "\n".join(read_tail(instance.log).splitlines()[-TAIL:])
        except (OSError, ConfigError):
            return ()
        return tuple(self.redactor()(last).splitlines())

    def _error(self, instance: Instance, *, raised: bool = False) -> str:
        """What its log says of why it failed, to be appended; without secrets. raised: only what
        was raised, of one that goes on."""
        try:
            log = self.redactor()(read_tail(instance.log))
        except (OSError, ConfigError):
            return ""
        text = failure(log) if not raised or has_traceback(log) else ""
        return f": {text}" if text else ""

    def redactor(self) -> Redactor:
        """Blots the secrets of this environment out of a text."""
        return Redactor(self._all_hidden())

    def env(self, release: Release) -> dict[str, str]:
        """What an instance sees: the base, what is configured, what it is told by Shipway."""
        data = os.path.join(self.folder, "data")
        os.makedirs(data, exist_ok=True)
        variables = {
            name: value.replace("{data}", data) for name, value in self.environment.env.items()
        }
        taken = {n: os.environ[n] for n in self.environment.secrets if n in os.environ}
        binaries = os.path.dirname(release.python)
        return {
            "PATH": binaries + os.pathsep + os.environ.get("PATH", os.defpath),
            "HOME": os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
            "APP_ENV": "local",
            "WEB_CONCURRENCY": "1",
            "TRUSTED_PROXIES": "1",
            "SECRET_KEY": self._secret_key(),
            **self.services.variables(),
            **variables,
            **taken,
            "RELEASE": release.name,
        }

    def _all_hidden(self) -> tuple[str, ...]:
        key = forms(self._secret_key()) if os.path.exists(self._key_path) else ()
        return (*self.hidden, *key, *self.services.passwords())

    @property
    def _key_path(self) -> str:
        return os.path.join(self.folder, "secret_key")

    def _secret_key(self) -> str:
        """Made once for this environment, readable by its owner only."""
        if not os.path.exists(self._key_path):
            write_atomic(self._key_path, secrets.token_hex(32).encode(), 0o600)
        return read_text(self._key_path, limit=_LONGEST_KEY)


def cluster_of(digest: str) -> str:
    """What Envoy knows a release by."""
    return digest[:12]


def raise_if_command_failed(done: Completed, what: str) -> None:
    """Raises CannotRun with the last lines of what a command said."""
    if done.code:
        lines = (done.stdout + done.stderr).strip().splitlines()[-3:]
        words = ": " + " / ".join(lines) if lines else " and printed nothing"
        raise CannotRun(
            f"{what} ended with exit code {done.code}{words}",
            "Nothing was moved. Correct the command or what it works on, and roll out again.",
            code="task-failed",
        )


# The lines that instances write from now on.

POLL = 0.5  # seconds between two looks


class _File:
    """One log, read on from some place. A line is shown when it is whole."""

    def __init__(self, path: str, at: int) -> None:
        self._path = path
        self._at = at
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = ""

    def fresh(self) -> Iterator[str]:
        try:
            with open_regular_file(self._path) as file:
                if os.fstat(file.fileno()).st_size < self._at:  # somebody has emptied it
                    self._at = 0
                file.seek(self._at)
                data = file.read(TAIL_LIMIT)  # the rest at the next look
        except (OSError, ConfigError):
            return
        self._at += len(data)
        *lines, self._begun = (self._begun + self._decoder.decode(data)).split("\n")
        yield from lines


class InstanceLogTail:
    """Follows the logs of an environment's instances, those too that are started meanwhile."""

    def __init__(self, instances: Instances) -> None:
        self._redact = instances.redactor()
        self._files: dict[str, _File] = {}

    def skip(self, running: Sequence[Instance]) -> None:
        """What these have written up to now is not shown."""
        for instance in running:
            size = os.path.getsize(instance.log) if os.path.exists(instance.log) else 0
            self._files[instance.log] = _File(instance.log, size)

    def follow(
        self,
        clock: Clock,
        running: Callable[[], Sequence[Instance]],
        show: Callable[[str, str], None],
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """Show (whose, line) as lines come, until `stopping`. running: who is there by now."""
        while True:
            for instance in running():
                file = self._files.setdefault(instance.log, _File(instance.log, 0))
                for line in file.fresh():
                    show(f"{instance.release} at {instance.address}", self._redact(line))
            if stopping():
                return
            clock.sleep(POLL)
