"""Draws docs/infrastructure.md's diagram from the templates.

    python -m tests.docs.infrastructure_diagram    # writes it into the page

A box is a resource; an arrow leads from a resource to one that its properties name. What only
ties others together (routes, attachments, rules of security groups) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.infrastructure.levers import HERE, LEVERS, config, parameters
from tests.infrastructure.render import parse, render, strings

from shipway.infrastructure.parameters import account_parameters, bootstrap_parameters
from shipway.infrastructure.stack_status import resource_name
from shipway.infrastructure.template import load_template

PAGE = Path(__file__).parents[2] / "docs" / "infrastructure.md"
BLOCK = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)
_PLACES = {
    "account": (
        "IAM::OIDCProvider",
        "ECR::Repository",
        "S3::Bucket",
        "Budgets::Budget",
        "CE::AnomalyMonitor",
        "CE::AnomalySubscription",
    ),
    "network": ("EC2::VPC", "EC2::Subnet", "EC2::InternetGateway", "EC2::VPCEndpoint"),
    "traffic": (
        "ElasticLoadBalancingV2::LoadBalancer",
        "ElasticLoadBalancingV2::Listener",
        "ElasticLoadBalancingV2::ListenerRule",
        "ElasticLoadBalancingV2::TargetGroup",
    ),
    "service": (
        "ECS::Cluster",
        "ECS::Service",
        "ECS::TaskDefinition",
        "Logs::LogGroup",
        "ApplicationAutoScaling::ScalableTarget",
        "ApplicationAutoScaling::ScalingPolicy",
    ),
    "data": ("RDS::DBInstance", "ElastiCache::ReplicationGroup", "SecretsManager::Secret"),
    "who may speak to whom": ("EC2::SecurityGroup",),
    "roles": ("IAM::Role",),
}
_THROUGH = {"RDS::DBSubnetGroup", "ElastiCache::SubnetGroup"}
_NAMED = re.compile(r"\$\{(\w+)[.}]")


def diagram() -> str:
    """The block of Mermaid."""
    levers = {
        **{name: one[0] for name, one in LEVERS.items()},
        **{name: LEVERS[name][1] for name in ("redis", "github", "release")},
    }
    environment = render(parse(load_template("environment")), parameters(levers))["Resources"]
    told = config(budget=80.0, alerts="a@example.org")
    account = {
        **render(parse(load_template("bootstrap")), bootstrap_parameters(told, HERE))["Resources"],
        **render(parse(load_template("account")), account_parameters(told))["Resources"],
    }
    lines = ["```mermaid", "flowchart LR"]
    shown = set()
    for place, types in _PLACES.items():
        resources = {**account, **environment}
        members = [
            (name, resource_name(one["Type"]))
            for name, one in resources.items()
            if one["Type"].removeprefix("AWS::") in types
        ]
        lines.append(f"  subgraph {place.replace(' ', '_')}[{place}]")
        lines += [f'    {name}["{sort}<br/>{name}"]' for name, sort in members]
        lines.append("  end")
        shown |= {name for name, _ in members}
    for resources in (account, environment):
        lines += [f"  {one} --> {other}" for one, other in _arrows(resources, shown)]
    return "\n".join([*lines, "```", ""])


def _arrows(resources: Mapping[str, Any], shown: set[str]) -> Iterator[tuple[str, str]]:
    for name, one in resources.items():
        if name in shown:
            for other in sorted(_reached(name, one, resources)):
                if other in shown and other != name and _telling(one, resources[other]):
                    yield name, other


def _telling(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Everything is in the network: only the subnets' arrows to it say something."""
    return other["Type"] != "AWS::EC2::VPC" or one["Type"] == "AWS::EC2::Subnet"


def _reached(name: str, one: Mapping[str, Any], resources: Mapping[str, Any]) -> set[str]:
    """What it names, straight or through a group of subnets."""
    found: set[str] = set()
    for other in _references(one.get("Properties", {})):
        if other in resources:
            through = resources[other]["Type"].removeprefix("AWS::") in _THROUGH
            found |= _reached(other, resources[other], resources) if through else {other}
    return found


def _references(value: Any) -> set[str]:
    if isinstance(value, list):
        return {found for one in value for found in _references(one)}
    if not isinstance(value, dict):
        return set()
    if "Ref" in value:
        return {value["Ref"]}
    if "Fn::GetAtt" in value:
        return {value["Fn::GetAtt"][0]}
    if isinstance(value.get("Fn::Sub"), str):
        return {name for text in strings(value) for name in _NAMED.findall(text)}
    return {found for one in value.values() for found in _references(one)}


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(BLOCK.sub(lambda _: diagram(), text), encoding="utf-8")
