"""What is in front of a service: its address, and where the metrics of a revision are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shipway.config.schema import Environment
from shipway.ports import Clients, Http
from shipway.rollouts.smoke_tests import first_smoke_test_failure

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import ServiceRevisionTypeDef, ServiceTypeDef

ALB = "AWS/ApplicationELB"


@dataclass(frozen=True)
class MetricSource:
    """Where metrics of one release are. dimensions: (name, value)."""

    namespace: str
    dimensions: tuple[tuple[str, str], ...]


class LoadBalancer:
    """The load balancer of a service. Raises AwsApiError and AwsUnreachable.

    calls: clients that raise these (aws/client.py).
    """

    def __init__(self, calls: Clients) -> None:
        self._elb = calls.client("elbv2")
        self._balancers: dict[str, str] = {}

    def address(self, service: ServiceTypeDef) -> str:
        """What people open; "" where the service has no load balancer."""
        groups = [
            balancer["targetGroupArn"]
            for balancer in service.get("loadBalancers", [])
            if balancer.get("targetGroupArn")
        ]
        arn = self._balancer(groups[0]) if groups else ""
        if not arn:
            return ""
        answer = self._elb.describe_load_balancers(LoadBalancerArns=[arn])
        name = answer["LoadBalancers"][0]["DNSName"]
        listeners = self._elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
        secure = any(listener.get("Protocol") == "HTTPS" for listener in listeners)
        return f"{'https' if secure else 'http'}://{name}"

    def group_of(self, revision: ServiceRevisionTypeDef) -> str:
        """The target group that serves a revision (DescribeServiceRevisions), "" for none."""
        resolved = (revision.get("resolvedConfiguration") or {}).get("loadBalancers", [])
        groups = [balancer.get("targetGroupArn") for balancer in resolved]
        groups = groups or [
            balancer.get("targetGroupArn") for balancer in revision.get("loadBalancers", [])
        ]
        return next(filter(None, groups), "")

    def source(self, group: str) -> MetricSource | None:
        """Where the load balancer's metrics of a target group are.

        CloudWatch's dimensions are the ends of ARNs (Elastic Load Balancing user guide,
        "CloudWatch metrics for your Application Load Balancer").
        """
        balancer = self._balancer(group)
        if not balancer:
            return None
        name = balancer.split(":loadbalancer/", 1)[-1]
        return MetricSource(
            ALB, (("LoadBalancer", name), ("TargetGroup", group.rsplit(":", 1)[-1]))
        )

    def _balancer(self, group: str) -> str:
        if group not in self._balancers:
            answer = self._elb.describe_target_groups(TargetGroupArns=[group])
            arns = answer["TargetGroups"][0].get("LoadBalancerArns") or [""]
            self._balancers[group] = arns[0]
        return self._balancers[group]


# Smoke tests through the load balancer.


class SmokeTests:
    """address: what people open; "" where there is none, and then nothing is asked. say: told of
    every test."""

    def __init__(
        self, settings: Environment, address: str, http: Http, say: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._address = address
        self._http = http
        self._say = say

    def production(self) -> str:
        """What is wrong with the first that is not as it should be; "" where all are."""
        return self._ask(self._address)

    def test(self) -> str:
        """The same by the test listener, where one is configured: nobody else is there yet."""
        if not self._settings.test_port or not self._address:
            return ""
        url = urlsplit(self._address)
        return self._ask(f"{url.scheme}://{url.hostname}:{self._settings.test_port}")

    def _ask(self, address: str) -> str:
        tests = self._settings.smoke if address else ()
        return first_smoke_test_failure(tests, address, {}, self._http, self._say)
