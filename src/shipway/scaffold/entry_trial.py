"""An entry tried out: started in the application's environment, and asked over HTTP."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from shipway.config.bind_address import with_address
from shipway.errors import ApplicationFault, CannotRun, Unreachable
from shipway.pipeline.application_server import own_variables, run_preparation
from shipway.pipeline.injected import ROUTES
from shipway.pipeline.step_context import StepContext
from shipway.ports import Clock, Command, Http, OnOutput, Server
from shipway.scaffold.entry_point import EntryPoint
from shipway.scaffold.survey import preferred_routes
from shipway.system.redaction import Redactor
from shipway.system.server_log import has_traceback, last_error

LIMIT = 40.0  # seconds until it must answer anything
_ASK = 10.0  # seconds that one answer may take
MOST = 4  # candidates that are tried
_ROUTES = 12  # that are asked, besides the proposed ones, until one answers 2xx
_SHOWN = 4  # answers in a sentence
_MISSING = (404, 405)


@dataclass(frozen=True)
class EntryTrial:
    """What became of one entry. statuses: path → what it answered. error: the last line of the
    error of one that did not start. cause: of the last error behind an answer of 500 and above."""

    entry: EntryPoint
    statuses: Mapping[str, int]
    error: str = ""
    cause: str = ""

    @property
    def routed(self) -> bool:
        """Whether it has routes: something else than 404 came back."""
        return any(status not in _MISSING for status in self.statuses.values())

    def health(self, proposed: str) -> str:
        """The path for the health check: the proposed one, unless it does not answer 2xx and
        another does."""
        healthy = [path for path, status in self.statuses.items() if _healthy(status)]
        return proposed if proposed in healthy or not healthy else healthy[0]

    @property
    def sentence(self) -> str:
        """For people."""
        if self.error:
            return f"{self.entry.target} does not start: {self.error}"
        each = [f"{status} at {path}" for path, status in self.statuses.items()]
        if len(each) > _SHOWN:
            each = [*each[: _SHOWN - 1], "…", each[-1]]
        answers = ", ".join(each)
        if not self.routed:
            return f"{self.entry.target} starts, but answers only {answers}"
        cause = f" ({self.cause})" if self.cause else ""
        return f"{self.entry.target} starts, and answers {answers}{cause}"


@dataclass(frozen=True)
class EntryTester:
    """context: with the application's environment as its step install has it. env: variables of the
    services that run for it."""

    context: StepContext
    http: Http
    clock: Clock
    free_port: Callable[[], int]
    env: Mapping[str, str]

    def best(
        self, entries: Sequence[EntryPoint], paths: Sequence[str], say: OnOutput
    ) -> tuple[EntryTrial | None, list[str]]:
        """The first entry that has routes; else the first that starts; None where none does. And
        the errors of those that do not start."""
        started: EntryTrial | None = None
        errors: list[str] = []
        for entry in entries[:MOST]:
            trial = self.trial(entry, paths)
            say(f"entry        {trial.sentence}")
            if trial.routed:
                return trial, errors
            if trial.error:
                errors.append(trial.error)
            else:
                started = started or trial
        return started, errors

    def trial(self, entry: EntryPoint, paths: Sequence[str]) -> EntryTrial:
        """Start it, ask for each path, then for its other routes until one answers 2xx, end it."""
        with self._folder() as folder:
            bind = f"127.0.0.1:{self.free_port()}"
            env = self._variables(folder, bind)
            log = os.path.join(folder, "application.log")
            server = self.context.processes.spawn(
                Command(self._argv(entry, bind), self.context.root, env), log
            )
            try:
                if not self._up(bind, server):
                    return EntryTrial(entry, {}, self._error(log))
                statuses = dict(self._answers(bind, paths))
                if not any(map(_healthy, statuses.values())):
                    statuses.update(self._until_healthy(bind, self._routes(entry, env), statuses))
                if any(map(_healthy, statuses.values())) or max(statuses.values(), default=0) < 500:
                    return EntryTrial(entry, statuses)
                return EntryTrial(entry, statuses, cause=self._raised(log))
            finally:
                self.context.processes.stop(server, 3.0)

    def _variables(self, folder: str, bind: str) -> dict[str, str]:
        application = self.context.config.application
        configured = {
            name: value.replace("{data}", folder) for name, value in application.env.items()
        }
        env = {**self.context.env(), **configured, **self.env, "BIND": bind, "WEB_CONCURRENCY": "1"}
        return own_variables(application, self.context.root, self.context.python(), env)

    def prepare(self, say: OnOutput) -> None:
        """Bring the database up to date, where there are no services that did it; a failure is
        told, and whether the entry starts is seen all the same."""
        application = self.context.config.application
        with self._folder() as folder:
            env = self._variables(folder, "")
            for command in filter(None, (application.migrate, application.seed)):
                try:
                    run_preparation(self.context, command, env, lambda line: None)
                except (ApplicationFault, CannotRun) as problem:
                    say(f"entry        {command}: {problem.message}")

    @contextmanager
    def _folder(self) -> Iterator[str]:
        folder = os.path.join(self.context.state, "trial")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        try:
            yield folder
        finally:
            log = os.path.join(folder, "application.log")
            if os.path.exists(log):
                os.unlink(log)

    def close(self) -> None:
        """Remove the data that the trials left."""
        shutil.rmtree(os.path.join(self.context.state, "trial"), ignore_errors=True)

    def _argv(self, entry: EntryPoint, bind: str) -> tuple[str, ...]:
        program, *words = shlex.split(with_address(entry.serve, bind))
        own = os.path.join(os.path.dirname(self.context.python()), program)
        return (own if os.path.exists(own) else program, *words)

    def _up(self, bind: str, server: Server) -> bool:
        end = self.clock.monotonic() + LIMIT
        while self.clock.monotonic() < end and self.context.processes.alive(server):
            try:
                self.http.get(f"http://{bind}/", timeout=_ASK)
            except Unreachable:
                self.clock.sleep(0.1)
            else:
                return True
        return False

    def _answers(self, bind: str, paths: Sequence[str]) -> Iterator[tuple[str, int]]:
        for path in dict.fromkeys(paths):
            try:
                yield path, self.http.get(f"http://{bind}{path}", timeout=_ASK).status
            except Unreachable:
                continue

    def _until_healthy(
        self, bind: str, routes: Sequence[str], asked: Mapping[str, int]
    ) -> Iterator[tuple[str, int]]:
        others = [path for path in routes if path not in asked]
        for path, status in self._answers(bind, others[:_ROUTES]):
            yield path, status
            if _healthy(status):
                return

    def _routes(self, entry: EntryPoint, env: Mapping[str, str]) -> list[str]:
        """The routes that the framework itself knows, the best for a health check first."""
        argv = (self.context.python(), ROUTES, entry.module, entry.target.partition(":")[2])
        paths = [os.path.join(self.context.root, entry.folder)] if entry.folder else []
        paths += filter(None, [env.get("PYTHONPATH")])
        env = {**env, "PYTHONPATH": os.pathsep.join(paths)}
        done = self.context.processes.run(Command(argv, self.context.root, env, LIMIT))
        last = (done.stdout.strip().splitlines() or [""])[-1]
        try:
            routes = json.loads(last)
        except ValueError:
            return []  # it prints otherwise, or does not import outside its server
        return preferred_routes(route for route in routes if isinstance(route, str))

    def _raised(self, log: str) -> str:
        """The last error that the server wrote down; "" where it kept it to itself."""
        with open(log, encoding="utf-8", errors="replace") as file:
            text = Redactor(self.context.secrets)(file.read())
        return last_error(text) if has_traceback(text) else ""

    def _error(self, log: str) -> str:
        with open(log, encoding="utf-8", errors="replace") as file:
            return last_error(Redactor(self.context.secrets)(file.read()))


def _healthy(status: int) -> bool:
    return 200 <= status < 300
