"""Sends a load: every request when it is due, over kept and over fresh connections."""

from __future__ import annotations

import asyncio
import errno
import random
import time
from collections import deque
from collections.abc import Callable

from shipway.core.load import LoadPlan, Sent
from shipway.effects.load.connection import Connection
from shipway.effects.load.reading import Reading

_MOST_IDLE = 200  # connections kept for the next request
_FINE = 0.0005  # seconds; nearer than this, a request is due


class Sender:
    """One load. `report` is called with what came of each request, when that is known."""

    def __init__(self, plan: LoadPlan, report: Callable[[Sent], None]) -> None:
        self._plan = plan
        self._report = report
        self._idle: deque[Connection] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = 0
        self._random = random.Random(plan.seed)
        self._shares = [one.share for one in plan.targets]

    async def send(self, stop: asyncio.Event) -> None:
        """Send until `stop` or the plan's end, and wait for what is on its way."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        offset = time.time() - start
        for number in range(self._plan.count):
            due = start + number / self._plan.rate
            while (wait := due - loop.time()) > _FINE and not stop.is_set():
                await asyncio.sleep(min(wait, 0.1))
            if stop.is_set():
                break
            self._launch(number, due, offset, loop)
        while self._open:  # every one of them has its own timeout
            await asyncio.sleep(0.01)
        for connection in self._idle:
            connection.give_up("")

    def _launch(
        self, number: int, due: float, offset: float, loop: asyncio.AbstractEventLoop
    ) -> None:
        (target,) = self._random.choices(self._plan.targets, self._shares)
        request = _Request(self, due, offset, target.kind, number % self._plan.users, loop)
        if self._open >= self._plan.most_open:
            request.end(Reading(), "too many open")
            return
        self._open += 1
        fresh = request.fresh = self._random.random() < self._plan.fresh
        words = self._words(target.path, fresh=fresh)
        request.timer = loop.call_at(due + self._plan.timeout, request.give_up)
        connection = None if fresh else self._kept()
        if connection is not None:
            request.ask(connection, words)
            return
        task = loop.create_task(self._connect(request, words))
        request.task = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _words(self, path: str, *, fresh: bool) -> bytes:
        how = "close" if fresh else "keep-alive"
        host = f"{self._plan.host}:{self._plan.port}"
        return (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: shipway-load\r\n"
            f"Accept: */*\r\nConnection: {how}\r\n\r\n"
        ).encode("ascii")

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.popleft()  # the one that has waited longest: all stay in use
            if connection.usable:
                return connection
        return None

    async def _connect(self, request: _Request, words: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                Connection, self._plan.host, self._plan.port
            )
        except OSError as error:
            request.end(Reading(), _name(error))
            return
        request.ask(connection, words)

    def _ended(self, sent: Sent, request: _Request) -> None:
        self._open -= request.timer is not None  # those without one never were on their way
        connection = request.connection
        if connection is not None and connection.usable:
            if request.fresh or len(self._idle) >= _MOST_IDLE:
                connection.give_up("")
            else:
                self._idle.append(connection)
        self._report(sent)


class _Request:
    """One request from when it is due to its end."""

    __slots__ = ("_due", "_ended", "_kind", "_late", "_loop", "_offset", "_sender", "_user",
                 "connection", "fresh", "task", "timer")  # fmt: skip

    def __init__(
        self, sender: Sender, due: float, offset: float, kind: str, user: int,
        loop: asyncio.AbstractEventLoop,
    ) -> None:  # fmt: skip
        self._sender = sender
        self._due = due
        self._offset = offset
        self._kind = kind
        self._user = user
        self._loop = loop
        self._late = loop.time() - due
        self.connection: Connection | None = None
        self._ended = False
        self.fresh = False
        self.timer: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] | None = None

    def ask(self, connection: Connection, words: bytes) -> None:
        self.connection = connection
        if not connection.usable:
            self.end(Reading(), "closed")
            return
        connection.ask(words, self._on_end)

    def give_up(self) -> None:
        """It has taken too long."""
        if self.connection is not None:
            self.connection.give_up("timeout")
            return
        if self.task is not None:
            self.task.cancel()
        self.end(Reading(), "timeout")

    def end(self, reading: Reading, why: str) -> None:
        if self._ended:
            return
        self._ended = True
        if self.timer is not None:
            self.timer.cancel()
        sent = Sent(
            at=round(self._due + self._offset, 6),
            latency=round(self._loop.time() - self._due, 6),
            late=round(max(0.0, self._late), 6),
            status=reading.status,
            error=why,
            release=reading.release,
            kind=self._kind,
            user=self._user,
        )
        self._sender._ended(sent, self)

    def _on_end(self, _: Connection, reading: Reading, why: str) -> None:
        self.end(reading, why)


def _name(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL):
        return "too many open"
    return "reset"
