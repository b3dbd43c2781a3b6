"""The real registry of Debian (docker-registry), one a test, on a port that is free."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from tests.left_out import need
from tests.patience import PATIENCE

from shipway.images.reference import ImageReference
from shipway.images.registry import RegistryClient
from shipway.images.registry_auth import RegistryCredentials
from shipway.system.clock import SystemClock
from shipway.system.http import HttpRegistryTransport
from shipway.system.network import free_port

PROGRAM = "docker-registry"


@contextmanager
def running(folder: Path, more: str = "") -> Iterator[str]:
    """Its host and port. more: lines of its configuration. Leaves the test out without it."""
    need(PROGRAM)
    host = f"127.0.0.1:{free_port()}"
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "registry.yml"
    configuration.write_text(
        "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\n"
        f"http: {{addr: {host}}}\n{more}"
    )
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen((PROGRAM, "serve", configuration), stdout=log, stderr=log)
    try:
        _wait(host)
        yield host
    finally:
        server.terminate()
        server.wait()


def _wait(host: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            httpx.get(f"http://{host}/v2/", timeout=2, trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("docker-registry does not start")


def client(host: str, name: str = "town", who: RegistryCredentials | None = None) -> RegistryClient:
    """A client of one of its repositories."""
    exchange = HttpRegistryTransport(SystemClock(), first_answer=1.0)
    return RegistryClient(
        ImageReference(host, name), exchange, who or RegistryCredentials(), plain=True
    )


def unused() -> str:
    """An address at which nobody answers."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{one.getsockname()[1]}"
