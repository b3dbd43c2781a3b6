"""ECR as MiniStack plays it, with a scan in front that MiniStack does not have."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from tests.ministack_server import serving

REGION = "eu-west-1"
_HOP = {"connection", "transfer-encoding", "content-length", "date", "server"}


@contextmanager
def ministack(folder: Path) -> Iterator[str]:
    """Its address."""
    with serving(folder, REGION) as address:
        yield address


def variables(url: str) -> dict[str, str]:
    """Those that lead AWS's clients there."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


@contextmanager
def scanning(behind: str, *severities: str) -> Iterator[str]:
    """An address that passes on, but answers for the scan: one finding of each severity."""

    class Front(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.headers.get("x-amz-target", "").endswith("DescribeImageScanFindings"):
                answer = httpx.Response(200, content=_report(json.loads(body), severities))
            else:
                headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
                answer = httpx.request(
                    self.command,
                    behind + self.path,
                    headers=headers,
                    content=body,
                    timeout=30,
                    trust_env=False,
                )
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            data = b"" if self.command == "HEAD" else answer.content
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = _any  # http.server's names

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _report(asked: dict[str, Any], severities: tuple[str, ...]) -> bytes:
    findings = [
        {
            "name": f"CVE-2026-{number}",
            "severity": severity,
            "description": "made up",
            "attributes": [{"key": "package_name", "value": "zlib"}],
        }
        for number, severity in enumerate(severities, 1000)
    ]
    return json.dumps(
        {
            "repositoryName": asked["repositoryName"],
            "imageId": asked["imageId"],
            "imageScanStatus": {"status": "COMPLETE"},
            "imageScanFindings": {"findings": findings},
        }
    ).encode()
