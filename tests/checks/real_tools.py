"""Runs a check's real tool, as the pipeline would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from shipway.config.schema import Config
from shipway.pipeline.check import Check, CheckContext, ToolOutput, ToolSource

UV = os.path.join(os.path.dirname(sys.executable), "uv")
# Of the tiny application, as its lock would say.
PYTEST, COVERAGE, DJANGO = "9.2.0", "7.17.3", "5.2.19"
_ENV = ("PATH", "HOME", "TMPDIR", "SSL_CERT_FILE", "UV_DEFAULT_INDEX", "UV_INDEX_URL")


def environment(folder: str, *packages: str) -> str:
    """Make an application's environment; the path of its interpreter."""
    python = os.path.join(folder, "bin", "python")
    subprocess.run([UV, "venv", "-q", "--python", sys.executable, folder], check=True)
    if packages:
        subprocess.run([UV, "pip", "install", "-q", "--python", python, *packages], check=True)
    return python


def application_environment(folder: str) -> str:
    """The tiny application's own."""
    return environment(folder, f"pytest=={PYTEST}", f"coverage=={COVERAGE}")


def django_environment(folder: str) -> str:
    """The tiny application's own, where it is one of Django."""
    return environment(folder, f"django=={DJANGO}", f"coverage=={COVERAGE}")


def run(check: Check, config: Config, context: CheckContext) -> ToolOutput:
    """What the tool leaves behind."""
    return execute(check, check.argv(config, context), context)


def execute(check: Check, arguments: tuple[str, ...], context: CheckContext) -> ToolOutput:
    """The tool with these arguments."""
    os.makedirs(context.out, exist_ok=True)
    tool = check.tool
    source = f"{tool.package}=={tool.version}"
    extras = [part for extra in tool.extras for part in ("--with", extra)]
    program = {
        ToolSource.ISOLATED: [UV, "tool", "run", "-q", "--from", source, *extras, tool.program],
        ToolSource.APPLICATION: [context.python],
        ToolSource.SYSTEM: [tool.program],
        ToolSource.OWN: [sys.executable, "-m", tool.program],
    }[tool.home]
    done = subprocess.run(
        [*program, *arguments],
        cwd=context.root,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**{n: os.environ[n] for n in _ENV if n in os.environ}, **dict(tool.env)},
    )
    return ToolOutput(done.returncode, done.stdout, done.stderr, _reports(check, context.out))


def _reports(check: Check, out: str) -> dict[str, bytes]:
    found = {}
    for name in check.reports:
        path = os.path.join(out, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                found[name] = file.read()
    return found


class _Ward(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/ward" else 404)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the tests' output is not its log."""


@contextmanager
def served() -> Iterator[str]:
    """A server on this machine that knows one page; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Ward)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
