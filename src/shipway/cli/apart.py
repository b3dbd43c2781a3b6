"""A rehearsal's deploy in a process of its own, so that it can be killed like a command."""

from __future__ import annotations

import multiprocessing
import os
from contextlib import closing
from multiprocessing.connection import Connection

from shipway.cli.progress import progress
from shipway.core.config import Config
from shipway.core.errors import ShipwayError
from shipway.core.receipt import Receipt
from shipway.core.release import Release
from shipway.core.scratch import NAME
from shipway.core.watching import Lines
from shipway.effects.clock import SystemClock
from shipway.effects.http import RealHttp
from shipway.effects.interruption import interruptions
from shipway.effects.process import SystemProcesses
from shipway.effects.record import SqliteRecord
from shipway.platforms.local.platform import LocalPlatform


class DeployApart:
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

    def wait(self) -> Receipt | None:
        """Its receipt; None when it was killed before. Raises the ShipwayError that it raised."""
        try:
            answer: Receipt | tuple[str, str] = self._answer.recv()
        except EOFError:
            return None
        if isinstance(answer, tuple):
            raise ShipwayError(*answer)
        return answer


def scratch_record(folder: str) -> SqliteRecord:
    """The rehearsal's own record: nothing of it is in the project's."""
    return SqliteRecord(os.path.join(folder, "record.sqlite3"))


def scratch_platform(config: Config, folder: str, record: SqliteRecord) -> LocalPlatform:
    """The rehearsal's environment, below its own folder."""
    return LocalPlatform(config, NAME, folder, SystemProcesses(), RealHttp(), SystemClock(), record)


def lines(*, json: bool) -> Lines:
    """What is done is said beside the JSON, where JSON is wanted."""
    say = progress(json=json)
    return Lines(lambda line: say(f"  {line}"))


def _deploy(config: Config, folder: str, release: Release, json: bool, answer: Connection) -> None:
    # Whoever started it ends it. Not SIG_IGN, which the application would inherit.
    with interruptions(lambda: None), closing(scratch_record(folder)) as record:
        try:
            receipt = scratch_platform(config, folder, record).deploy(release, lines(json=json))
        except ShipwayError as problem:
            answer.send((problem.message, problem.remedy))
            return
    answer.send(receipt)
