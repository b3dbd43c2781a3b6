"""Stands before MiniStack and adds what its CloudFormation lacks, openly and nowhere else.

- The answer to DeleteChangeSet gets the result element that botocore's model asks for.
- Tasks: no container runs here; every task is said to have ended well.
- Drift: MiniStack knows no DetectStackDrift. What is drifted is told from its own describe calls,
  for some properties, in CloudFormation's form.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

# (resource in the template, its type, property path, as it was made, as it is)
Difference = tuple[str, str, str, str, str]
_ENDED = b'{"tasks": [{"lastStatus": "STOPPED", "containers": [{"exitCode": 0}]}], "failures": []}'
_DROPPED = (
    "transfer-encoding",
    "connection",
    "content-length",
    "content-encoding",
    "date",
    "server",
)


@contextmanager
def mended(address: str, drifted: Callable[[], list[Difference]]) -> Iterator[str]:
    """The address of a MiniStack that can more. drifted: what differs now."""
    target = urlsplit(address).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            action = parse_qs(body.decode("latin-1")).get("Action", [""])[0]
            if self.headers.get("X-Amz-Target", "").endswith(".DescribeTasks"):
                self._answer(200, {"Content-Type": "application/x-amz-json-1.1"}, _ENDED)
                return
            if action in _ANSWERS:
                self._answer(200, {"Content-Type": "text/xml"}, _ANSWERS[action](drifted).encode())
                return
            connection = http.client.HTTPConnection(target, timeout=60)
            connection.request(self.command, self.path, body, dict(self.headers))
            found = connection.getresponse()
            data = found.read()
            if action == "DeleteChangeSet" and b"DeleteChangeSetResult" not in data:
                data = data.replace(
                    b"<ResponseMetadata>", b"<DeleteChangeSetResult/><ResponseMetadata>"
                )
            headers = {
                key: value for key, value in found.getheaders() if key.lower() not in _DROPPED
            }
            connection.close()
            self._answer(found.status, headers, data)

        def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            if self.command == "HEAD":
                data = b""
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass_on

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _xml(action: str, inner: str) -> str:
    return (
        f'<{action}Response xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">'
        f"<{action}Result>{inner}</{action}Result>"
        f"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"
    )


def _begun(drifted: Callable[[], list[Difference]]) -> str:
    return _xml("DetectStackDrift", "<StackDriftDetectionId>1</StackDriftDetectionId>")


def _status(drifted: Callable[[], list[Difference]]) -> str:
    return _xml(
        "DescribeStackDriftDetectionStatus",
        "<StackId>1</StackId><StackDriftDetectionId>1</StackDriftDetectionId>"
        "<DetectionStatus>DETECTION_COMPLETE</DetectionStatus>"
        "<Timestamp>2026-11-25T00:00:00Z</Timestamp>",
    )


def _rows(drifted: Callable[[], list[Difference]]) -> str:
    members = "".join(
        f"<member><StackId>1</StackId><LogicalResourceId>{name}</LogicalResourceId>"
        f"<ResourceType>{kind}</ResourceType><Timestamp>2026-11-25T00:00:00Z</Timestamp>"
        "<StackResourceDriftStatus>MODIFIED</StackResourceDriftStatus><PropertyDifferences>"
        f"<member><PropertyPath>{path}</PropertyPath><ExpectedValue>{escape(was)}</ExpectedValue>"
        f"<ActualValue>{escape(now)}</ActualValue><DifferenceType>NOT_EQUAL</DifferenceType>"
        "</member></PropertyDifferences></member>"
        for name, kind, path, was, now in drifted()
    )
    return _xml(
        "DescribeStackResourceDrifts", f"<StackResourceDrifts>{members}</StackResourceDrifts>"
    )


_ANSWERS: dict[str, Callable[[Callable[[], list[Difference]]], str]] = {
    "DetectStackDrift": _begun,
    "DescribeStackDriftDetectionStatus": _status,
    "DescribeStackResourceDrifts": _rows,
}
