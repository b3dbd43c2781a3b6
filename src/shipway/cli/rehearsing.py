"""`rehearse` carried out: a stage of real processes, wired together."""

from __future__ import annotations

import fcntl
import json as json_module
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from shipway.cli.apart import DeployApart, lines, scratch_platform, scratch_record
from shipway.cli.deploying import packaged
from shipway.cli.project import Project, open_project
from shipway.cli.rollout_page import write_rehearsed_page
from shipway.core.config import Config
from shipway.core.errors import Busy
from shipway.core.fault import parse_fault
from shipway.core.load import MOST_SECONDS, LoadPlan
from shipway.core.receipt import last_receipt
from shipway.core.scratch import NAME, Place, candidate, rehearsed, settings, targets
from shipway.effects.address import free_port
from shipway.effects.clock import SystemClock
from shipway.effects.files import write_atomic
from shipway.effects.interruption import interruptions
from shipway.effects.load.process import ProcessLoad
from shipway.effects.record import SqliteRecord
from shipway.flows.inside import HERE
from shipway.flows.rehearse import rehearse as play
from shipway.flows.stage import Script, Stage
from shipway.outputs.rehearsal import draw

_AGAIN = 10.0  # seconds after which the same user asks again


def rehearse(
    *, directory: str, environment: str, strategy: str, fault: str, rate: float, seconds: float,
    paths: list[str], json: bool,
) -> int:  # fmt: skip
    """Play a rehearsal; returns the exit code."""
    project = open_project(directory)
    folder = os.path.join(project.state, "rehearsal")
    script = _script(project, environment, strategy, fault, rate, seconds, tuple(paths), folder)
    with _alone(project.state), _interruptible():
        _tidy(script.config, folder)
        with closing(scratch_record(folder)) as record:
            found = play(_stage(folder, record, json=json), script, lines(json=json))
            page = _page(project, record, script, folder)
    if json:
        print(json_module.dumps(found.to_dict(), indent=2))
    else:
        print("\n".join(draw(found, sys.stdout.encoding or "ascii")))
        if page:
            print(f"receipt: {page}")
    return found.exit_code


def _script(
    project: Project, environment: str, strategy: str, fault: str, rate: float, seconds: float,
    paths: tuple[str, ...], folder: str,
) -> Script:  # fmt: skip
    ordered = parse_fault(fault) if fault else None
    release = packaged(project)
    new = candidate(release)
    place = Place(free_port(), free_port(), HERE, os.path.join(folder, "crash"))
    config = rehearsed(project.config, environment, strategy, ordered, place, new)
    asked = targets(paths, settings(project.config, environment), config.application.health)
    plan = LoadPlan(
        "127.0.0.1", place.port, asked, rate, MOST_SECONDS, users=max(1, round(_AGAIN * rate))
    )
    return Script(config, release, new, ordered, fault, plan, seconds)


def _page(project: Project, record: SqliteRecord, script: Script, folder: str) -> str:
    """The page of the candidate's rollout; "" where it left no receipt."""
    ways = [one for one in record.rollouts(NAME) if one["release"] == script.candidate.name]
    receipt = last_receipt(ways)
    return write_rehearsed_page(receipt, project, folder, script.fault_words) if receipt else ""


def _stage(folder: str, record: SqliteRecord, *, json: bool) -> Stage:
    return Stage(
        platform=lambda config: scratch_platform(config, folder, record),
        load=lambda plan: ProcessLoad(plan, os.path.join(folder, "load")),
        apart=lambda config, release: DeployApart(config, folder, release, json=json),
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
            scratch_platform(config, folder, record).down()
        shutil.rmtree(folder)
    os.makedirs(folder)


@contextmanager
def _alone(state: str) -> Iterator[None]:
    """One rehearsal at a time: they would share their folder. Raises Busy."""
    with open(os.path.join(state, "rehearsal.lock"), "a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Busy("a rehearsal goes on here", "Wait for it, or end it.") from None
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
