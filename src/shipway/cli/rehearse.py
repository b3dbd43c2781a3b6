"""`shipway rehearse`: the words it takes."""

from __future__ import annotations

import fcntl
import json as json_module
import multiprocessing
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection

from shipway.cli import arguments
from shipway.cli.arguments import add_json
from shipway.cli.deploy import packaged_release
from shipway.cli.parser import Parser, number
from shipway.cli.project import Project, open_project
from shipway.cli.rollout_page import write_rehearsed_page
from shipway.cli.terminal import progress_printer
from shipway.config.schema import Config
from shipway.errors import Busy, CannotRun, ErrorCode, ShipwayError
from shipway.pipeline.injected import HERE
from shipway.ports import Command
from shipway.rehearsal.environment import (
    NAME,
    RehearsalPorts,
    candidate_release,
    load_targets,
    rehearsal_config,
    rehearsal_settings,
)
from shipway.rehearsal.faults import mount_path, parse_fault
from shipway.rehearsal.load import MOST_SECONDS, LoadPlan
from shipway.rehearsal.load_generator.process import ProcessLoad
from shipway.rehearsal.ports import RehearsalPlan, RehearsalSetup
from shipway.rehearsal.result import rehearsal_lines
from shipway.rehearsal.run import run_rehearsal as play
from shipway.releases.release import Release
from shipway.rollouts.events import LineListener
from shipway.rollouts.local.platform import LocalPlatform
from shipway.rollouts.local.supervisor import supervisor_command
from shipway.rollouts.report import RolloutReport, last_report, rollout_records
from shipway.rollouts.strategy import Strategy
from shipway.source_text import read_text
from shipway.system.clock import SystemClock
from shipway.system.files import write_atomic
from shipway.system.http import RealHttp
from shipway.system.interruption import interruptions
from shipway.system.network import free_port
from shipway.system.process import SystemProcesses, this_process
from shipway.system.record import SqliteRecord

# A rehearsal's deploy in a process of its own, so that it can be killed like a command.


class SubprocessDeploy:
    """`deploy` of the scratch environment, elsewhere."""

    def __init__(self, config: Config, folder: str, release: Release, *, json: bool) -> None:
        context = multiprocessing.get_context("spawn")
        self._answer, theirs = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_deploy, args=(config, folder, release, json, theirs)
        )
        self._process.start()
        theirs.close()  # so that its end is seen here when the process has gone

    def kill(self) -> bool:
        """SIGKILL; whether it still ran."""
        ran = self._process.is_alive()
        self._process.kill()
        self._process.join()
        return ran

    def wait(self) -> RolloutReport | None:
        """Its receipt; None when it was killed before. Raises the ShipwayError that it raised."""
        try:
            answer: RolloutReport | tuple[str, str, ErrorCode] = self._answer.recv()
        except EOFError:
            return None
        if isinstance(answer, tuple):
            message, remedy, code = answer
            raise ShipwayError(message, remedy, code=code)
        return answer


def scratch_record(folder: str) -> SqliteRecord:
    """The rehearsal's own record: nothing of it is in the project's."""
    return SqliteRecord(os.path.join(folder, "record.sqlite3"))


def scratch_platform(config: Config, folder: str, record: SqliteRecord) -> LocalPlatform:
    """The rehearsal's environment, below its own folder."""
    return LocalPlatform(config, NAME, folder, SystemProcesses(), RealHttp(), SystemClock(), record)


def line_listener(*, json: bool) -> LineListener:
    """What is done is said beside the JSON, where JSON is wanted."""
    say = progress_printer(json=json)
    return LineListener(lambda line: say(f"  {line}"))


