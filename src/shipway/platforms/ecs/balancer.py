"""What is in front of a service: its address, and where the metrics of a revision are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shipway.platforms.ecs.calls import Calls

ALB = "AWS/ApplicationELB"


@dataclass(frozen=True)
class Source:
    """Where metrics of one release are. dimensions: (name, value)."""

    namespace: str
    dimensions: tuple[tuple[str, str], ...]


class Balancer:
    """The load balancer of a service. Raises Refused and Lost (calls.py)."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._balancers: dict[str, str] = {}

    def address(self, service: Mapping[str, Any]) -> str:
        """What people open; "" where the service has no load balancer."""
        groups = [one["targetGroupArn"] for one in service.get("loadBalancers", [])
                  if one.get("targetGroupArn")]  # fmt: skip
        arn = self._balancer(groups[0]) if groups else ""
        if not arn:
            return ""
        found = self._calls("elbv2", "describe_load_balancers", LoadBalancerArns=[arn])
        name = found["LoadBalancers"][0]["DNSName"]
        listeners = self._calls("elbv2", "describe_listeners", LoadBalancerArn=arn)["Listeners"]
        secure = any(one.get("Protocol") == "HTTPS" for one in listeners)
        return f"{'https' if secure else 'http'}://{name}"

    def group_of(self, revision: Mapping[str, Any]) -> str:
        """The target group that serves a revision (DescribeServiceRevisions), "" for none."""
        resolved: Sequence[Mapping[str, Any]] = (revision.get("resolvedConfiguration") or {}).get(
            "loadBalancers"
        ) or revision.get("loadBalancers", [])
        return next((one["targetGroupArn"] for one in resolved if one.get("targetGroupArn")), "")

    def source(self, group: str) -> Source | None:
        """Where the load balancer's metrics of a target group are.

        CloudWatch's dimensions are the ends of ARNs (Elastic Load Balancing user guide,
        "CloudWatch metrics for your Application Load Balancer").
        """
        balancer = self._balancer(group)
        if not balancer:
            return None
        name = balancer.split(":loadbalancer/", 1)[-1]
        return Source(ALB, (("LoadBalancer", name), ("TargetGroup", group.rsplit(":", 1)[-1])))

    def _balancer(self, group: str) -> str:
        if group not in self._balancers:
            found = self._calls("elbv2", "describe_target_groups", TargetGroupArns=[group])
            arns = found["TargetGroups"][0].get("LoadBalancerArns") or [""]
            self._balancers[group] = arns[0]
        return self._balancers[group]
