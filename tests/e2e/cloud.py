"""A stand-in for AWS that runs tasks as containers and balances load: MiniStack.

What it does not do is said here, and made up for here, not in Shipway: front.py answers what it
leaves out of ECS, and names its load balancers so that they can be reached.
- It takes every strategy for a rolling update. Only rolling is claimed from it.
- ECR's addresses name amazonaws.com, which nobody reaches here: the registry is at `registry`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.e2e import engine
from tests.e2e.front import Front

from shipway.effects.address import free_port

VERSION = "1.5.33"
REGION = "af-south-1"
ACCOUNT = "000000000000"


class Cloud:
    """A running one. address: of its interface; registry: host:port of its image registry."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.front = Front(self.port)
        self.address = f"http://{self.front.api}"
        self.registry = f"127.0.0.1:{self.port}"
        self.log = folder / "ministack.log"
        self.env = {
            "AWS_ENDPOINT_URL": self.address, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "made-up-for-a-test", "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        uv = Path(sys.executable).parent / "uv"
        settings = {
            "GATEWAY_PORT": str(self.port), "BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0", "STATE_DIR": str(self._folder / "state"),
            "MINISTACK_REGION": REGION, "MINISTACK_HOST": "127.0.0.1", "LOG_LEVEL": "INFO",
        }  # fmt: skip
        argv = (str(uv), "tool", "run", "--from", f"ministack=={VERSION}", "--with", "docker",
                "ministack")  # fmt: skip
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                argv, env={**os.environ, **settings}, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + 90
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"MiniStack does not start: {self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        """End it, and its containers; another one's stay."""
        self.front.close()
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
        if left := self.containers("--all"):
            engine.docker("rm", "--force", *left)

    def containers(self, *words: str) -> list[str]:
        """Those that it runs."""
        mine = f"label=ministack.instance={socket.gethostname()}:{self.port}"
        return engine.docker("ps", "--quiet", *words, "--filter", mine).split()


@contextmanager
def cloud(folder: Path) -> Iterator[Cloud]:
    """One for a test; left out where docker is missing."""
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed")
    engine.engine()
    here = Cloud(folder)
    here.start()
    try:
        yield here
    finally:
        here.stop()
