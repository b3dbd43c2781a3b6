"""A server on this machine that stands in for GitHub's REST API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

BOT = {"type": "Bot", "login": "github-actions[bot]"}
PERSON = {"type": "User", "login": "ann"}


@dataclass
class GitHub:
    """What the stand-in holds and what it was asked.

    broken: a status that it answers to everything; 0 drops the connection, None works.
    """

    address: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    broken: int | None = None

    def add_comment(self, body: str, user: dict[str, str]) -> None:
        """Somebody has written before."""
        number = len(self.comments) + 1
        self.comments.append({"id": number, "body": body, "user": user})

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """As docs.github.com/en/rest describes these few requests."""
        route, _, query = path.partition("?")
        words = route.strip("/").split("/")[3:]  # after repos/OWNER/NAME
        match method, *words:
            case "GET", "issues", _, "comments":
                page = int(query.rpartition("page=")[2])
                return 200, self.comments[(page - 1) * 100 : page * 100]
            case "POST", "issues", _, "comments":
                self.add_comment(body["body"], BOT)
                return 201, {"html_url": f"{self.address}/comment/{len(self.comments)}"}
            case "PATCH", "issues", "comments", number:
                self.comments[int(number) - 1]["body"] = body["body"]
                return 200, {"html_url": f"{self.address}/comment/{number}"}
            case "GET", "deployments":
                return 200, self.deployments[:1]
            case "POST", "deployments":
                self.deployments.append({"id": 7, **body})
                return 201, {"id": 7}
            case "POST", "deployments", _, "statuses":
                self.statuses.append(body)
                return 201, {"id": 1}
        return 404, {"message": "Not Found"}


@contextmanager
def github() -> Iterator[GitHub]:
    """The stand-in, while it runs."""
    state = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length) or b"{}")
            state.asked.append((self.command, self.path, dict(self.headers)))
            if state.broken == 0:
                self.connection.close()
                return
            status, data = state.answer(self.command, self.path, body)
            if state.broken:
                status, data = state.broken, {"message": "broken"}
            text = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = do

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the tests' output is not its log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    state.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def token_server(token: str) -> Iterator[str]:
    """Where a job asks for its token: the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.headers["Authorization"] == "bearer bearer-of-the-job"
            text = json.dumps({"value": token}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the tests' output is not its log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/token"
    finally:
        server.shutdown()
        server.server_close()
