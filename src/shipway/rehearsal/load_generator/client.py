"""One connection of the load: asks one thing at a time, says what came of it."""

from __future__ import annotations

import asyncio
import errno
import random
import time
from collections import deque
from collections.abc import Callable
from typing import cast

from shipway.rehearsal.load import LoadPlan, LoadResponse

# An HTTP/1.1 answer read as its bytes arrive: its status, whose it is, and where it ends.
#
# Only what a load needs (RFC 9112, sections 4, 6 and 7): bodies are counted and thrown away.

_MOST_HEAD = 64 * 1024
_NO_BODY = (204, 304)


class MalformedResponse(ValueError):
    """That is no answer of HTTP/1.1."""


class ResponseReader:
    """One answer. After `ended`, `keeps` says whether its connection can be asked again."""

    __slots__ = ("_buffer", "_chunked", "_head", "_left", "ended", "keeps", "release", "status")

    def __init__(self) -> None:
        self.status = 0
        self.release = ""
        self.keeps = True
        self.ended = False
        self._head = True
        self._chunked = False
        self._left: int | None = None  # bytes of the body or chunk to come; None: until the close
        self._buffer = b""

    @property
    def begun(self) -> bool:
        """Whether anything of it has come."""
        return bool(self.status or self._buffer)

    def feed(self, data: bytes) -> None:
        """Take in what arrived. Raises MalformedResponse."""
        if self.ended:
            raise MalformedResponse("more than one answer came")
        if self._head:
            self._buffer += data
            head, end, data = self._buffer.partition(b"\r\n\r\n")
            if not end:
                if len(self._buffer) > _MOST_HEAD:
                    raise MalformedResponse("its header does not end")
                return
            self._buffer = b""
            self._read_head(head)
        if not self._head and not self.ended:
            self._read_body(data)
        elif data and not self._head:
            raise MalformedResponse("an answer without a body has one")

    def closed(self) -> bool:
        """The connection has ended: whether that makes the answer whole."""
        self.keeps = False
        if not self._head and not self._chunked and self._left is None:
            self.ended = True
        return self.ended

    def _read_head(self, head: bytes) -> None:
        first, *lines = head.split(b"\r\n")
        parts = first.split(None, 2)
        if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
            raise MalformedResponse("it does not begin with HTTP/1.")
        self.status = int(parts[1])
        if self.status < 200:
            raise MalformedResponse("nobody asked for an interim answer")
        self.keeps = parts[0] != b"HTTP/1.0"
        for line in lines:
            name, _, value = line.partition(b":")
            self._read_header(name.lower(), value.strip())
        self._head = False
        self.ended = self.status in _NO_BODY or (not self._chunked and self._left == 0)
        if self._chunked:
            self._left = 0

    def _read_header(self, name: bytes, value: bytes) -> None:
        if name == b"content-length":
            if not value.isdigit():
                raise MalformedResponse("its length is no number")
            self._left = int(value)
        elif name == b"transfer-encoding":
            self._chunked = value.lower().endswith(b"chunked")
        elif name == b"connection":
            self.keeps = self.keeps and value.lower() != b"close"
        elif name == b"x-release":
            self.release = value.decode("latin-1")

    def _read_body(self, data: bytes) -> None:
        if self._chunked:
            self._read_chunks(self._buffer + data)
        elif self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                raise MalformedResponse("it is longer than it said")
            self.ended = self._left == 0

    def _read_chunks(self, data: bytes) -> None:
        """`_left` are the bytes of the present chunk with its line end; 0 before a size."""
        offset = 0
        while offset < len(data):
            if self._left:
                taken = min(self._left, len(data) - offset)
                self._left -= taken
                offset += taken
                continue
            end = data.find(b"\r\n", offset)
            if end < 0:
                break
            size = _size(data[offset:end])
            if size == 0:
                self._end_chunks(data, offset, end)
                return
            self._left = size + 2
            offset = end + 2
        self._buffer = data[offset:]

    def _end_chunks(self, data: bytes, offset: int, end: int) -> None:
        """After the last chunk: trailers, which nobody needs, up to an empty line."""
        last = data.find(b"\r\n\r\n", end)
        if last < 0:
            self._buffer = data[offset:]
        elif last + 4 < len(data):
            raise MalformedResponse("more than one answer came")
        else:
            self._buffer = b""
            self.ended = True


def _size(line: bytes) -> int:
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError:
        raise MalformedResponse("a chunk has no size") from None


OnEnd = Callable[["LoadConnection", ResponseReader, str], None]


