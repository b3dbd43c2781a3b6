"""Wraps an application for a rehearsal: a fault where one is ordered, and slow requests.

The server is told to serve `shipway_fault:app` (or `shipway_fault:make`, a factory); the
application itself is named by SHIPWAY_ENTRY. The proxy in front sees a fault as it would in
earnest. Both releases of a rehearsal are wrapped, so that the wrapping makes no difference; only
the release in SHIPWAY_FAULT_RELEASE has the fault. A health check comes straight to the instance;
what came through the proxy is a user's request, whatever its path.

Standard library only, any Python 3.8 or later.
"""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import os
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

SLOW_PATH, STREAM_PATH, TAKES = "/-shipway/slow", "/-shipway/stream", 0.5
PIECES = 5  # of a streamed answer
HANG_AFTER = 20  # requests that a process answers before it hangs
FOR_EVER = 3600.0  # seconds

if TYPE_CHECKING:  # Python 3.8 cannot say it
    Headers = list[tuple[str, str]]


class Order:
    """What goes wrong in this process."""

    def __init__(self) -> None:
        env = os.environ
        mine = env.get("SHIPWAY_FAULT_RELEASE", "") == env.get("RELEASE", "")
        self.kind = env.get("SHIPWAY_FAULT", "") if mine else ""
        self.amount = float(env.get("SHIPWAY_FAULT_AMOUNT") or 0)
        self.extra = float(env.get("SHIPWAY_FAULT_EXTRA") or 0)
        self.trigger = env.get("SHIPWAY_FAULT_TRIGGER", "")
        self.health = env.get("SHIPWAY_HEALTH", "")
        self.release = env.get("RELEASE", "")
        self._asked = 0

    def checks(self, path: str, mount: str, *, forwarded: bool) -> bool:
        """Whether this is a health check. mount: where the application is mounted (SCRIPT_NAME)."""
        return self.health in (path, mount + path) and not forwarded

    def status(self, *, check: bool) -> int:
        """The status to answer with instead of the application; 0: let it answer."""
        if check:
            return 503 if self.kind == "never-healthy" else 0
        if self.kind == "crash-at" and os.path.exists(self.trigger):
            os._exit(70)  # as a crash ends: nothing is wound up
        if self.kind == "error" and random.random() < self.amount:
            return 500
        return 0

    def hangs(self, *, check: bool) -> bool:
        """Whether this request gets no answer."""
        if self.kind != "hang":
            return False
        self._asked += not check
        return self._asked > HANG_AFTER

    def delay(self, took: float, *, check: bool) -> float:
        """Seconds to add to a request that took `took` seconds."""
        if self.kind != "slow" or check:
            return 0.0
        return self.extra or (self.amount - 1) * took

    def signed(self, headers: Iterable[tuple[str, str]]) -> Headers:
        """An answer's headers, with the release that gave it."""
        others = [(name, value) for name, value in headers if name.lower() != "x-release"]
        return [*others, ("X-Release", self.release)]


