"""A region of AWS in which services run that Shipway did not make: what describing them answers.

Every request and answer is held to botocore's shapes. Nothing can be changed: there is no call
that would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore import xform_name
from botocore.loaders import Loader
from tests.fakes.aws_shapes import checked_shapes, raise_client_error

REGION, ACCOUNT = "eu-west-1", "123456789012"
Row = dict[str, Any]


@dataclass(kw_only=True)
class ServiceSample:
    """One service and what is around it. alarms: metric → names. scaling: least and most tasks."""

    cluster: str
    service: Row
    definition: Row
    groups: list[Row] = field(default_factory=list)
    balancers: list[Row] = field(default_factory=list)
    listeners: list[Row] = field(default_factory=list)
    rules: dict[str, list[Row]] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    scaling: tuple[int, int] | None = None
    alarms: dict[str, list[str]] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """`CLUSTER/SERVICE`."""
        return f"{self.cluster}/{self.service['serviceName']}"


@dataclass
class FakeRegion:
    """Clients of a region with these services. denied: operations that are refused. asked: all
    that was asked."""

    samples: tuple[ServiceSample, ...]
    denied: frozenset[str] = frozenset()
    region: str = REGION
    asked: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        """The client of a service."""
        return _Client(self, service)

    def perform(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Any:
        """One question."""
        self.asked.append(operation)
        name = _names(service)[operation]
        if operation in self.denied:
            raise_client_error(name, "AccessDenied", f"not authorized to perform: {name}")
        answer = _ANSWERS[operation]
        return checked_shapes(service, name, parameters, lambda: answer(self, parameters))


@dataclass
class _Client:
    region: FakeRegion
    service: str

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **parameters: self.region.perform(self.service, operation, parameters)

    def get_paginator(self, operation: str) -> _Pages:
        """Pages of an operation."""
        return _Pages(self, operation)


@dataclass
class _Pages:
    client: _Client
    operation: str

    def paginate(self, **parameters: Any) -> Iterator[Any]:
        """There is one page."""
        yield self.client.region.perform(self.client.service, self.operation, parameters)


def _describe_services(region: FakeRegion, parameters: Mapping[str, Any]) -> Row:
    cluster = parameters["cluster"]
    clusters = {sample.cluster for sample in region.samples}
    if cluster not in clusters:
        raise_client_error("DescribeServices", "ClusterNotFoundException", "Cluster not found.")
    rows = [
        sample.service
        for sample in region.samples
        if sample.cluster == cluster and sample.service["serviceName"] in parameters["services"]
    ]
    missing = [] if rows else [{"arn": parameters["services"][0], "reason": "MISSING"}]
    return {"services": rows, "failures": missing}


def _list_clusters(region: FakeRegion, parameters: Mapping[str, Any]) -> Row:
    names = dict.fromkeys(sample.cluster for sample in region.samples)
    return {"clusterArns": [f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{name}" for name in names]}


def _list_services(region: FakeRegion, parameters: Mapping[str, Any]) -> Row:
    return {
        "serviceArns": [
            sample.service["serviceArn"]
            for sample in region.samples
            if sample.cluster == parameters["cluster"]
        ]
    }


def _describe_task_definition(region: FakeRegion, parameters: Mapping[str, Any]) -> Row:
    for sample in region.samples:
        if sample.definition.get("taskDefinitionArn") == parameters["taskDefinition"]:
            return {"taskDefinition": sample.definition}
    raise_client_error("DescribeTaskDefinition", "ClientException", "Unable to describe it.")


def _every(region: FakeRegion, kind: str) -> Iterator[Row]:
    for sample in region.samples:
        yield from getattr(sample, kind)


def _describe_target_groups(region: FakeRegion, parameters: Mapping[str, Any]) -> Row:
    wanted = parameters["TargetGroupArns"]
    # In an order of its own: Elastic Load Balancing promises none.
    rows = reversed(list(_every(region, "groups")))
    return {"TargetGroups": [row for row in rows if row["TargetGroupArn"] in wanted]}


def _describe_attributes(region: FakeRegion, parameters: Mapping[str, Any]) -> Row:
    for sample in region.samples:
        if any(row["TargetGroupArn"] == parameters["TargetGroupArn"] for row in sample.groups):
            pairs = sample.attributes.items()
            return {"Attributes": [{"Key": key, "Value": value} for key, value in pairs]}
    raise_client_error("DescribeTargetGroupAttributes", "TargetGroupNotFound", "None.")


def _describe_balancers(region: FakeRegion, parameters: Mapping[str, Any]) -> Row:
    wanted = parameters["LoadBalancerArns"]
    rows = _every(region, "balancers")
    return {"LoadBalancers": [row for row in rows if row["LoadBalancerArn"] in wanted]}


def _describe_listeners(region: FakeRegion, parameters: Mapping[str, Any]) -> Row:
    rows = _every(region, "listeners")
    wanted = parameters["LoadBalancerArn"]
    return {"Listeners": [row for row in rows if row["LoadBalancerArn"] == wanted]}


def _describe_rules(region: FakeRegion, parameters: Mapping[str, Any]) -> Row:
    return {
        "Rules": [
            row
            for sample in region.samples
            for row in sample.rules.get(parameters["ListenerArn"], ())
        ]
    }


def _describe_scalable_targets(region: FakeRegion, parameters: Mapping[str, Any]) -> Row:
    return {
        "ScalableTargets": [
            {
                "ServiceNamespace": "ecs",
                "ResourceId": f"service/{sample.reference}",
                "ScalableDimension": "ecs:service:DesiredCount",
                "MinCapacity": sample.scaling[0],
                "MaxCapacity": sample.scaling[1],
                "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/autoscaling",
                "CreationTime": "2025-01-01T00:00:00Z",
            }
            for sample in region.samples
            if sample.scaling and f"service/{sample.reference}" in parameters["ResourceIds"]
        ]
    }


def _describe_alarms_for_metric(region: FakeRegion, parameters: Mapping[str, Any]) -> Row:
    names = [
        name
        for sample in region.samples
        for name in sample.alarms.get(parameters["MetricName"], ())
    ]
    return {"MetricAlarms": [{"AlarmName": name} for name in names]}


_ANSWERS: dict[str, Callable[[FakeRegion, Mapping[str, Any]], Row]] = {
    "describe_services": _describe_services,
    "list_clusters": _list_clusters,
    "list_services": _list_services,
    "describe_task_definition": _describe_task_definition,
    "describe_target_groups": _describe_target_groups,
    "describe_target_group_attributes": _describe_attributes,
    "describe_load_balancers": _describe_balancers,
    "describe_listeners": _describe_listeners,
    "describe_rules": _describe_rules,
    "describe_scalable_targets": _describe_scalable_targets,
    "describe_alarms_for_metric": _describe_alarms_for_metric,
}


@cache
def _names(service: str) -> dict[str, str]:
    """boto3's name of an operation → AWS's."""
    model = Loader().load_service_model(service, "service-2")
    return {xform_name(name): name for name in model["operations"]}
