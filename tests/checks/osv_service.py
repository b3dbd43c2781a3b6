"""A stand-in for api.osv.dev, for tools that ask it: one fault in one package."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


def fault(package: str) -> Mapping[str, Any]:
    """An advisory for every version of a package, in OSV format."""
    return {
        "schema_version": "1.6.0",
        "id": "PYSEC-2026-1",
        "modified": "2026-01-02T00:00:00Z",
        "aliases": ["CVE-2026-0001", "GHSA-aaaa-bbbb-cccc"],
        "summary": "It lets anybody cross",
        "affected": [
            {
                "package": {"name": package, "ecosystem": "PyPI"},
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1000"}]}
                ],
            }
        ],
    }


@contextmanager
def answering(faulty: str) -> Iterator[str]:
    """The address where it answers for a while; `faulty` is the package with the fault."""

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hit = asked["package"]["name"] == faulty
            body = json.dumps({"vulns": [fault(faulty)]} if hit else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the tests' output is not its log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        server.server_close()
