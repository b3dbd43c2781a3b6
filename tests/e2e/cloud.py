"""A stand-in for AWS that runs tasks as containers and balances load: MiniStack.

What it does not do is said here, and made up for here, not in Shipway: front.py answers what it
leaves out of ECS, and names its load balancers so that they can be reached.
- It takes every strategy for a rolling update. Only rolling is claimed from it.
- ECR's addresses name amazonaws.com, which nobody reaches here: its registry is MiniStack's port.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from tests.e2e import engine
from tests.e2e.front import Front
from tests.ministack_server import serving

from shipway.system.network import free_port

REGION = "af-south-1"
ACCOUNT = "000000000000"


class Cloud:
    """A running one. address: of its interface."""

    def __init__(self) -> None:
        self.port = free_port()
        self.front = Front(self.port)
        self.address = f"http://{self.front.api}"
        self.env = {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "made-up-for-a-test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        """One of boto3's."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.address,
            aws_access_key_id="test",
            aws_secret_access_key="made-up-for-a-test",
        )

    def clear(self) -> None:
        """No containers of it are left; another one's stay."""
        if left := self.containers("--all"):
            engine.docker("rm", "--force", *left)

    def containers(self, *words: str) -> list[str]:
        """Those that it runs."""
        mine = f"label=ministack.instance={socket.gethostname()}:{self.port}"
        return engine.docker("ps", "--quiet", *words, "--filter", mine).split()


@contextmanager
def cloud(folder: Path) -> Iterator[Cloud]:
    """One for a test; left out where docker is missing."""
    engine.engine()
    here = Cloud()
    try:
        with serving(folder, REGION, tasks=True, port=here.port):
            yield here
    finally:
        here.front.close()
        here.clear()