def _end_with_parent() -> None:
    """Where whoever started this was killed, nobody is left to end it."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _deploy(config: Config, folder: str, release: Release, json: bool, answer: Connection) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Whoever started it ends it. Not SIG_IGN, which the application would inherit.
    with interruptions(lambda: None), closing(scratch_record(folder)) as record:
        try:
            receipt = scratch_platform(config, folder, record).deploy(
                release, line_listener(json=json)
            )
        except ShipwayError as problem:
            answer.send((problem.message, problem.remedy, problem.code))
            return
    answer.send(receipt)


# `rehearse` carried out: a stage of real processes, wired together.

_AGAIN = 10.0  # seconds after which the same user asks again


def rehearse(
    *,
    directory: str,
    environment: str,
    strategy: str,
    fault: str,
    rate: float,
    seconds: float,
    paths: list[str],
    json: bool,
) -> int:
    """Play a rehearsal; returns the exit code."""
    project = open_project(directory)
    folder = os.path.join(project.state, "rehearsal")
    script = _script(
        project=project,
        environment=environment,
        strategy=strategy,
        fault=fault,
        rate=rate,
        seconds=seconds,
        paths=tuple(paths),
        folder=folder,
    )
    with _alone(project.state), _interruptible(), _supervised(project, environment):
        _tidy(script.config, folder)
        with closing(scratch_record(folder)) as record:
            rehearsal = play(_stage(folder, record, json=json), script, line_listener(json=json))
            page = _page(project, record, script, folder)
    if json:
        print(json_module.dumps(rehearsal.to_dict(), indent=2))
    else:
        print("\n".join(rehearsal_lines(rehearsal, sys.stdout.encoding or "ascii")))
        if page:
            print(f"receipt: {page}")
    return rehearsal.exit_code


def _script(
    project: Project,
    environment: str,
    strategy: str,
    fault: str,
    rate: float,
    seconds: float,
    paths: tuple[str, ...],
    folder: str,
) -> RehearsalPlan:
    ordered = parse_fault(fault) if fault else None
    release = packaged_release(project)
    new = candidate_release(release)
    ports = RehearsalPorts(free_port(), free_port(), HERE, os.path.join(folder, "crash"))
    config = rehearsal_config(project.config, environment, strategy, ordered, ports, new)
    settings = rehearsal_settings(project.config, environment)
    mount = mount_path(project.config.application.serve, settings.env)
    requested = load_targets(paths, settings, config.application.health, mount)
    plan = LoadPlan(
        host="127.0.0.1",
        port=ports.port,
        targets=requested,
        rate=rate,
        seconds=MOST_SECONDS,
        users=max(1, round(_AGAIN * rate)),
    )
    return RehearsalPlan(config, release, new, ordered, fault, plan, seconds)


def _page(project: Project, record: SqliteRecord, script: RehearsalPlan, folder: str) -> str:
    """The page of the candidate's rollout; "" where it left no receipt."""
    rollouts = rollout_records(record.rollouts(NAME), f"the record, {NAME}")
    receipt = last_report(way for way in rollouts if way.release == script.candidate.name)
    return write_rehearsed_page(receipt, project, folder, script.fault_words) if receipt else ""


def _stage(folder: str, record: SqliteRecord, *, json: bool) -> RehearsalSetup:
    return RehearsalSetup(
        platform=lambda config: scratch_platform(config, folder, record),
        load=lambda plan: ProcessLoad(plan, os.path.join(folder, "load")),
        apart=lambda config, release: SubprocessDeploy(config, folder, release, json=json),
        kill=_kill,
        trip=lambda: write_atomic(os.path.join(folder, "crash"), b""),
        clock=SystemClock(),
    )


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _tidy(config: Config, folder: str) -> None:
    """End what a killed rehearsal left, and begin with an empty folder."""
    if os.path.exists(folder):
        with closing(scratch_record(folder)) as record:
            platform = scratch_platform(config, folder, record)
            platform.down()
            platform.environment.services.remove()
        shutil.rmtree(folder)
    os.makedirs(folder)


