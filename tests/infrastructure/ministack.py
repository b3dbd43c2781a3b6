"""MiniStack: a stand-in for AWS that runs here. One server a test, on a port of its own."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.infrastructure.render import parse
from tests.ministack_server import serving

REGION = "eu-west-1"
# Later ones (1.5.33) roll the environment's stack back, and give no reason.
VERSION = "1.4.21"

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
    """Its address. Nothing of it runs in containers."""
    with serving(folder, REGION, version=VERSION) as address:
        yield address


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
        """As aws/clients.py has it."""
        import boto3

        if service not in self._made:
            self._made[service] = boto3.client(
                service,
                region_name=self.region,
                endpoint_url=self.address,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return self._made[service]


def tags_of(pairs: Any) -> Mapping[str, str]:
    """AWS's pairs as a mapping, however it spells them."""
    return {
        one.get("Key", one.get("key", "")): one.get("Value", one.get("value", "")) for one in pairs
    }
