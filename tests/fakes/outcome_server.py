"""A store of the bazel-remote kind on this machine, which can be made to fail in every way.

As bazel-remote does (server/http.go): only names of 64 hexadecimal digits, a content only under its
SHA-256, an entry only as an ActionResult, to which it adds a field of its own.
"""

from __future__ import annotations

import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Fault = Literal[
    "", "slow", "hangs", "drips", "cut", "shortened", "lies", "oversized", "redirect", "status"
]
_PATH = re.compile(r"/(ac|cas)/([0-9a-f]{64})")
_ADDED = b"\x4a\x06worker"  # ActionResult.execution_metadata
_STDOUT_RAW = 0x2A


@dataclass
class OutcomeServer:
    """url: where it is. files: path → content. asked: (method, path, authorization), in order.

    fault: what it does instead of answering as it should; delay: seconds, of a slow one; status: of
    one that refuses; methods: which ones it fails.
    """

    url: str
    ending: threading.Event
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    fault: Fault = ""
    delay: float = 0.0
    status: int = 403
    methods: tuple[str, ...] = ("GET", "HEAD", "PUT")

    def entries(self) -> list[str]:
        """The paths of entries."""
        return sorted(path for path in self.files if path.startswith("/ac/"))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = OutcomeServer(f"http://127.0.0.1:{self.server_address[1]}", threading.Event())

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever asked may be gone."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        store = self.server.store
        sent = self.rfile.read(int(self.headers.get("content-length", 0)))
        store.asked.append((self.command, self.path, self.headers.get("authorization", "")))
        fault = store.fault if self.command in store.methods else ""
        if fault == "slow":
            store.ending.wait(store.delay)
        if fault == "hangs":
            store.ending.wait()
        if fault == "status":
            self._say(store.status, b"no")
        elif fault == "redirect":
            self._say(302, b"", location="http://127.0.0.1:1/elsewhere")
        elif self.command == "PUT":
            self._say(*self._kept(sent))
        elif self.path in store.files:
            self._say_content(fault, store.files[self.path])
        else:
            self._say(404, b"Not found")

    def _kept(self, sent: bytes) -> tuple[int, bytes]:
        match = _PATH.fullmatch(self.path)
        if match is None:
            return 400, b"no such path"
        if match[1] == "cas" and hashlib.sha256(sent).hexdigest() != match[2]:
            return 400, b"hashes do not match"
        if match[1] == "ac":
            if not sent or sent[0] != _STDOUT_RAW:
                return 400, b"no ActionResult"
            sent += _ADDED
        self.server.store.files[self.path] = sent
        return 200, b""

    def _say_content(self, fault: str, content: bytes) -> None:
        if fault == "shortened":
            content = content[: len(content) // 2]
        if fault == "lies":
            content = bytes([*content[:-1], content[-1] ^ 1]) if content else b"x"
        if fault == "oversized":
            content += b"x" * (16 << 20)
        cut, drips = fault == "cut", fault == "drips"
        self._say(200, content, half=cut, drips=drips)

    def _say(
        self,
        status: int,
        content: bytes,
        *,
        location: str = "",
        half: bool = False,
        drips: bool = False,
    ) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        if location:
            self.send_header("location", location)
        self.end_headers()
        if self.command == "HEAD":
            return
        if drips:
            for byte in content:
                self.wfile.write(bytes([byte]))
                if self.server.store.ending.wait(0.05):
                    return
        self.wfile.write(content[: len(content) // 2] if half else content)
        if half:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def outcome_server() -> Iterator[OutcomeServer]:
    """The server, until the block ends."""
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.store
        finally:
            server.store.ending.set()
            server.shutdown()
            thread.join()