class Wsgi:
    """A WSGI application (PEP 3333) with the fault."""

    def __init__(self, inner: Any, order: Order) -> None:
        self._inner = inner
        self._order = order

    def __call__(self, environ: Any, start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        order, path = self._order, environ.get("PATH_INFO", "")
        mount = environ.get("SCRIPT_NAME", "")
        check = order.checks(path, mount, forwarded="HTTP_X_FORWARDED_FOR" in environ)
        if order.hangs(check=check):
            time.sleep(FOR_EVER)
        status = order.status(check=check)
        if status:
            start(f"{status} Fault", order.signed([("Content-Length", "0")]))
            return [b""]
        if path in (SLOW_PATH, STREAM_PATH):
            return self._slowly(path, start)

        def signing(status: str, headers: Headers, *rest: Any) -> Any:
            return start(status, order.signed(headers), *rest)

        begun = time.perf_counter()
        answer: Iterable[bytes] = self._inner(environ, signing)
        delay = order.delay(time.perf_counter() - begun, check=check)
        if delay:
            time.sleep(delay)
        return answer

    def _slowly(self, path: str, start: Callable[..., Any]) -> Iterator[bytes]:
        if path == SLOW_PATH:
            time.sleep(TAKES)
        start("200 OK", self._order.signed([("Content-Type", "text/plain")]))
        for _ in range(PIECES):
            if path == STREAM_PATH:
                time.sleep(TAKES / PIECES)
            yield b"a piece\n"


class Asgi:
    """An ASGI 3 application with the fault."""

    def __init__(self, inner: Any, order: Order) -> None:
        self._inner = inner
        self._order = order

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request; what is no request (its life, a websocket) is passed on."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        mount = scope.get("root_path", "")
        order, path = self._order, _below(scope["path"], mount)
        forwarded = any(name == b"x-forwarded-for" for name, _ in scope["headers"])
        check = order.checks(path, mount, forwarded=forwarded)
        if order.hangs(check=check):
            await asyncio.sleep(FOR_EVER)
        status = order.status(check=check)
        if status:
            await _send(send, status, self._signed([(b"content-length", b"0")]))
            await send({"type": "http.response.body", "body": b""})
        elif path in (SLOW_PATH, STREAM_PATH):
            await self._slowly(path, send)
        else:
            await self._inner(scope, receive, self._sending(send, check=check))

    def _sending(self, send: Any, *, check: bool) -> Callable[[Any], Any]:
        begun = time.perf_counter()

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                took = time.perf_counter() - begun
                await asyncio.sleep(self._order.delay(took, check=check))
                message = {**message, "headers": self._signed(message.get("headers", []))}
            await send(message)

        return sending

    async def _slowly(self, path: str, send: Any) -> None:
        if path == SLOW_PATH:
            await asyncio.sleep(TAKES)
        await _send(send, 200, self._signed([(b"content-type", b"text/plain")]))
        for number in range(PIECES):
            if path == STREAM_PATH:
                await asyncio.sleep(TAKES / PIECES)
            more = number < PIECES - 1
            await send({"type": "http.response.body", "body": b"a piece\n", "more_body": more})

    def _signed(self, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        others = [(name, value) for name, value in headers if name.lower() != b"x-release"]
        return [*others, (b"x-release", self._order.release.encode("latin-1", "replace"))]


def _below(path: str, mount: str) -> str:
    """The path without where it is mounted, which some servers leave in it."""
    return path[len(mount) :] if mount and path.startswith(mount + "/") else path


async def _send(send: Any, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


def load_application(entry: str) -> Any:
    """The application that `module:name` names, or `module:make()` makes."""
    module, _, name = entry.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # as servers do
    name, _, called = name.partition("(")
    target: Any = importlib.import_module(module)
    for part in name.split("."):
        target = getattr(target, part)
    if not called:
        return target
    call = ast.parse(f"make({called}", mode="eval").body  # arguments are constants, as for gunicorn
    assert isinstance(call, ast.Call)
    positional = [ast.literal_eval(argument) for argument in call.args]
    named = {key.arg: ast.literal_eval(key.value) for key in call.keywords if key.arg}
    return target(*positional, **named)


def wrap_application(inner: Any, order: Order) -> Any:
    """The application with its fault; by its form it is an ASGI or a WSGI one."""
    by_call = inspect.iscoroutinefunction(getattr(inner, "__call__", None))  # noqa: B004  # its kind
    return (Asgi if inspect.iscoroutinefunction(inner) or by_call else Wsgi)(inner, order)


def make() -> Any:
    """The application, for servers that take a factory."""
    return wrap_application(load_application(os.environ["SHIPWAY_ENTRY"]), Order())


def __getattr__(name: str) -> Any:
    """`app` is made when a server first asks for it (PEP 562)."""
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = application = make()
    return application
