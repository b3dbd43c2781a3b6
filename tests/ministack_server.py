"""MiniStack as a process: a stand-in for AWS, one for a test, on a port of its own.

By `uv tool run`, in an environment of its own: what it needs is nothing that Shipway should need.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shipway.system.network import free_port

VERSION = "1.5.33"
_PATIENCE = 90.0  # seconds until it answers; the first time it is fetched
_END = 20.0  # seconds
# It calls a deployment a success one second after its task was started, whoever answers: on a busy
# machine before a program that cannot start has ended. ECS asks the load balancer first.
_PATIENT = """
from ministack.services import ecs
from ministack.app import main
ecs._ECS_DEPLOYMENT_STEADY_DELAY = 6.0
main()
"""


@contextmanager
def serving(
    folder: Path, region: str, *, tasks: bool = False, port: int = 0, version: str = VERSION
) -> Iterator[str]:
    """Its address. It listens on this machine only, and keeps everything in the folder.

    tasks: whether ECS's tasks become containers of docker's engine.
    """
    port = port or free_port()
    uv, docker = Path(sys.executable).with_name("uv"), ("--with", "docker") if tasks else ()
    program = ("python", "-c", _PATIENT) if tasks else ("ministack",)
    argv = (str(uv), "tool", "run", "--from", f"ministack=={version}", *docker, *program)
    log = folder / "ministack.log"
    with log.open("wb") as file:
        server = subprocess.Popen(
            argv,
            env={**os.environ, **_settings(folder, region, port, tasks=tasks)},
            cwd=folder,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, server, log)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(_END)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(_END)


def _settings(folder: Path, region: str, port: int, *, tasks: bool) -> dict[str, str]:
    made = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
        "TMPDIR": str(folder),
        "LOG_LEVEL": "INFO",
        "MINISTACK_REGION": region,
    }
    return made if tasks else {**made, "DOCKER_HOST": "unix:///nonexistent"}


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/_ministack/health", timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"MiniStack does not start: {log.read_text()[-2000:]}")
