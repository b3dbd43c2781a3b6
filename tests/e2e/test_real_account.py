"""A rollout and a way back in a real account, where somebody wants that; docs/ecs.md has the cost.

    SHIPWAY_REAL_AWS=/path/to/project SHIPWAY_REAL_ENVIRONMENT=staging \
        python -m pytest tests/e2e/test_real_account.py

The project's last packaged release is rolled out to the environment (which has to exist) and
rolled back. What DescribeServiceDeployments answers on the way is written to
SHIPWAY_REAL_RECORD (default: real-deployments.jsonl), a line an answer: what the fake assumes
can be held against it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from shipway.aws.clients import AwsClients
from shipway.aws.names import AwsResourceNames
from shipway.cli.project import open_project
from shipway.rollouts.ecs.service import ServiceRef

PROJECT = os.environ.get("SHIPWAY_REAL_AWS", "")
ENVIRONMENT = os.environ.get("SHIPWAY_REAL_ENVIRONMENT", "staging")
pytestmark = [pytest.mark.e2e, pytest.mark.needs("AWS account")]
EVERY = 3.0  # seconds between two answers that are kept


class Witness(threading.Thread):
    """Keeps what ECS says of the service's newest deployment, until it is told to stop."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        opened = open_project(PROJECT)
        settings = opened.config.environments[ENVIRONMENT]
        self._place = ServiceRef.of(settings, AwsResourceNames(opened.name, ENVIRONMENT))
        self._ecs = AwsClients(opened.config.aws).client("ecs")
        self._path = path
        self.over = threading.Event()
        self.seen: list[dict[str, Any]] = []

    def run(self) -> None:
        """Look, write, wait."""
        while not self.over.wait(EVERY):
            listed = self._ecs.list_service_deployments(
                cluster=self._place.cluster, service=self._place.service, maxResults=1
            )["serviceDeployments"]
            arns = [one["serviceDeploymentArn"] for one in listed]
            if arns:
                found = self._ecs.describe_service_deployments(serviceDeploymentArns=arns)
                self.seen += found["serviceDeployments"]
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(found["serviceDeployments"], default=str) + "\n")


def shipway(*words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "shipway", "-C", PROJECT, *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def test_a_release_is_rolled_out_and_back() -> None:
    record = Path(os.environ.get("SHIPWAY_REAL_RECORD", "real-deployments.jsonl"))
    witness = Witness(record)
    witness.start()
    try:
        deployed = shipway("deploy", ENVIRONMENT, "--without-verdict", "a test in a real account")
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        back = shipway("rollback", ENVIRONMENT)
        assert back.returncode == 0, back.stdout + back.stderr
    finally:
        witness.over.set()
        witness.join()
    assert {one["status"] for one in witness.seen} >= {"SUCCESSFUL"}
