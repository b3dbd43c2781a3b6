"""MiniStack: a stand-in for AWS that runs here. One server a test, on a port of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.aws.rendering import parse

REGION = "eu-west-1"
_PATIENCE = 60.0

# What MiniStack's CloudFormation does not know ("Unsupported resource type", 1.4.21). They are
# taken out here, and nowhere else: what AWS gets is the whole template.
UNKNOWN = (
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::Budgets::Budget",
    "AWS::CE::AnomalyMonitor",
    "AWS::CE::AnomalySubscription",
    "AWS::EC2::EIP",
    "AWS::EC2::NatGateway",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::SubnetGroup",
    "AWS::ElasticLoadBalancingV2::ListenerCertificate",
    "AWS::IAM::OIDCProvider",
    "AWS::RDS::DBParameterGroup",
    "AWS::RDS::DBSubnetGroup",
)

# What is left refers to these; MiniStack gives it a name of the test's instead.
_STANDING_IN = {
    "DatabaseSubnets": "default",
    "DatabaseSettings": "default.postgres17",
    "RedisStore": "redis",
}


def without_unknown(text: str) -> str:
    """A template without what MiniStack does not know, as JSON."""
    given = parse(text)
    resources = given["Resources"]
    gone = {name for name, one in resources.items() if one["Type"] in UNKNOWN}
    given["Resources"] = {
        name: _without(one, gone) for name, one in resources.items() if name not in gone
    }
    given["Outputs"] = {
        name: one for name, one in given["Outputs"].items() if not _mentions(one, gone)
    }
    return json.dumps(given)


def _without(value: Any, gone: set[str]) -> Any:
    """References to what is gone become a name."""
    if isinstance(value, list):
        return [_without(one, gone) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("Ref") in gone:
        return _STANDING_IN.get(value["Ref"], value["Ref"])
    # It makes no managed secret: what refers to one gets a name.
    if value.get("Fn::GetAtt") == ["Database", "MasterUserSecret.SecretArn"]:
        return "arn:aws:secretsmanager:eu-west-1:000000000000:secret:rds-managed"
    found = {key: _without(one, gone) for key, one in value.items()}
    depends = found.get("DependsOn")
    if isinstance(depends, str) and depends in gone:
        del found["DependsOn"]
    return found


def _mentions(value: Any, gone: set[str]) -> bool:
    text = json.dumps(value)
    return any(f'"{name}"' in text or f"${{{name}." in text for name in gone)


@contextmanager
def ministack(folder: Path) -> Iterator[str]:
    """Its address. It listens on this machine only, and leaves nothing outside the folder."""
    port = _free()
    environment = {
        **os.environ, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"), "TMPDIR": str(folder), "LOG_LEVEL": "WARNING",
        "MINISTACK_REGION": REGION, "DOCKER_HOST": "unix:///nonexistent",
    }  # fmt: skip
    log = (folder / "ministack.log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "ministack"], env=environment, stdout=log, stderr=log, cwd=folder
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, server, folder)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(20)
        log.close()


def _wait(address: str, server: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{address}/_ministack/health", timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError((folder / "ministack.log").read_text())


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Here:
    """Clients that speak to a stand-in."""

    def __init__(self, address: str, region: str = REGION) -> None:
        self.address = address
        self.region = region
        self.differences: list[Any] = []  # what has drifted: see mending.py
        self._made: dict[str, Any] = {}

    def reset(self) -> None:
        """Leave nothing in the account."""
        self.differences.clear()
        asked = urllib.request.Request(f"{self.address}/_ministack/reset", method="POST")
        urllib.request.urlopen(asked, timeout=60).close()

    def client(self, service: str) -> Any:
        """As effects/aws.py has it."""
        import boto3

        if service not in self._made:
            self._made[service] = boto3.client(
                service, region_name=self.region, endpoint_url=self.address,
                aws_access_key_id="test", aws_secret_access_key="test",
            )  # fmt: skip
        return self._made[service]


def tags_of(pairs: Any) -> Mapping[str, str]:
    """AWS's pairs as a mapping, however it spells them."""
    return {
        one.get("Key", one.get("key", "")): one.get("Value", one.get("value", "")) for one in pairs
    }
