"""An application that does what proxies break: WebSockets, event streams, trailers, large bodies.

ASGI 3.0 without a framework (asgi.readthedocs.io, "HTTP & WebSocket ASGI Message Format");
hypercorn serves it by HTTP/1.1, by HTTP/2 and by WebSocket on one port.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """What ASGI servers call."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "websocket":
        await _echo(receive, send)
    else:
        await {"/events": _events, "/upload": _upload}.get(scope["path"], _request)(
            scope, receive, send
        )


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return


async def _echo(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


async def _events(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Two events, with the pause (seconds) that the query asks for between them."""
    pause = float(parse_qs(scope["query_string"].decode())["pause"][0])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
    await asyncio.sleep(pause)
    await send({"type": "http.response.body", "body": b"data: 2\n\n"})


async def _upload(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """How many bytes came, and whether the first came before the last was sent."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await _answer(send, {"size": size})


async def _request(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """What the application was asked, as it came."""
    headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
    await _answer(
        send,
        {
            "headers": headers,
            "http_version": scope["http_version"],
            "path": scope["raw_path"].decode(),
        },
    )


async def _answer(send: Send, document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    headers = [(b"server", b"an-application")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
