"""A server that gets letters, and answers each as it was told to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """What a letter gets. delay: seconds before it; dropped: the connection is cut instead.
    drip: seconds between its bytes."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    delay: float = 0.0
    dropped: bool = False
    drip: float = 0.0


@dataclass
class Hook:
    """Where it is, and what it got: (headers, body, when)."""

    url: str
    got: list[tuple[dict[str, str], bytes, float]]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, answers: tuple[Answer, ...]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.got: list[tuple[dict[str, str], bytes, float]] = []
        self.ending = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever posted may be gone."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        there = self.server
        body = self.rfile.read(int(self.headers["content-length"]))
        names = {name.lower(): value for name, value in self.headers.items()}
        answer = there.answers[min(len(there.got), len(there.answers) - 1)]
        there.got.append((names, body, time.monotonic()))
        there.ending.wait(answer.delay)
        if answer.dropped:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        else:
            self._say(answer)

    def _say(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        for byte in answer.body:
            self.wfile.write(bytes([byte]))
            if answer.drip and self.server.ending.wait(answer.drip):
                return

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def hook(*answers: Answer) -> Iterator[Hook]:
    """The answers are given in their order, the last one for ever."""
    with _Server(answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield Hook(f"http://127.0.0.1:{server.server_address[1]}/hook", server.got)
        finally:
            server.ending.set()
            server.shutdown()
            thread.join()
