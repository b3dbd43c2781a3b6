"""Serves the application from the working tree for as long as a load test takes."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from shipway.config.bind_address import source_folder, with_address
from shipway.config.schema import Application
from shipway.errors import ApplicationFault, Unreachable
from shipway.pipeline.step_context import StepContext
from shipway.ports import Clock, Command, Http, OnOutput, Server
from shipway.source_text import read_tail
from shipway.system.redaction import Redactor

START_LIMIT = 60.0  # seconds until the application must answer its health check


@contextmanager
def serve_application(
    context: StepContext,
    on_output: OnOutput,
    http: Http,
    clock: Clock,
    free_port: Callable[[], int],
) -> Iterator[str]:
    """Migrate and seed an empty data folder, start the application, give its address, end it.

    Raises ApplicationFault when it does not come up, with the end of its log.
    """
    folder = os.path.join(context.out, "served")
    if not context.prepared:
        shutil.rmtree(folder, ignore_errors=True)
    data = os.path.join(folder, "data")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    os.makedirs(data, exist_ok=True)
    bind = f"127.0.0.1:{free_port()}"
    env = _env(context, data, bind)
    application = context.config.application
    needed = () if context.prepared else (application.migrate, application.seed)
    for preparation in filter(None, needed):
        run_preparation(context, preparation, env, on_output)
    log = os.path.join(folder, "application.log")
    command = Command(_argv(context, application.serve, bind), context.root, env)
    server = context.processes.spawn(command, log)
    try:
        _wait(bind, context, server, log, http, clock)
        yield f"http://{bind}"
    finally:
        context.processes.stop(server, 1.0 if context.stopping() else 10.0)
        shutil.rmtree(data, ignore_errors=True)


def _env(context: StepContext, data: str, bind: str) -> dict[str, str]:
    performance = context.config.performance
    variables = {
        name: value.replace("{data}", data)
        for name, value in context.config.application.env.items()
    }
    return {
        **_surroundings(context, context.env()),
        "APP_ENV": "test",
        "RELEASE": "load-test",
        "WEB_CONCURRENCY": str(performance.workers),
        **variables,
        "BIND": bind,
    }


def own_variables(
    application: Application, folder: str, python: str, env: Mapping[str, str]
) -> dict[str, str]:
    """env with the variables by which the application's own programs and modules are found first.

    folder: where its files are. python: the interpreter of its environment.
    """
    binaries = os.path.dirname(python)
    variables = {**env, "PATH": binaries + os.pathsep + env.get("PATH", os.defpath)}
    if source := source_folder(application.packages):
        variables["PYTHONPATH"] = os.path.join(folder, source)
    return variables


def own_program(command: str, python: str) -> tuple[str, ...]:
    """A command in words; its program is the environment's own, where that has one."""
    program, *arguments = shlex.split(command)
    own = os.path.join(os.path.dirname(python), program)
    return (own if os.path.exists(own) else program, *arguments)


def _surroundings(context: StepContext, env: Mapping[str, str]) -> dict[str, str]:
    return own_variables(context.config.application, context.root, context.python(), env)


def _argv(context: StepContext, command: str, bind: str) -> tuple[str, ...]:
    return own_program(with_address(command, bind), context.python())


def run_preparation(
    context: StepContext, preparation: str, env: Mapping[str, str], on_output: OnOutput
) -> None:
    """Run a command of the application to its end. Raises ApplicationFault where it fails."""
    argv = _argv(context, preparation, "")
    command = Command(
        argv,
        context.root,
        _surroundings(context, env),
        300.0,
        context.secrets,
        sandbox=context.sandbox(context.out, application=True),
    )
    done = context.processes.run(command, on_output)
    if done.code:
        log = done.stdout + done.stderr
        last = " / ".join(log.strip().splitlines()[-3:])
        remedy = f"Correct what `{preparation}` runs."
        raise ApplicationFault(
            f"{argv[0]} ended with {done.code}: {last}", remedy, log, code="command-failed"
        )


def _wait(
    bind: str, context: StepContext, server: Server, log: str, http: Http, clock: Clock
) -> None:
    check = context.config.application.health_check
    end = clock.monotonic() + START_LIMIT
    fault = ""
    while clock.monotonic() < end and not context.stopping():
        if not context.processes.alive(server):
            break
        try:
            response = http.get(f"http://{bind}{check.path}", timeout=2.0)
        except Unreachable:
            fault = f"{check.path} does not answer"
        else:
            fault = check.fault(response.status, response.headers)
            if not fault:
                return
        clock.sleep(0.1)
    text = Redactor(context.secrets)(read_tail(log).strip())
    last = " / ".join(filter(None, (fault, *text.splitlines()[-5:])))
    raise ApplicationFault(
        f"the application did not come up at http://{bind}: {last}",
        "See its log above.",
        text,
        code="instance-not-started",
    )
