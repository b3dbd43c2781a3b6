"""One connection of the load: asks one thing at a time, says what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from shipway.effects.load.reading import Malformed, Reading

OnEnd = Callable[["Connection", Reading, str], None]


class Connection(asyncio.Protocol):
    """A client's side of HTTP/1.1.

    `on_end` is called once for every `ask`, with the answer as far as it came and "" or what
    went wrong: "reset" (cut by force), "closed" (ended before anything came), "cut" (ended in
    the middle), "malformed", or what `give_up` was told.
    """

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._reading = Reading()
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
        self._reading = Reading()
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
        except Malformed:
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