class LoadConnection(asyncio.Protocol):
    """A client's side of HTTP/1.1.

    `on_end` is called once for every `ask`, with the answer as far as it came and "" or what
    went wrong: "reset" (cut by force), "closed" (ended before anything came), "cut" (ended in
    the middle), "malformed", or what `give_up` was told.
    """

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._reading = ResponseReader()
        self._on_end: OnEnd | None = None

    @property
    def usable(self) -> bool:
        """Whether it can be asked now."""
        return (
            self._transport is not None
            and not self._transport.is_closing()
            and self._on_end is None
        )

    def ask(self, request: bytes, on_end: OnEnd) -> None:
        """Send a request."""
        assert self._transport is not None
        self._reading = ResponseReader()
        self._on_end = on_end
        self._transport.write(request)

    def give_up(self, why: str) -> None:
        """End it now; what is being asked ends with `why`."""
        if self._transport is not None:
            self._transport.abort()
        self._end(why)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: it is open."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """asyncio's: something arrived."""
        if self._on_end is None:  # nobody asked: such a connection is of no more use
            self.give_up("malformed")
            return
        try:
            self._reading.feed(data)
        except MalformedResponse:
            self.give_up("malformed")
            return
        if self._reading.ended:
            self._end("")

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: it is over."""
        if self._reading.closed():
            self._end("")
        elif exc is not None:
            self._end("reset")
        else:
            self._end("cut" if self._reading.begun else "closed")

    def _end(self, why: str) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is None:
            return
        if not self._reading.keeps and self._transport is not None:
            self._transport.close()
        on_end(self, self._reading, why)


# Sends a load: every request when it is due, over kept and over fresh connections.

_MOST_IDLE = 200  # connections kept for the next request
_FINE = 0.0005  # seconds; nearer than this, a request is due


class LoadSender:
    """One load. `report` is called with what came of each request, when that is known."""

    def __init__(self, plan: LoadPlan, report: Callable[[LoadResponse], None]) -> None:
        self._plan = plan
        self._report = report
        self._idle: deque[LoadConnection] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = 0
        self._random = random.Random(plan.seed)
        self._shares = [target.share for target in plan.targets]

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
            request.end(ResponseReader(), "too many open")
            return
        self._open += 1
        fresh = request.fresh = self._random.random() < self._plan.fresh
        payload = self._words(target.path, fresh=fresh)
        request.timer = loop.call_at(due + self._plan.timeout, request.give_up)
        connection = None if fresh else self._kept()
        if connection is not None:
            request.ask(connection, payload)
            return
        task = loop.create_task(self._connect(request, payload))
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

    def _kept(self) -> LoadConnection | None:
        while self._idle:
            connection = self._idle.popleft()  # the one that has waited longest: all stay in use
            if connection.usable:
                return connection
        return None

    async def _connect(self, request: _Request, payload: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                LoadConnection, self._plan.host, self._plan.port
            )
        except OSError as error:
            request.end(ResponseReader(), _name(error))
            return
        request.ask(connection, payload)

    def _ended(self, sent: LoadResponse, request: _Request) -> None:
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

    __slots__ = (
        "_due",
        "_ended",
        "_kind",
        "_late",
        "_loop",
        "_offset",
        "_sender",
        "_user",
        "connection",
        "fresh",
        "task",
        "timer",
    )

    def __init__(
        self,
        sender: LoadSender,
        due: float,
        offset: float,
        kind: str,
        user: int,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._sender = sender
        self._due = due
        self._offset = offset
        self._kind = kind
        self._user = user
        self._loop = loop
        self._late = loop.time() - due
        self.connection: LoadConnection | None = None
        self._ended = False
        self.fresh = False
        self.timer: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] | None = None

    def ask(self, connection: LoadConnection, payload: bytes) -> None:
        self.connection = connection
        if not connection.usable:
            self.end(ResponseReader(), "closed")
            return
        connection.ask(payload, self._on_end)

    def give_up(self) -> None:
        """It has taken too long."""
        if self.connection is not None:
            self.connection.give_up("timeout")
            return
        if self.task is not None:
            self.task.cancel()
        self.end(ResponseReader(), "timeout")

    def end(self, reading: ResponseReader, why: str) -> None:
        if self._ended:
            return
        self._ended = True
        if self.timer is not None:
            self.timer.cancel()
        sent = LoadResponse(
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

    def _on_end(self, _: LoadConnection, reading: ResponseReader, why: str) -> None:
        self.end(reading, why)


def _name(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL):
        return "too many open"
    return "reset"
