"""A stand-in for AWS that runs tasks as containers and balances load: MiniStack.

What it does not do is said here, and made up for here, not in Shipway:
- ECS: ListServiceDeployments, DescribeServiceDeployments and DescribeServiceRevisions answer with
  nothing. `Translating` makes their answers from what DescribeServices says of its deployments.
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
from typing import Any

import pytest
from tests.e2e import engine

from shipway.core.settings.aws import Aws
from shipway.effects.address import free_port
from shipway.effects.aws import AwsClients

VERSION = "1.5.33"
REGION = "af-south-1"
ACCOUNT = "000000000000"
LABEL = "ministack=ecs"


class Cloud:
    """A running one. address: of its interface; registry: host:port of its image registry."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
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
        """End it, and its containers."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
        left = engine.docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}").split()
        if left:
            engine.docker("rm", "--force", *left)

    def clients(self) -> Translating:
        """Clients that speak to it."""
        return Translating(AwsClients(Aws(region=REGION)))


class Translating:
    """Clients (core.ports.Clients) of a service whose ECS has no service deployments."""

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients
        self._ecs: Any = None

    @property
    def region(self) -> str:
        return self._clients.region

    def client(self, service: str) -> Any:
        if service != "ecs":
            return self._clients.client(service)
        if self._ecs is None:
            self._ecs = _Deployments(self._clients.client("ecs"))
        return self._ecs


_STATUS = {"IN_PROGRESS": "IN_PROGRESS", "COMPLETED": "SUCCESSFUL", "FAILED": "ROLLBACK_SUCCESSFUL"}


class _Deployments:
    """An ECS client that tells DescribeServices' deployments as service deployments."""

    def __init__(self, ecs: Any) -> None:
        self._ecs = ecs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ecs, name)

    def list_service_deployments(
        self, *, cluster: str, service: str, status: list[str] | None = None, **_: Any
    ) -> dict[str, Any]:
        """Newest first."""
        found = [self._told(cluster, service, one) for one in self._of(cluster, service)]
        wanted = [one for one in found if not status or one["status"] in status]
        return {"serviceDeployments": wanted}

    def describe_service_deployments(self, *, serviceDeploymentArns: list[str]) -> dict[str, Any]:
        """By their ARNs."""
        found = []
        for arn in serviceDeploymentArns:
            cluster, service, number = arn.split("/")[-3:]
            found += [
                self._told(cluster, service, one)
                for one in self._of(cluster, service)
                if one["id"].endswith(number)
            ]
        return {"serviceDeployments": found, "failures": []}

    def describe_service_revisions(self, *, serviceRevisionArns: list[str]) -> dict[str, Any]:
        """A revision is a task definition here."""
        found = []
        for arn in serviceRevisionArns:
            cluster, service, number = arn.split("/")[-3:]
            found += [
                {"serviceRevisionArn": arn, "taskDefinition": one["taskDefinition"]}
                for one in self._of(cluster, service)
                if one["id"].endswith(number)
            ]
        return {"serviceRevisions": found, "failures": []}

    def _of(self, cluster: str, service: str) -> list[dict[str, Any]]:
        answer = self._ecs.describe_services(cluster=cluster, services=[service])
        return list(answer["services"][0]["deployments"])

    def _told(self, cluster: str, service: str, one: dict[str, Any]) -> dict[str, Any]:
        name = f"{cluster.split('/')[-1]}/{service.split('/')[-1]}/{one['id'].split('/')[-1]}"
        revision = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service-revision/{name}"
        return {
            "serviceDeploymentArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:service-deployment/{name}",
            "serviceArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/{cluster}/{service}",
            "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{cluster}",
            "createdAt": one["createdAt"], "startedAt": one["createdAt"],
            "updatedAt": one["updatedAt"], "status": _STATUS[one["rolloutState"]],
            "statusReason": one.get("rolloutStateReason", ""),
            "targetServiceRevision": {
                "arn": revision, "runningTaskCount": one["runningCount"],
                "requestedTaskCount": one["desiredCount"], "pendingTaskCount": one["pendingCount"],
            },
        }  # fmt: skip


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