@contextmanager
def _supervised(project: Project, environment: str) -> Iterator[None]:
    """While this is open, another process takes everything down where this one is killed."""
    processes = SystemProcesses()
    argv = (sys.executable, "-P", "-m", "shipway.cli.rehearse", project.root, environment)
    successor = Command(argv, project.root, dict(os.environ))
    try:
        supervisor = processes.spawn(
            supervisor_command(this_process(), 0.0, successor),
            os.path.join(project.state, "rehearsal-supervisor.log"),
        )
    except CannotRun as problem:  # a full disk: the rehearsal itself may still go well
        print(f"nobody takes this down if it is killed: {problem.message}", file=sys.stderr)
        yield
        return
    try:
        yield
    finally:
        processes.stop(supervisor, 1.0)


def take_down(directory: str, environment: str) -> None:
    """End what a rehearsal left whose command was killed, unless another one has begun."""
    project = open_project(directory)
    settings = rehearsal_settings(project.config, environment)
    config = replace(project.config, environments={NAME: settings})
    with suppress(Busy), _alone(project.state, _TAKING_DOWN):
        _tidy(config, os.path.join(project.state, "rehearsal"))


_TAKING_DOWN = "taking down"  # in the lock's file, while `take_down` holds it
_LOOK = 0.2  # seconds between looks whether it has come to its end


@contextmanager
def _alone(state: str, does: str = "") -> Iterator[None]:
    """One rehearsal at a time: they would share their folder. Raises Busy.

    What a killed one left is taken down soon, which is waited for.
    """
    path = os.path.join(state, "rehearsal.lock")
    with open(path, "a", encoding="utf-8") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if read_text(path) != _TAKING_DOWN:
                    raise Busy(
                        "a rehearsal goes on here",
                        "Wait for it, or end it.",
                        code="environment-locked",
                    ) from None
                time.sleep(_LOOK)
        file.truncate(0)
        file.write(does)
        file.flush()
        yield


class _Interrupted(BaseException):
    """Not KeyboardInterrupt: at that a rollout would first go back, step by step."""


@contextmanager
def _interruptible() -> Iterator[None]:
    """A signal ends the rehearsal, which takes everything down; a second one waits for that."""
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        if not interrupted:
            interrupted = True
            raise _Interrupted

    try:
        with interruptions(interrupt):
            yield
    except _Interrupted:
        raise KeyboardInterrupt from None


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("rehearse", _rehearse, rehearse)


def _rehearse(parser: Parser) -> None:
    """Roll out the packaged release and back, under load, in an environment made for it.

    Exit code 1 when users were not served to the end, or any was hit and no fault was ordered.

    Example: shipway rehearse --fault error=5%
    """
    parser.add(
        "environment",
        metavar="ENV",
        nargs="?",
        default="local",
        complete=arguments.complete_environments,
        help="The environment whose settings are rehearsed; it is not touched.",
    )
    parser.add(
        "--strategy",
        default="",
        complete=_complete_strategies,
        help="rolling, blue-green, linear or canary. Default: as the environment does.",
    )
    parser.add(
        "--fault", default="", help="What goes wrong, for example error=5%, slow=2x, kill-proxy."
    )
    parser.add(
        "--rate", type=number(float), default=300.0, metavar="NUMBER", help="Requests a second."
    )
    parser.add(
        "--seconds",
        type=number(float, least=0.1, most=300),
        default=5.0,
        metavar="NUMBER",
        help="Seconds of load before, between and after both ways.",
    )
    parser.add(
        "--path",
        dest="paths",
        action="append",
        default=[],
        help="What to ask for; again for more. Default: what smoke tests ask for.",
    )
    add_json(parser)


def _complete_strategies(prefix: str, **_: object) -> list[str]:
    """Strategies that begin so."""
    return [name.value for name in Strategy if name.startswith(prefix)]


if __name__ == "__main__":  # as the successor of a supervisor, never typed
    take_down(sys.argv[1], sys.argv[2])
