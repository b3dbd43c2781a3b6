"""A package index of our own: wheels made here, as a folder or served on 127.0.0.1."""

from __future__ import annotations

import base64
import json
import os
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def write_wheel(folder: Path, name: str, version: str, *requires: str) -> Path:
    """A wheel with one module, which knows its version."""
    module = name.replace("-", "_")
    path = folder / f"{module}-{version}-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    needs = "".join(f"Requires-Dist: {line}\n" for line in requires)
    info = f"{module}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{module}.py", f"version = '{version}'\n")
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def write_index(folder: Path, packages: Mapping[str, Sequence[str]]) -> Path:
    """A simple index (PEP 503) of packages: name → versions, `1.0 other<2` with a requirement."""
    for name, versions in packages.items():
        files = [write_wheel(folder / name, name, *version.split(" ")).name for version in versions]
        links = "".join(f'<a href="{file}">{file}</a>' for file in files)
        (folder / name / "index.html").write_text(links)
    return folder


def date_uploads(folder: Path, uploads: Mapping[str, str]) -> None:
    """Let an index say when each `name version` was uploaded, as PyPI does (PEP 700)."""
    for package in filter(Path.is_dir, folder.iterdir()):
        files = [
            {
                "filename": wheel.name,
                "url": wheel.name,
                "hashes": {},
                "size": wheel.stat().st_size,
                "upload-time": uploads[" ".join(wheel.name.split("-")[:2])],
            }
            for wheel in package.glob("*.whl")
        ]
        versions = [str(file["filename"]).split("-")[1] for file in files]
        page = {"meta": {"api-version": "1.1"}, "name": package.name, "versions": versions}
        (package / "index.json").write_text(json.dumps({**page, "files": files}))


class _Handler(SimpleHTTPRequestHandler):
    credentials = ""

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        if str(path).endswith("index.json"):
            return "application/vnd.pypi.simple.v1+json"
        return super().guess_type(path)

    def do_GET(self) -> None:
        if self.path.endswith("/") and Path(self.translate_path(self.path), "index.json").exists():
            self.path += "index.json"
        expected = "Basic " + base64.b64encode(self.credentials.encode()).decode()
        if self.credentials and self.headers.get("Authorization") != expected:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="packages"')
            self.end_headers()
            return
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@contextmanager
def served_index(folder: Path, credentials: str = "") -> Iterator[str]:
    """Its URL. credentials: `user:password`, without which it answers 401."""
    handler = type("Handler", (_Handler,), {"credentials": credentials})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
