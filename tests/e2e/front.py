"""What stands between Shipway and MiniStack, and answers what MiniStack does not.

Two ports. On `api` everything is handed on, but
- what ECS tells of service deployments, and to stop one (service_deployments.py);
- images that were deleted, and the words for one that cannot be pulled (lost_images.py);
- names of load balancers, which nobody can look up here: they become the address of `balancer`.
On `balancer` a request gets the name of the load balancer as its Host, by which MiniStack knows it.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.e2e.lost_images import LostImages, in_words_of_ecs
from tests.e2e.service_deployments import OPERATIONS, ServiceDeployments

_ECS = "AmazonEC2ContainerServiceV20141113."
_NAME = re.compile(rb"[a-z0-9-]+\.[a-z0-9-]+\.elb\.amazonaws\.com")
_DROPPED = ("transfer-encoding", "connection", "content-length", "date", "server")


class Front:
    """port: MiniStack's own. api, balancer: what to speak to instead, as `host:port`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._name = ""
        self.deployments = ServiceDeployments()
        self.images = LostImages()
        self._servers = [self._serve(_Api), self._serve(_Balancer)]
        self.api, self.balancer = (f"127.0.0.1:{one.server_port}" for one in self._servers)

    def _serve(self, kind: type[_Handler]) -> ThreadingHTTPServer:
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (kind,), {"front": self}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def close(self) -> None:
        """End both."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """What MiniStack says."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in _DROPPED]
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def named(self, text: bytes) -> bytes:
        """With the address of `balancer` for the name of the load balancer."""
        if found := _NAME.search(text):
            self._name = found[0].decode()
        return _NAME.sub(self.balancer.encode(), text)

    def host(self) -> str:
        """The name of the load balancer that was told last."""
        return self._name


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    front: Front

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
        status, kept, data = self.answer(headers, body)
        self.send_response(status)
        for name, value in kept:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _any

    def answer(
        self, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        raise NotImplementedError

    def log_message(self, *_: object) -> None:
        """Nothing."""


class _Balancer(_Handler):
    def answer(
        self, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        return self.front.ask(self.command, self.path, {**headers, "Host": self.front.host()}, body)


class _Api(_Handler):
    def answer(
        self, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        target = self.headers.get("X-Amz-Target", "")
        operation = target.removeprefix(_ECS)
        if operation in OPERATIONS:
            asking = _Asking(self.front, headers)
            found = self.front.deployments.answer(operation, json.loads(body), asking)
            kind = [("Content-Type", "application/x-amz-json-1.1")]
            return 200, kind, json.dumps(found).encode()
        if (gone := self.front.images.answer(self.path)) is not None:
            return gone
        if target.endswith(".BatchDeleteImage"):
            self.front.images.deleted(body)
        status, kept, data = self.front.ask(self.command, self.path, headers, body)
        if operation == "DescribeTasks":
            data = in_words_of_ecs(data)
        xml = any(name.lower() == "content-type" and "xml" in value for name, value in kept)
        return status, kept, self.front.named(data) if xml else data  # layers of images stay


class _Asking:
    """Asks MiniStack's ECS, with the credentials of who asked."""

    def __init__(self, front: Front, headers: dict[str, str]) -> None:
        self._front = front
        self._headers = {k: v for k, v in headers.items() if k.lower() != "content-length"}

    def __call__(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(asked).encode()
        headers = {
            **self._headers,
            "X-Amz-Target": f"{_ECS}{operation}",
            "Content-Length": str(len(body)),
        }
        status, _, data = self._front.ask("POST", "/", headers, body)
        assert status == 200, (operation, asked, data)
        found: dict[str, Any] = json.loads(data)
        return found
